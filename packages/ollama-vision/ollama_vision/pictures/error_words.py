"""The words of ImageErrors: which input, the problem, and what to do. Every ImageError of this room is made of them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from ollama_vision.errors import ImageError


def image_error(where: str, source: str, problem: str, way_out: str = "", kind: str = "") -> ImageError:
    """`problem` follows the picture's name ("is ...", "cannot ..."); `way_out` is a sentence."""
    return ImageError(message(where, source, problem, way_out), where=where, source=source, kind=kind)


def message(where: str, source: str, problem: str, way_out: str = "") -> str:
    """The message of an error about one input: `where` is its place in the call, empty when there is only one."""
    return sentence(f"{where} ({source})" if where else f"The picture ({source})", problem, way_out)


def sentence(name: str, problem: str, way_out: str = "") -> str:
    """The message of an error about something that has a name of its own, such as a folder."""
    return f"{name} {problem}." + (f" {way_out}" if way_out else "")


def missing_path_hint(name: str) -> str:
    """Where a path that is not there was looked for, as a sentence."""
    path = Path(name)
    if path.is_symlink():
        return f"It is a link to {path.readlink()}, which is gone: bring that back, or make the link anew."
    if path.is_absolute():
        return "Is it still there, and is it visible from this machine?"
    return f"A relative path starts at the working directory, which is {_here()}."


def _here() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return "gone"


def redact_url(url: str) -> str:
    """The URL without what may be secret: user, password, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "a URL that cannot be read"
    query = "?..." if parts.query else ""
    if not parts.scheme:
        return f"{parts.path[:200]}{query}"
    return f"{parts.scheme}://{host}{port}{parts.path}{query}"
