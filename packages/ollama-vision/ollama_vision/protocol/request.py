"""Request bodies: Ollama's JSON with pictures in between, base64-coded while it is sent. Values in, values out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from .messages import Media, WireMessage, escape_image_markers

Endpoint = Literal["chat", "generate"]

_PIECE = 192 * 1024
"""Bytes of a picture that are base64-coded at a time: a multiple of 3, small enough to stay in the cache."""


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire: JSON text with pictures in between, base64-coded only while it is sent."""

    path: str
    parts: tuple[bytes | Media, ...]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content_length(self) -> int:
        return sum(len(part) if isinstance(part, bytes) else 4 * -(-part.size_in_bytes // 3) for part in self.parts)

    @property
    def media_bytes(self) -> int:
        return sum(part.size_in_bytes for part in self.parts if not isinstance(part, bytes))

    @property
    def in_memory(self) -> bool:
        """Whether nothing has to be read to send it."""
        return all(isinstance(part, bytes) or part.in_memory for part in self.parts)

    @property
    def media(self) -> tuple[Media, ...]:
        """The pictures and sounds, in the order in which they are sent."""
        return tuple(part for part in self.parts if not isinstance(part, bytes))

    def with_media(self, media: Iterable[Media]) -> Request:
        """The same request with others in their places, one for each."""
        others = iter(media)
        parts = tuple(part if isinstance(part, bytes) else next(others) for part in self.parts)
        return replace(self, parts=parts)

    def pieces(self) -> Iterator[bytes]:
        """The body, a piece at a time; a fresh iterator for each attempt.

        Text leaves with the picture before or after it: each piece is a system call, and on a loop a thread's turn.
        """
        held = b""
        for part in self.parts:
            if isinstance(part, bytes):
                held += part
                continue
            from pybase64 import b64encode  # with the first picture: 1.5 ms of each import otherwise

            with part.open() as stream:
                while chunk := stream.read(_PIECE):
                    held += b64encode(chunk)
                    if len(chunk) == _PIECE:
                        yield held
                        held = b""
        if held:
            yield held


class Beside(Protocol):
    """What stands in a body beside what is asked; a call's arguments have it."""

    @property
    def options(self) -> dict[str, Any]: ...
    @property
    def fields(self) -> dict[str, Any]: ...
    @property
    def extra_headers(self) -> dict[str, str]: ...


def chat_request(model: str, messages: Sequence[WireMessage], beside: Beside) -> Request:
    """The body of /api/chat; pictures stay with their message."""
    parts: list[bytes | Media] = [
        _open_object({"model": model}),
        b',"messages":[',
    ]
    for index, message in enumerate(messages):
        if index:
            parts.append(b",")
        parts.append(_open_object(message.fields))
        parts.extend(_images(message.media))
        parts.append(b"}")
    parts.append(b"]")
    return _close(parts, "/api/chat", beside)


def generate_request(model: str, prompt: str, media: Sequence[Media], beside: Beside) -> Request:
    """The body of /api/generate."""
    if media and not beside.fields.get("raw"):  # in raw mode the caller writes the places himself
        prompt = escape_image_markers(prompt)
    parts: list[bytes | Media] = [_open_object({"model": model, "prompt": prompt})]
    parts.extend(_images(media))
    return _close(parts, "/api/generate", beside)


def json_request(path: str, body: Mapping[str, Any]) -> Request:
    """A request without pictures: show, pull, load, unload."""
    return Request(path, (_json(dict(body)),))


def _close(parts: list[bytes | Media], path: str, beside: Beside) -> Request:
    tail = {**beside.fields, "stream": True, "options": beside.options}
    parts.append(b"," + _json(tail)[1:])
    return Request(path, _merge_bytes(parts), beside.extra_headers)


def _images(
    media: Sequence[Media],
) -> Iterator[bytes | Media]:
    for index, item in enumerate(media):
        yield b'","' if index else b',"images":["'
        yield item
    if media:
        yield b'"]'


def _merge_bytes(
    parts: Sequence[bytes | Media],
) -> tuple[bytes | Media, ...]:
    joined: list[bytes | Media] = []
    for part in parts:
        if isinstance(part, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)


def _open_object(fields: Mapping[str, Any]) -> bytes:
    return _json(dict(fields))[:-1]


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")
