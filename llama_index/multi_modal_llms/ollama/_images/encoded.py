"""Bytes out of the wrappings that pictures travel in: base64 in all its spellings, and `data:` URLs."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from .formats import UNKNOWN, Kind
from .sniff import HEAD, sniff

_MOST_LAYERS: Final = 4
"""LlamaIndex's own base64 around base64 with newlines around a `data:` URL: three, and one to spare."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")


class BadEncoding(ValueError):
    """A `data:` URL or base64 text that cannot be decoded; says why, to follow after "is"."""


def is_data_url(text: str | bytes) -> bool:
    start = text[:64].lstrip()[:5].lower()
    return start == ("data:" if isinstance(text, str) else b"data:")


def decode_data_url(url: bytes) -> bytes:
    """The bytes of a `data:` URL, base64 or percent-encoded. Raises BadEncoding."""
    header, comma, payload = url.strip().partition(b",")
    if not comma:
        raise BadEncoding("a data: URL without a comma before its data")
    # A percent-encoded base64 payload is legal: %2B is a plus sign.
    payload = unquote_to_bytes(payload) if b"%" in payload else payload
    if not re.search(rb";\s*base64\s*$", header, re.IGNORECASE):
        return payload
    decoded = decode_base64(payload)
    if decoded is None:
        raise BadEncoding("a data: URL whose data is not base64")
    return decoded


def decode_base64(text: bytes) -> bytes | None:
    """The bytes behind base64 text; `None` when it is not base64.

    Line breaks, missing padding and the URL-safe alphabet are all right."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        pass  # Not in the one spelling that the fast decoder takes; the others follow.
    text = text.translate(None, b" \t\r\n\f\v")
    if b"-" in text or b"_" in text:
        text = text.replace(b"-", b"+").replace(b"_", b"/")
    if not _BASE64.fullmatch(text):
        return None
    text = text.rstrip(b"=")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return None


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
