"""Unwraps bytes: base64 and `data:` URLs around a picture, layer by layer, as far as it makes them anything known."""

from __future__ import annotations

from typing import Final

from .data_urls import decode_base64, decode_data_url, is_data_url
from .kinds import UNKNOWN, Kind
from .sniff import HEAD, sniff

_MOST_LAYERS: Final = 4
"""LlamaIndex's own base64 around base64 with newlines around a `data:` URL: three, and one to spare."""


def unwrap(data: bytes) -> bytes:
    """The file inside the bytes: themselves, or what their base64 or `data:` URL holds, layer by layer.

    Bytes that no unwrapping makes into anything known come back as they were, so that an error can say what
    they are. Raises BadEncoding for a `data:` URL that cannot be decoded.
    """
    unwrapped = data
    for _ in range(_MOST_LAYERS):
        if is_data_url(unwrapped):
            unwrapped = decode_data_url(unwrapped)
        elif (decoded := _base64_of_something(unwrapped)) is not None:
            unwrapped = decoded
        else:
            break
    return unwrapped


def _base64_of_something(data: bytes) -> bytes | None:
    """Decoded, if that makes a known kind of it: "hello" is base64 too, of nothing."""
    start = decode_base64(data[:HEAD].translate(None, b" \t\r\n\f\v")[: HEAD // 4 * 3])
    if not start or (_told_apart(start) is UNKNOWN and not is_data_url(start) and not _nests(start)):
        return None
    return decode_base64(data)


def _nests(start: bytes) -> bool:
    """Whether base64 of something known is inside once more."""
    inner = decode_base64(start[: len(start) // 4 * 4])
    return bool(inner) and (_told_apart(inner or b"") is not UNKNOWN or is_data_url(inner or b""))


def _told_apart(start: bytes) -> Kind:
    kind = sniff(start)
    # Almost any short text decodes to something; only kinds with a signature count.
    return UNKNOWN if kind.family == "text" and kind.name in ("text", "JSON") else kind
