"""Go's JSON encoder and decoder (encoding/json), its times and base64: Ollama is a Go program."""

from __future__ import annotations

import binascii
import json
import re
import time
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ESCAPED = re.compile("[<>&\u2028\u2029]")
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_BASE64_TEXT = re.compile(rb"[A-Za-z0-9+/\r\n]*")


class GoError(ValueError):
    """Input that Go refuses; the message is Go's own."""


def dumps(value: Any) -> bytes:
    """Compact JSON, escaped for HTML as Go does by default; U+0085 stays raw, as it does there."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    escaped = _ESCAPED.sub(lambda found: _ESCAPES[found.group()], text)
    return escaped.encode("utf-8", "surrogatepass")


def loads_object(body: bytes, go_type: str) -> dict[str, Any]:
    """The first JSON value of a body; what follows it is ignored, as by Go's decoder, and `null` is an empty object."""
    if not body.strip():
        raise GoError("missing request body")
    text = body.decode("utf-8", "replace").lstrip()
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as fault:
        raise GoError(_syntax_error(text, fault)) from None
    except RecursionError:
        raise GoError("exceeded max depth") from None
    if not isinstance(value, dict | None):
        raise GoError(f"json: cannot unmarshal {kind_of(value)} into Go value of type {go_type}")
    return value or {}


def _syntax_error(text: str, fault: json.JSONDecodeError) -> str:
    """Go's words for the commonest mistakes; the wording of rarer ones differs."""
    rest = text[fault.pos :].lstrip()
    if not rest or fault.msg.startswith("Unterminated"):
        return "unexpected EOF"
    before = text[: fault.pos].rstrip()
    place = "looking for beginning of value"
    if fault.msg.startswith(("Expecting property name", "Illegal trailing comma")):
        rest = rest.lstrip(",").lstrip() or rest
        place = "looking for beginning of object key string"
    elif fault.msg.startswith("Expecting ','"):
        opened = before.rfind("[") > before.rfind("{")
        place = "after array element" if opened else "after object key:value pair"
    elif fault.msg.startswith("Expecting ':'"):
        place = "after object key"
    return f"invalid character {rest[0]!r} {place}"


def kind_of(value: Any) -> str:
    """Go's name for the kind of a JSON value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "array"
    return "object" if isinstance(value, Mapping) else "null"


def decode_base64(text: str) -> bytes:
    """Strict, padded, standard base64; line breaks inside are tolerated, nothing else is."""
    whole = text.encode("utf-8", "surrogatepass")
    data = whole.translate(None, b"\r\n") if b"\n" in whole or b"\r" in whole else whole
    if len(data) % 4 == 0:
        with suppress(binascii.Error):
            decoded = b64decode(data)
            # It passes over what is not base64: the length then falls short. Faster than a regular expression.
            if len(decoded) == len(data) // 4 * 3 - data[-2:].count(b"="):
                return decoded
    raise GoError(f"illegal base64 data at input byte {_first_bad_byte(text.encode('utf-8', 'surrogatepass'))}")


def _first_bad_byte(data: bytes) -> int:
    """Where Go's decoder gives up, line breaks counted."""
    good = _BASE64_TEXT.match(data)
    stop = good.end() if good else 0
    filled = len(data[:stop].translate(None, b"\r\n")) % 4
    if stop == len(data):
        return stop - filled
    if data[stop : stop + 1] != b"=" or filled < 2:
        return stop
    after = len(data) - len(data[stop + 1 :].lstrip(b"\r\n"))
    if filled == 2:
        if after == len(data):
            return after
        if data[after : after + 1] != b"=":
            return after - 1
        after = len(data) - len(data[after + 1 :].lstrip(b"\r\n"))
    return after


def duration(text: str) -> float:
    """Seconds of a Go duration like "1h30m"; negative ones are allowed."""
    body = text[1:] if text[:1] in ("-", "+") else text
    sign = -1.0 if text[:1] == "-" else 1.0
    if body == "0":
        return 0.0
    if not body:
        raise GoError(f'time: invalid duration "{text}"')
    total, position = 0.0, 0
    while position < len(body):
        found = _DURATION.match(body, position)
        if not found:
            number = re.match(r"\d+(\.\d*)?|\.\d+", body[position:])
            unit = re.match(r"[^\d.]+", body[position + number.end() :]) if number else None
            if not number:
                raise GoError(f'time: invalid duration "{text}"')
            if not unit:
                raise GoError(f'time: missing unit in duration "{text}"')
            raise GoError(f'time: unknown unit "{unit.group()}" in duration "{text}"')
        total += float(found.group(1)) * _SECONDS[found.group(2)]
        position = found.end()
    return sign * total


def timestamp(nanoseconds: int | None = None) -> str:
    """RFC 3339 in UTC with up to nine digits; zeros at the end are cut."""
    moment = time.time_ns() if nanoseconds is None else nanoseconds
    seconds, fraction = divmod(moment, 1_000_000_000)
    digits = f".{fraction:09d}".rstrip("0").rstrip(".")
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + digits + "Z"
