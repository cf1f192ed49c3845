"""Input adapters: paths, URLs, bytes, open files, PIL images and arrays -> a Blob or a raster."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

from ..async_files import refuse_async_file
from ..blob import Blob
from ..error_words import image_error, redact_url
from ..formats.data_urls import is_data_url
from ..formats.foreign import SVG
from ..formats.kinds import READABLE
from ..formats.sniff import sniff
from ..formats.unwrap import unwrap
from ..options import ImageOptions
from ..registry import accepted_names, open_value
from ..render.raster import Raster
from .fetch import fetch
from .pixels import array_raster, is_pil_image, pil_raster

_DRAWN = READABLE | {SVG}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_OWN_FORMS = "a path, a URL, bytes, an open file, a PIL image, a uint8 or uint16 array, or a PreparedImage"
_ADAPTER = "llama_index.multi_modal_llms.ollama"


def open_input(value: Any, options: ImageOptions, *, where: str) -> Blob | Raster:
    """Whatever may stand in `image_documents`; here, and only here, a string is a path or a URL."""
    if isinstance(value, str):
        return _bare_string(value, options, where=where)
    if isinstance(value, os.PathLike):
        return Blob.of_file(value, where=where)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Blob.of_bytes(bytes(value), where=where, source="bytes")
    if is_pil_image(value):
        return pil_raster(value, where=where, deep=options.range is not None)
    if hasattr(value, "__array_interface__"):
        return array_raster(value, where=where)
    if hasattr(value, "read"):
        return open_file(value, where=where)
    held = open_value(value, options, where=where)
    if held is None:
        if not accepted_names() and type(value).__module__.startswith("llama_index."):
            problem = "is a value of LlamaIndex, and what it holds is not known here yet"
            way_out = f"Import {_ADAPTER} before this call, or pass its path, URL or bytes."
            raise image_error(where, type(value).__name__, problem, way_out)
        raise image_error(where, type(value).__name__, "is nothing that can be sent as a picture", _way_out())
    return held


def _way_out() -> str:
    return f"Give {', '.join((*accepted_names(), _OWN_FORMS))}."


def _bare_string(value: str, options: ImageOptions, *, where: str) -> Blob:
    if ":" in value:
        if is_data_url(value):
            return Blob.of_bytes(value.encode("utf-8", "surrogateescape"), where=where, source="data: URL")
        if re.match(r"https?:", value, re.IGNORECASE):
            return from_url(value, options, where=where)
    if not _NEVER_IN_BASE64.search(value[:1024]) and _is_picture_in_base64(value):
        raise image_error(
            where,
            "base64",
            "is a picture in base64, and a bare string is taken for a path or a URL",
            "Pass base64.b64decode(...) of it.",
            "base64",
        )
    if not value.strip():
        raise image_error(where, repr(value), "names no file", _way_out())
    if _SCHEME.match(value) and not (os.name == "nt" and Path(value).drive) and "://" in value:
        return from_url(value, options, where=where)
    return Blob.of_file(Path(value).expanduser() if value.startswith("~/") else value, where=where)


def _is_picture_in_base64(text: str) -> bool:
    encoded = text.encode("utf-8", "surrogateescape")
    start = encoded[:4096]
    inner = unwrap(start)
    return inner != start and sniff(inner) in _DRAWN and sniff(encoded) not in _DRAWN


_NEVER_IN_BASE64 = re.compile(r"[^A-Za-z0-9+/=_\s-]")
"""Such as the full stop of nearly every file's name."""


def from_url(url: str, options: ImageOptions, *, where: str) -> Blob:
    """Of an http(s) or `data:` URL; any other scheme is refused by name."""
    if is_data_url(url):
        return Blob.of_bytes(url.encode("utf-8", "surrogateescape"), where=where, source="data: URL")
    return Blob.of_bytes(fetch(url, options, where=where), where=where, source=redact_url(url))


def open_file(file: Any, *, where: str) -> Blob:
    """All of an open file, from its start if it can go there; it is left where it was."""
    refuse_async_file(file, where=where)
    name = getattr(file, "name", None)
    source = f"open file {name}" if isinstance(name, str) else "open file"
    try:
        before = file.tell() if _seekable(file) else None
        if before is not None:
            file.seek(0)
        data = file.read()
        if before is not None:
            file.seek(before)
    except (OSError, ValueError) as error:
        raise image_error(where, source, f"cannot be read: {error}") from error
    if isinstance(data, str):
        raise image_error(where, source, "was opened as text", 'Open it with mode "rb".')
    return Blob.of_bytes(bytes(data), where=where, source=source)


def _seekable(file: Any) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable()) if callable(seekable) else False


def image_block(block: Any, options: ImageOptions, *, where: str) -> Blob:
    """Of anything with `image`, `path` and `url`."""
    return from_block_fields(block.image, block.path, block.url, options, where=where, name="ImageBlock")


def from_block_fields(data: Any, path: Any, url: Any, options: ImageOptions, *, where: str, name: str) -> Blob:
    """What core's blocks hold: bytes or an open file, else a path, else a URL. Empty means not given."""
    if isinstance(data, io.IOBase) or hasattr(data, "read"):
        return open_file(data, where=where)
    if data:
        raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else bytes(data)
        return Blob.of_bytes(raw, where=where, source=f"bytes of {name}")
    if path:
        return Blob.of_file(path, where=where)
    if url:
        return from_url(str(url), options, where=where)
    raise image_error(where, name, "holds nothing", "Give it bytes, a path or a URL.", "empty")
