"""Messages of /api/chat as Ollama takes them. Values in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._media import Media


@dataclass(frozen=True)
class WireMessage:
    """A message as /api/chat takes it, its pictures still apart."""

    fields: dict[str, Any]
    media: tuple[Media, ...] = ()


def escape_image_markers(text: str) -> str:
    """Models behind Ollama's renderers take a literal `[img` for a picture's place: break it, invisibly."""
    return text.replace("[img", "[\u200bimg")
