"""Base64 in all its spellings, and `data:` URLs (RFC 2397), decoded."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

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
