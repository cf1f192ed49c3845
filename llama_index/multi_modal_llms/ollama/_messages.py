"""A message as Ollama takes it. Values in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._images import PreparedAudio, PreparedImage


@dataclass(frozen=True)
class WireMessage:
    """A message as /api/chat takes it, its pictures still apart."""

    fields: dict[str, Any]
    media: tuple[PreparedImage | PreparedAudio, ...] = ()


def hide_picture_marks(text: str) -> str:
    """Models behind Ollama's renderers take a literal `[img` for a picture's place: break it, invisibly."""
    return text.replace("[img", "[\u200bimg")
