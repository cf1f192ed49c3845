"""Checks of this machine: versions, extras, environment variables, proxy, disk. Facts in, checks out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ollama_vision import words
from ollama_vision.errors import OllamaMultiModalError
from ollama_vision.extras import EXTRAS, install_hint

from ..common.settings.shown import without_credentials
from .check import Check, fail, ok, warn
from .facts import USUAL_CONTEXT, Disk, Here, Origin

ENOUGH_DISK = 8_000_000_000
"""Bytes: room for the vision models of 7 to 8 billion parameters that most people take, 4.7 to 6.1 GB each."""


def client(here: Here) -> Check:
    return ok("client", ", ".join(f"{name} {version}" for name, version in here.versions.items()), **here.versions)


def extras(here: Here) -> Check:
    """Missing ones are nothing wrong: each is for those who need it."""
    there = [name for name, is_there in here.extras.items() if is_there]
    missing = [name for name, is_there in here.extras.items() if not is_there]
    message = f"{', '.join(there) or 'none'} installed"
    if missing:
        message += "; not installed: " + ", ".join(f"{name} ({EXTRAS[name].purpose})" for name in missing)
    way = f"If you need them: {install_hint(*missing)}" if missing else ""
    return ok("extras", message, way, **here.extras)


def fonts(here: Here) -> Check | None:
    """Of PDFs whose fonts are not in the file. Missing ones are nothing wrong until such a page comes."""
    if here.undrawable is None:
        return None
    if not here.undrawable:
        return ok("fonts", "PDFs in Chinese, Japanese and Korean can be drawn, also without a font of their own")
    return ok(
        "fonts",
        f"none for {' and '.join(here.undrawable)}: pages of a PDF that has no font of its own for it are refused",
        "If you need them: apt-get install fonts-noto-cjk, or your system's Noto Sans CJK.",
        missing=list(here.undrawable),
    )


def environment(here: Here, origin: Origin) -> Iterator[Check]:
    """One check for each variable that is set and matters."""
    found = False
    for name, judge in JUDGES.items():
        value = here.environment.get(name, "").strip()
        if value:
            found = True
            yield judge(name, value, origin)
    if proxied := proxy(here, origin):
        found = True
        yield proxied
    if not found:
        yield ok("environment", "no variable is set that changes anything here")


_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def proxy(here: Here, origin: Origin) -> Check | None:
    if isinstance(here.proxy, OllamaMultiModalError):
        return fail("proxy", str(here.proxy))
    if here.proxy:
        return warn(
            "proxy",
            f"requests to {origin.url}, pictures included, go through the proxy {here.proxy}",
            "If they should not: add the server's name to NO_PROXY.",
            proxy=here.proxy,
        )
    named = [name for name in here.environment if name.lower() in _PROXIES and here.environment[name].strip()]
    if not named:
        return None
    why = "a server on this machine" if origin.is_here else f"{origin.url}, by NO_PROXY"
    return ok("proxy", f"{', '.join(named)} {'are' if len(named) > 1 else 'is'} set, and not used for {why}")


def disk(found: Disk | None, origin: Origin) -> Check:
    if found is None:
        return warn(
            "disk",
            f"the room for further models cannot be seen from here: {origin.url} is another machine",
            "Look there, in the folder that OLLAMA_MODELS names.",
        )
    facts = {"folder": found.folder, "free": found.free}
    message = (
        f"{words.size(found.free)} free where the models are if the server keeps them in {found.folder}; it does not "
        "tell"
    )
    if found.free < ENOUGH_DISK:
        way = "Make room before a pull, with: ollama rm MODEL; or set OLLAMA_MODELS for the server to a larger disk."
        return warn("disk", message, way, **facts)
    return ok("disk", message, **facts)


def models_folders(environment: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """Where a server on this machine may keep its models, the likeliest first; some may not exist."""
    if named := environment.get("OLLAMA_MODELS", "").strip():
        return (Path(named),)
    # The second is the home of the user that Ollama's installer makes on Linux.
    return (home / ".ollama/models", Path("/usr/share/ollama/.ollama/models"))


def _is(name: str, value: str, meaning: str, way: str = "", **details: Any) -> Check:
    judged = warn if way else ok
    return judged("environment", f"{name}={value}: {meaning}", way, variable=name, value=value, **details)


def _for_server(name: str, value: str, origin: Origin, meaning: str, way: str = "") -> Check:
    """A variable that the server reads when it starts: here it can only be seen what this shell has."""
    if not origin.is_here:
        return _is(name, value, "means nothing here, since the server runs elsewhere")
    return _is(name, value, f"{meaning}, if the server was started with it", way)


def _number(name: str, value: str, origin: Origin, meaning: Callable[[int], str]) -> Check:
    if not value.isdecimal():
        return _is(name, value, "no number, so the server ignores it", "Set a number, or unset it.")
    return _for_server(name, value, origin, meaning(int(value)))


def _host(name: str, value: str, origin: Origin) -> Check:
    goes = "where the server is looked for" if origin.source == name else f"not used, {origin.source} goes first"
    return _is(name, without_credentials(value), goes)


def _key(name: str, value: str, origin: Origin) -> Check:
    goes = origin.is_here or origin.url.startswith("https://")
    meaning = "sent with each request" if goes else "not sent, since it goes to this machine or over https only"
    return _is(name, "(not shown)", meaning)


def _models(name: str, value: str, origin: Origin) -> Check:
    return _for_server(name, value, origin, "the folder of models")


def _parallel(name: str, value: str, origin: Origin) -> Check:
    return _number(name, value, origin, lambda _: "so many answers at the same time, further ones wait")


def _most_loaded(name: str, value: str, origin: Origin) -> Check:
    def meaning(count: int) -> str:
        turns = "; two models asked in turn are loaded again each time" if count == 1 else ""
        return f"so many models in memory at the same time{turns}"

    return _number(name, value, origin, meaning)


def _keep_alive(name: str, value: str, origin: Origin) -> Check:
    if re.fullmatch(r"0+[a-z]*", value):
        way = "Unset it, or set keep_alive for the calls: each picture waits until the model is loaded again."
        return _for_server(name, value, origin, "a model leaves the memory after each answer", way)
    how_long = "for ever" if value.startswith("-") else "so long after an answer"
    return _for_server(name, value, origin, f"a model stays in memory {how_long}")


def _context(name: str, value: str, origin: Origin) -> Check:
    meaning = f"for requests that name no context; this client names one ({USUAL_CONTEXT:,}, or context_window)"
    return _number(name, value, origin, lambda _: meaning)


def _vision_model(name: str, value: str, origin: Origin) -> Check:
    return _is(name, value, "the model that is asked when --model names none")


JUDGES: Mapping[str, Callable[[str, str, Origin], Check]] = {
    "OLLAMA_HOST": _host,
    "OLLAMA_API_KEY": _key,
    "OLLAMA_VISION_MODEL": _vision_model,
    "OLLAMA_MODELS": _models,
    "OLLAMA_NUM_PARALLEL": _parallel,
    "OLLAMA_MAX_LOADED_MODELS": _most_loaded,
    "OLLAMA_KEEP_ALIVE": _keep_alive,
    "OLLAMA_CONTEXT_LENGTH": _context,
}
"""The variables that matter, and what each of them means here."""
