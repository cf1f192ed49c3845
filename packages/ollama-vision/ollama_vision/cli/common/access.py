"""Parsing of the arguments that commands share: servers, headers, options, ranges, schemas.

From the words of a command line to values, before any server is asked.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ollama_vision.extras import lacks_embedded

if TYPE_CHECKING:
    from ollama_vision.pictures import BoxConvention, Region, Tiles

STANDARD_INPUT = "-"
STANDARD_OUTPUT = "-"
MODEL_VARIABLE = "OLLAMA_VISION_MODEL"


class UsageError(Exception):
    """What was typed cannot be meant so; the message says what can."""


@dataclass(frozen=True)
class Access:
    """Which servers to ask, and how to be let in."""

    demo: bool
    """A server of our own with the demo model, and no other."""
    hosts: tuple[str, ...]
    """None: the one that `OLLAMA_HOST` names, else this machine."""
    headers: Mapping[str, str]
    cacert: Path | None


def read_access(*, demo: bool, hosts: Iterable[str], headers: Iterable[str], cacert: Path | None) -> Access:
    """Where to ask; raises `UsageError`."""
    hosts, headers = tuple(hosts), tuple(headers)
    if demo and (hosts or headers or cacert is not None):
        raise UsageError("--demo starts a server of its own: leave out --host, --header and --cacert.")
    if demo and (lacking := lacks_embedded("--demo")):
        raise UsageError(lacking)
    if cacert is not None:
        check_certificates(cacert)
    return Access(demo, hosts, dict(read_header(text) for text in headers), cacert)


def model_of_environment(*, demo: bool) -> str | None:
    """What `OLLAMA_VISION_MODEL` says; the demo server has a model of its own."""
    return None if demo else os.environ.get(MODEL_VARIABLE) or None


def read_header(text: str) -> tuple[str, str]:
    # What may stand in a header is the HTTP client's to say.
    from ollama_vision.http import checked_headers

    name, colon, value = (part.strip() for part in text.partition(":"))
    try:
        if colon:
            checked_headers({name: value})
            return name, value
    except ValueError:
        pass
    # Without the text: it may hold a secret.
    raise UsageError('--header takes "Name: value" in ASCII, such as "Authorization: Bearer KEY".')


def check_certificates(file: Path) -> None:
    import ssl

    try:
        ssl.create_default_context(cafile=file)
    except FileNotFoundError:
        raise UsageError(f"--cacert {file}: there is no such file.") from None
    except OSError as error:
        # An SSLError is an OSError as well.
        raise UsageError(f"--cacert {file}: it holds no certificates in PEM form ({error.strerror}).") from error


def read_range(text: str) -> tuple[int, int]:
    """The values shown as black and as white, as in 400:3640; the lower may be negative."""
    numbers = re.fullmatch(r"\s*(-?[0-9]{1,10})\s*:\s*(-?[0-9]{1,10})\s*", text, re.ASCII)
    if numbers is None or int(numbers[1]) >= int(numbers[2]):
        raise UsageError(
            f"--range takes the value shown as black and a higher one, shown as white: 400:3640, not {text!r}."
        )
    return int(numbers[1]), int(numbers[2])


def read_region(text: str) -> Region:
    """`100,80,400,300` is in pixels, `0.5,0.0,1.0,0.5`, each with a decimal point, in fractions."""
    sides = [part.strip() for part in text.split(",")]
    if len(sides) != 4 or not all(re.fullmatch(r"-?[0-9]{1,9}(?:\.[0-9]{1,15})?", side, re.ASCII) for side in sides):
        raise UsageError(
            "--region takes left, top, right and bottom: pixels, as in 100,80,400,300, or fractions, as in "
            f"0.5,0.0,1.0,0.5, not {text!r}."
        )
    from ollama_vision.pictures import checked_region

    from .shell_words import in_shell_words

    try:
        return checked_region([float(side) if "." in side else int(side) for side in sides])
    except ValueError as error:
        raise UsageError(f"{in_shell_words(str(error))}.") from None


def read_tiles(text: str) -> Tiles:
    """`auto`, or `3x2` for three columns and two rows."""
    if text == "auto":
        return "auto"
    grid = re.fullmatch(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})", text, re.ASCII)
    if grid is None or grid[0] == "1x1":
        raise UsageError(f"--tiles takes columns and rows, as in 3x2, or auto, not {text!r}.")
    return int(grid[1]), int(grid[2])


def read_frames(text: str) -> int | str:
    """`12` is so many, `scenes` the scenes of a video, `scenes:12` the 12 longest of them."""
    if re.fullmatch(r"(?:scenes:)?([1-9][0-9]{0,2}|1000)|scenes", text, re.ASCII):
        return int(text) if text.isdecimal() else text
    raise UsageError(f"--frames takes a number from 1 to 1000, scenes, or scenes:12 for 12 at the most, not {text!r}.")


def read_clip(begin: str | None, end: str | None) -> tuple[float, float | None] | None:
    """The part of a video, from `--from` and `--to`; `None` where neither is given."""
    if begin is None and end is None:
        return None
    first = 0.0 if begin is None else read_time(begin, "--from")
    last = None if end is None else read_time(end, "--to")
    if last is not None and last <= first:
        raise UsageError(f"--to {end} is not after {'the start' if begin is None else f'--from {begin}'}.")
    return first, last


def read_time(text: str, option: str) -> float:
    """Seconds, as in 62.5, or minutes and seconds, as in 1:02.5, or 1:02:03 with hours."""
    found = re.fullmatch(r"(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,7}(?:\.\d{1,6})?)", text, re.ASCII)
    if found is None or (found[2] and float(found[3]) >= 60) or (found[1] and int(found[2]) >= 60):
        raise UsageError(f"{option} takes seconds, as in 62.5, or 1:02.5, or 1:02:03 with hours, not {text!r}.")
    return 3600 * int(found[1] or 0) + 60 * int(found[2] or 0) + float(found[3])


def read_option(text: str) -> tuple[str, Any]:
    """`temperature=0` is a number, `stop=["a"]` a list, and what is not JSON is text: `stop=END`."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise UsageError(f"--option takes name=value, such as temperature=0, not {text!r}.")
    try:
        return name.strip(), json.loads(value)
    except json.JSONDecodeError:
        return name.strip(), value


def read_schema(text: str, *, option: str) -> dict[str, Any]:
    """The JSON Schema in a file."""
    file = Path(text)
    if not file.is_file():
        raise UsageError(f"{option} {text}: there is no such file. It takes a file with a JSON Schema.")
    try:
        schema = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{option} {text}: it cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"{option} {text}: it is not JSON: {error}.") from error
    if not isinstance(schema, dict):
        raise UsageError(f'{option} {text}: a JSON Schema is an object, such as {{"type": "object"}}.')
    return schema


def read_convention(text: str | None) -> BoxConvention | None:
    """How boxes are counted, by its name."""
    if text is None:
        return None
    from ollama_vision.pictures import BOX_CONVENTIONS

    for known in BOX_CONVENTIONS:
        if text == known:
            return known
    raise UsageError(f"--box-convention {text}: there are {', '.join(map(repr, BOX_CONVENTIONS))}.")


def read_labels(given: list[str] | None) -> tuple[str, ...]:
    """The labels of `--choose`: given once it is split at commas, given again each is one as it stands."""
    if not given:
        return ()
    return tuple(given) if len(given) > 1 else tuple(label.strip() for label in given[0].split(","))
