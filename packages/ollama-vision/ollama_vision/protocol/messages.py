"""Messages of /api/chat as Ollama takes them. Values in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol


class Media(Protocol):
    """A picture or sound that is sent as base64: all that a request knows of one."""

    @property
    def size_in_bytes(self) -> int: ...
    def open(self) -> BinaryIO: ...


@dataclass(frozen=True)
class WireMessage:
    """A message as /api/chat takes it, its pictures still apart."""

    fields: dict[str, Any]
    media: tuple[Media, ...] = ()


def escape_image_markers(text: str) -> str:
    """Models behind Ollama's renderers take a literal `[img` for a picture's place: break it, invisibly."""
    return text.replace("[img", "[\u200bimg")
