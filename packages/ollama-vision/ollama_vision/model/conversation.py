"""Conversations with media in their messages, which are prepared when they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ollama_vision import pictures as _images
from ollama_vision.pictures import ImageOptions
from ollama_vision.protocol import Request, Turn, chat_request, wire_messages

from .arguments import Arguments
from .call import Media, Pictures

OMITTED = "[picture omitted]"


@dataclass(frozen=True)
class MediaBlock:
    """A block of a message that has to be prepared before it can be sent."""

    block: Any
    """As `prepare_block` takes it."""
    where: str
    """How errors name it."""
    needs: str = ""
    """The ability without which the model makes nothing of it; empty for what becomes text."""


@dataclass(frozen=True)
class Conversation:
    """Turns whose parts are texts, `MediaBlock`s and `Pictures`; by /api/chat."""

    turns: Sequence[Turn]

    @property
    def needs(self) -> frozenset[str]:
        parts = [part for turn in self.turns for part in turn.parts]
        blocks = {part.needs for part in parts if isinstance(part, MediaBlock) and part.needs}
        return frozenset(blocks | {"vision" for part in parts if isinstance(part, Pictures)})

    @property
    def is_prepared(self) -> bool:
        return False

    def build(self, model: str, arguments: Arguments, options: ImageOptions) -> tuple[Request, Media]:
        from_call = arguments.image_options_from_call
        prepared = [replace(turn, parts=_prepared(turn.parts, options, from_call)) for turn in self.turns]
        media = [part for turn in prepared for part in turn.parts if not isinstance(part, str)]
        return chat_request(model, wire_messages(prepared), arguments), media


def _prepared(parts: Sequence[Any], options: ImageOptions, from_call: bool) -> tuple[Any, ...]:
    """Pictures (one, or pages, or frames), sounds and texts."""
    prepared: list[Any] = []
    for part in parts:
        if isinstance(part, MediaBlock):
            prepared += _images.prepare_block(part.block, options, where=part.where, options_from_call=from_call)
        elif isinstance(part, Pictures):
            prepared += part.prepare(options)
        else:
            prepared.append(part)
    if options.tiles is not None or any(map(_is_part, prepared)):
        line = _images.name_parts(prepared)
        prepared[:0] = [line] if line else []
    return tuple(prepared)


def _is_part(part: Any) -> bool:
    """Whether it is a tile or a frame, which a line before the question names."""
    return getattr(part, "tile", None) is not None or getattr(part, "seconds", None) is not None


def with_newest_pictures(turns: Sequence[Turn], count: int) -> list[Turn]:
    """The conversation with only its newest pictures; a text stands where the others were.

    Those of the latest turn, from the user's last message on, always stay: they are what is asked about.
    """
    latest = max((index for index, turn in enumerate(turns) if turn.role == "user"), default=0)
    left = count
    newest = []
    for index in reversed(range(len(turns))):
        parts = []
        for part in reversed(turns[index].parts):
            if isinstance(part, MediaBlock) and part.needs == "vision":
                left -= 1
                if left < 0 and index < latest:
                    part = OMITTED
            parts.append(part)
        newest.append(replace(turns[index], parts=tuple(reversed(parts))))
    return newest[::-1]
