"""Recorded exchanges as JSON files (cassettes): what was asked and answered, byte for byte, pictures as pictures."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PICTURES = "pictures"
_SIGNATURES = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"), (b"BM", "bmp"))
_WEBP = (b"RIFF", b"WEBP")
ANY_BYTES = "surrogateescape"


@dataclass(frozen=True)
class Exchange:
    """One request and what was answered."""

    name: str
    method: str
    path: str
    """With the query, if there was one."""
    body: bytes
    response: Mapping[str, Any]
    """`status`, `headers`, `chunks` of [milliseconds since the request, text], `error` when it was cut."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those of the request that decide who may ask: a page's Origin, or another Host."""

    @property
    def pieces(self) -> list[bytes]:
        """The reply's body as it arrived."""
        return [to_bytes(text) for _, text in self.response["chunks"]]


def read(folder: Path) -> list[Exchange]:
    """All recordings of a folder, in the order of their names."""
    exchanges = []
    for file in sorted(folder.glob("*.json")):
        recorded = json.loads(file.read_text(encoding="utf-8"))
        try:
            request, response = recorded["request"], recorded["response"]
            body = _body_of(request["body"], folder / PICTURES)
            headers = request.get("headers") or {}
            exchanges.append(Exchange(file.stem, request["method"], request["path"], body, response, headers))
        except (KeyError, TypeError) as fault:
            raise ValueError(f"{file} is no recorded exchange: {fault!r}") from fault
    return exchanges


def write(folder: Path, exchange: Exchange) -> Path:
    """Keep an exchange in a folder; a picture that is there already is not written again."""
    recorded = {
        "name": exchange.name,
        "request": {
            "method": exchange.method,
            "path": exchange.path,
            "body": _shown(exchange.body, folder / PICTURES),
            **({"headers": dict(exchange.headers)} if exchange.headers else {}),
        },
        "response": exchange.response,
    }
    file = folder / f"{exchange.name}.json"
    # Escaped: bytes that are no UTF-8 survive as lone surrogates.
    file.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
    return file


def to_bytes(text: str) -> bytes:
    return text.encode("utf-8", ANY_BYTES)


def to_text(data: bytes) -> str:
    return data.decode("utf-8", ANY_BYTES)


def json_object(body: bytes) -> dict[str, Any] | None:
    """A body that is one JSON object; `None` for all else."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def with_pictures(value: Any, change: Callable[[bytes], Any]) -> Any:
    """A copy of a body with each of its base64 pictures replaced; a text that is none stays as it is."""
    if isinstance(value, Mapping):
        return {
            name: [_replace_picture(item, change) for item in inner]
            if name == "images" and isinstance(inner, list)
            else with_pictures(inner, change)
            for name, inner in value.items()
        }
    return [with_pictures(item, change) for item in value] if isinstance(value, list) else value


def kind_of_picture(data: bytes) -> str:
    """The usual ending of its file name, told by its first bytes."""
    if (data[:4], data[8:12]) == _WEBP:
        return "webp"
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), "bin")


def _replace_picture(text: Any, change: Callable[[bytes], Any]) -> Any:
    if not isinstance(text, str) or not text:
        return text
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text
    # Another spelling of the same bytes would not come back as it was.
    return change(data) if base64.b64encode(data).decode() == text else text


def _shown(body: bytes, pictures: Path) -> Any:
    value = json_object(body)
    if value is None:
        return to_text(body) if body else None

    def keep(data: bytes) -> dict[str, str]:
        file = pictures / f"{hashlib.sha256(data).hexdigest()[:16]}.{kind_of_picture(data)}"
        if not file.exists():
            pictures.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return {"$picture": file.name}

    return with_pictures(value, keep)


def _body_of(shown: Any, pictures: Path) -> bytes:
    if shown is None or isinstance(shown, str):
        return to_bytes(shown or "")
    return json.dumps(_whole(shown, pictures)).encode()


def _whole(value: Any, pictures: Path) -> Any:
    if isinstance(value, dict) and set(value) == {"$picture"}:
        return base64.b64encode((pictures / value["$picture"]).read_bytes()).decode()
    if isinstance(value, dict) and set(value) == {"$literal"}:
        return value["$literal"]
    if isinstance(value, dict):
        return {name: _whole(item, pictures) for name, item in value.items()}
    return [_whole(item, pictures) for item in value] if isinstance(value, list) else value
