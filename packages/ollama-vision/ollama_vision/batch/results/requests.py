"""results.jsonl.requests.json, a provenance record: what was asked, by the fingerprint that each line has."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ollama_vision.atomic_replace import replacing
from ollama_vision.errors import DamagedResultsError
from ollama_vision.extras import DISTRIBUTION

from .file import real_path

Asked = Mapping[str, Any]
"""One request: model, prompt, system, schema, options, fields, pictures, pages, version; never a header or a key.

Of a prompt with `placeholders` it is the template; each line has what was asked about its picture."""
_LONGEST = 60
_IF_GIVEN = ("choose", "calibration", "confidence", "placeholders")


def path_beside(results: Path) -> Path:
    real = real_path(results)
    return real.with_name(real.name + ".requests.json")


def asked(what: Mapping[str, Any], *, pages: str) -> Asked:
    """What one model is asked, as it is written down."""
    fields = dict(what["fields"])
    return {
        "model": what["model"],
        "prompt": what["prompt"],
        "system": fields.pop("system", None),
        "schema": what["schema"],
        "options": what["options"],
        "fields": fields,
        "pictures": what["pictures"],
        "pages": pages,
        "version": this_version(),
        **{name: what[name] for name in _IF_GIVEN if name in what},
    }


def read_requests(results: Path) -> dict[str, Asked]:
    """What stands beside the results, by `request`; empty when there is nothing, as beside older results.

    Raises:
        DamagedResultsError: it is not what it should be.
    """
    file = path_beside(results)
    try:
        requests = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise _damaged(file, f"it is not JSON: {error}") from error
    if not isinstance(requests, dict) or not all(isinstance(each, dict) for each in requests.values()):
        raise _damaged(file, "it is not an object of objects")
    return requests


def write_requests(results: Path, requests: Mapping[str, Asked]) -> None:
    """Put it there in one step, and only when that changes it."""
    file = path_beside(results)
    data = (json.dumps(requests, indent=2, ensure_ascii=True) + "\n").encode()
    if file.exists() and file.read_bytes() == data:
        return
    with replacing(file, is_locked=True) as new:
        new.write_bytes(data)


def only_model(results: Path) -> str | None:
    """The model that all of it was asked of; `None` when there are several, or that is not known."""
    models = {each.get("model") for each in read_requests(results).values()}
    (model,) = models if len(models) == 1 else (None,)
    return model if isinstance(model, str) else None


def difference(there: Collection[Asked], now: Collection[Asked]) -> str:
    """In which way what is asked now is another request than the nearest one there; empty when that is not known."""
    pairs = [told for old in there for new in now if (told := _differences(old, new))]
    nearest: list[str] = min(pairs, key=len, default=[])
    return ", ".join(nearest)


def _differences(old: Asked, new: Asked) -> list[str]:
    before, after = _flat(old), _flat(new)
    return [
        f"{name} ({_short(before.get(name))} there, {_short(after.get(name))} now)"
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]


def _flat(request: Asked) -> dict[str, Any]:
    """By the words of the command line."""
    flat: dict[str, Any] = {}
    for name, value in request.items():
        if name == "version":
            continue
        if name in ("options", "fields", "pictures") and isinstance(value, Mapping):
            label = {"options": "option ", "fields": "", "pictures": "pictures' "}[name]
            flat |= {f"{label}{key}": each for key, each in value.items()}
        else:
            flat[name] = value
    return flat


def _short(value: Any) -> str:
    if value is None:
        return "none"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _damaged(file: Path, why: str) -> DamagedResultsError:
    return DamagedResultsError(
        f"{file} cannot be read: {why}. Move it away: the results are whole without it, and what is asked from now on "
        "is written into a new one."
    )


def this_version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
