"""Messages of /api/chat as Ollama takes them. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol


class Media(Protocol):
    """A picture or sound that is sent as base64: all that a request knows of one."""

    @property
    def size_in_bytes(self) -> int: ...
    @property
    def in_memory(self) -> bool: ...
    def open(self) -> BinaryIO: ...


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


def escape_image_markers(text: str) -> str:
    """Models behind Ollama's renderers take a literal `[img` for a picture's place: break it, invisibly."""
    return text.replace("[img", "[\u200bimg")
