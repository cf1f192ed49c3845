"""Blindness as a fault that lasts: an engine gets other pictures than were sent, and answers as if nothing were."""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..protocol.catalog import ModelFacts
from ..protocol.embeddings import UNSUPPORTED, Embedded, EmbedRequest
from ..protocol.requests import ChatRequest, GenerateRequest, Request
from .base import Embeds, Engine, EngineError, Event
from .media import sound_format

if TYPE_CHECKING:
    from PIL import Image

_GREY = (128, 128, 128)
_FEW = (16, 16)


class BlindEngine:
    """`engine` behind a fault in what it sees; `how` is one of `BLIND`.

    Raises:
        ValueError: no such fault.
    """

    def __init__(self, engine: Engine, how: str) -> None:
        if how not in BLIND:
            raise ValueError(f"blind={how!r}: it is one of {', '.join(BLIND)}")
        self._engine, self._how = engine, how
        self._before: tuple[bytes, ...] = ()
        """The pictures of the request before, as they were sent."""

    @property
    def models(self) -> Sequence[ModelFacts]:
        return self._engine.models

    def context_length(self, model: ModelFacts, options: Mapping[str, Any]) -> int:
        return self._engine.context_length(model, options)

    async def load(self, model: ModelFacts, options: Mapping[str, Any]) -> None:
        await self._engine.load(model, options)

    async def unload(self, model: ModelFacts) -> None:
        await self._engine.unload(model)

    async def close(self) -> None:
        await self._engine.close()

    async def embed(self, model: ModelFacts, request: EmbedRequest) -> Embedded:
        if not isinstance(self._engine, Embeds):
            raise EngineError(501, UNSUPPORTED)
        return await self._engine.embed(model, request)

    async def answer(self, model: ModelFacts, request: Request) -> AsyncGenerator[Event, None]:
        before = self._before
        if request.pictures and not request.render_only:
            self._before = request.pictures
        shown = await asyncio.to_thread(_seen, self._how, request, before)
        async with aclosing(self._engine.answer(model, shown)) as events:
            async for event in events:
                yield event


def _seen(how: str, request: Request, before: tuple[bytes, ...]) -> Request:
    """The request that the model gets in place of the one that was sent."""
    pictures = request.pictures
    if not pictures:
        return request
    if how in ("dropped", "marker"):
        return _without_pictures(request, marked=how == "marker")
    if how == "stale":
        before = before or pictures
        return request.with_pictures([before[min(at, len(before) - 1)] for at in range(len(pictures))])
    if how in ("first", "last"):
        return request.with_pictures([pictures[0 if how == "first" else -1]] * len(pictures))
    return request.with_pictures([_changed(data, _CHANGES[how]) for data in pictures])


def _without_pictures(request: Request, *, marked: bool) -> Request:
    places = iter(range(len(request.pictures)))

    def words(text: str, images: Sequence[bytes]) -> str:
        return "".join(f"[img-{next(places)}]" for _ in images) + text if marked else text

    if isinstance(request, GenerateRequest):
        return replace(request, prompt=words(request.prompt, request.images), images=())
    if isinstance(request, ChatRequest):
        messages = tuple(
            replace(message, content=words(message.content, message.images), images=()) for message in request.messages
        )
        return replace(request, messages=messages)
    return request


def _changed(data: bytes, change: Callable[[Image.Image, bytes], Image.Image]) -> bytes:
    """A picture after a change, as PNG; what is no picture stays, and fails as it does for everyone."""
    from PIL import Image, UnidentifiedImageError

    if sound_format(data):
        return data
    try:
        with Image.open(io.BytesIO(data)) as picture:
            changed = change(picture.convert("RGB"), data)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return data
    png = io.BytesIO()
    changed.save(png, "PNG", compress_level=1)
    return png.getvalue()


def _plain(picture: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    from PIL import Image

    return Image.new("RGB", picture.size, colour)


def _noise(picture: Image.Image, data: bytes) -> Image.Image:
    """The same noise for the same bytes, so that a question asked twice is answered alike."""
    from PIL import Image

    seeded = random.Random(hashlib.sha256(data).digest())  # noqa: S311
    return Image.frombytes("RGB", picture.size, seeded.randbytes(picture.width * picture.height * 3))


def _exchanged(picture: Image.Image) -> Image.Image:
    from PIL import Image

    return Image.merge("RGB", picture.split()[::-1])


def _mean(picture: Image.Image) -> Image.Image:
    from PIL import Image

    return picture.resize((1, 1), Image.Resampling.BOX)


def _transposed(picture: Image.Image, how: str) -> Image.Image:
    from PIL import Image

    return picture.transpose(Image.Transpose[how])


_CHANGES: Mapping[str, Callable[[Image.Image, bytes], Image.Image]] = {
    "black": lambda picture, _: _plain(picture, (0, 0, 0)),
    "noise": _noise,
    "grey": lambda picture, _: _plain(picture, _GREY),
    "bgr": lambda picture, _: _exchanged(picture),
    "turned": lambda picture, _: _transposed(picture, "ROTATE_90"),
    "mirrored": lambda picture, _: _transposed(picture, "FLIP_LEFT_RIGHT"),
    "flipped": lambda picture, _: _transposed(picture, "FLIP_TOP_BOTTOM"),
    "part": lambda picture, _: picture.crop((0, 0, picture.width, max(1, picture.height // 2))),
    "tiny": lambda picture, _: _mean(picture),
    "small": lambda picture, _: picture.resize(_FEW),
}

BLIND = ("dropped", "marker", "stale", "first", "last", *_CHANGES)
"""What the model gets in place of the pictures: none; the words `[img-0]`; those of the request before; the first one,
the last one for each; all black; noise; one grey; red and blue exchanged; a quarter turn; mirrored; upside down; the
upper half; one pixel of the mean colour. With "small" it gets 16x16 pixels of each: poor sight, and no blindness."""
