"""Questions with media -> calls: a conversation, or a prompt with pictures beside it; prepared when it is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ollama_vision import pictures as _images
from ollama_vision.pictures import ServerSizes
from ollama_vision.protocol import Accumulator, Request, Turn, chat_request, wire_messages

from .arguments import Arguments
from .call import Call, Media

T = TypeVar("T")
Make = Callable[[], Callable[[Accumulator[T]], T]]
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


def conversation_call(
    model: str, turns: Sequence[Turn], arguments: Arguments, make: Make[T], again: Callable[[str, str], Call[T]]
) -> Call[T]:
    """The call that asks a conversation, by /api/chat. The parts of its turns are texts and `MediaBlock`s."""
    if arguments.keep_pictures is not None:
        turns = with_newest_pictures(turns, arguments.keep_pictures)

    def build(sizes: ServerSizes | None) -> tuple[Request, Media]:
        prepared = [replace(turn, parts=_prepared(turn.parts, arguments, sizes)) for turn in turns]
        media = [part for turn in prepared for part in turn.parts if not isinstance(part, str)]
        return chat_request(model, wire_messages(prepared), arguments), media

    needs = {part.needs for turn in turns for part in turn.parts if isinstance(part, MediaBlock) and part.needs}
    return Call(arguments, arguments.needs(needs), build, make, again)


def _prepared(parts: Sequence[Any], arguments: Arguments, sizes: ServerSizes | None) -> tuple[Any, ...]:
    """Pictures (one, or pages, or frames), sounds and texts."""
    prepared: list[Any] = []
    options, from_call = arguments.image_options.for_server(sizes), arguments.image_options_from_call
    for part in parts:
        if isinstance(part, MediaBlock):
            prepared += _images.prepare_block(part.block, options, where=part.where, options_from_call=from_call)
        else:
            prepared.append(part)
    return tuple(prepared)


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


def picture_call(
    arguments: Arguments,
    pictures: Any,
    request: Callable[[Media], Request],
    make: Make[T],
    follow: Callable[[Any, str, str], Call[T]],
    *,
    where: str,
) -> Call[T]:
    """The call that asks about pictures beside its words.

    Args:
        arguments: those of the call.
        pictures: one or a list; `None` for none. What is asked about again is read and prepared once.
        request: the request that sends them.
        make: see `Call`.
        follow: the call that goes on, with these pictures, an answer and further words.
        where: how errors name the pictures.
    """
    has_pictures = pictures is not None

    def build(sizes: ServerSizes | None) -> tuple[Request, Media]:
        nonlocal pictures
        if has_pictures:
            options = arguments.image_options.for_server(sizes)
            pictures = _images.prepare_documents(pictures, options, where=where)
        media: Media = pictures if has_pictures else ()
        return request(media), media

    def again(answer: str, words: str) -> Call[T]:
        return follow(pictures, answer, words)

    is_prepared = isinstance(pictures, (list, tuple)) and all(
        isinstance(one, _images.PreparedImage) for one in pictures
    )
    needs = arguments.needs(("vision",) if has_pictures else ())
    return Call(arguments, needs, build, make, again, is_prepared)


def refuse_empty(verb: str, noun: str) -> None:
    """Pictures without words; raises ValueError."""
    raise ValueError(
        f"{verb}() was given pictures but an empty {noun}: the server would load the model and ignore the pictures. "
        "Ask something about them."
    )
