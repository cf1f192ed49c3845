"""Request bodies and messages: Ollama's JSON with pictures in between, base64-coded while it is sent. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

Endpoint = Literal["chat", "generate"]

_PIECE = 192 * 1024
"""Bytes of a picture that are base64-coded at a time: a multiple of 3, small enough to stay in the cache."""


class Content(Protocol):
    """The bytes of one, known by their number until they are read."""

    def __len__(self) -> int: ...
    def chunks(self, size: int) -> Iterator[bytes | memoryview]:
        """All of them, so many at a time; each is there until the next one is asked for."""


class Media(Protocol):
    """A picture or sound that is sent as base64: all that a request knows of one."""

    @property
    def content(self) -> Content: ...
    @property
    def in_memory(self) -> bool: ...


@dataclass(frozen=True)
class WireMessage:
    """A message as /api/chat takes it, its pictures still apart."""

    fields: dict[str, Any]
    media: tuple[Media, ...] = ()


@dataclass(frozen=True)
class Turn:
    """One message of a conversation, its texts and media in the order in which they were given."""

    role: str
    """As Ollama has them: system, user, assistant, tool."""
    parts: tuple[Any, ...]
    """Each a text, or a picture or sound, prepared or still to be prepared."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Beside role and content: `thinking`, `tool_calls`, `tool_name`, ..."""
    where: str = ""
    """How errors name it."""

    @property
    def text(self) -> str:
        return "\n".join(part for part in self.parts if isinstance(part, str))


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire: JSON text with pictures in between, base64-coded only while it is sent."""

    path: str
    parts: tuple[bytes | Media, ...]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content_length(self) -> int:
        return sum(len(part) if isinstance(part, bytes) else 4 * -(-len(part.content) // 3) for part in self.parts)

    @property
    def media_bytes(self) -> int:
        return sum(len(part.content) for part in self.parts if not isinstance(part, bytes))

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

            for chunk in part.content.chunks(_PIECE):
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


def wire_messages(turns: Sequence[Turn]) -> list[WireMessage]:
    """A conversation whose media are prepared, in Ollama's form.

    Ollama has one text and one list of pictures for each message: texts are joined by a newline, pictures keep
    their order, and their places between texts are lost. System messages without text are left out, for on the
    server even an empty one displaces the model's own.
    """
    hides_marks = any(not isinstance(part, str) for turn in turns for part in turn.parts)
    wire = []
    for turn in turns:
        media = tuple(part for part in turn.parts if not isinstance(part, str))
        content = turn.text
        if turn.role == "system" and not content.strip() and not media:
            continue
        content = escape_image_markers(content) if hides_marks else content
        wire.append(WireMessage({"role": turn.role, "content": content, **turn.fields}, media))
    return wire


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
        parts.extend(_beside(message.media))
        parts.append(b"}")
    parts.append(b"]")
    return _close(parts, "/api/chat", beside)


def generate_request(model: str, prompt: str, media: Sequence[Media], beside: Beside) -> Request:
    """The body of /api/generate."""
    if media and not beside.fields.get("raw"):  # in raw mode the caller writes the places himself
        prompt = escape_image_markers(prompt)
    parts: list[bytes | Media] = [_open_object({"model": model, "prompt": prompt})]
    parts.extend(_beside(media))
    return _close(parts, "/api/generate", beside)


def json_request(path: str, body: Mapping[str, Any]) -> Request:
    """A request without pictures: show, pull, load, unload."""
    return Request(path, (_json(dict(body)),))


def _close(parts: list[bytes | Media], path: str, beside: Beside) -> Request:
    tail = {**beside.fields, "stream": True, "options": beside.options}
    parts.append(b"," + _json(tail)[1:])
    return Request(path, _merge_bytes(parts), beside.extra_headers)


def _beside(media: Sequence[Media]) -> list[bytes | Media]:
    parts: list[bytes | Media] = []
    for item in media:
        parts += (b'","' if parts else b',"images":["', item)
    return [*parts, b'"]'] if parts else parts


def _merge_bytes(parts: Sequence[bytes | Media]) -> tuple[bytes | Media, ...]:
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


def escape_image_markers(text: str) -> str:
    """Models behind Ollama's renderers take a literal `[img` for a picture's place: break it, invisibly."""
    return text.replace("[img", "[\u200bimg")
