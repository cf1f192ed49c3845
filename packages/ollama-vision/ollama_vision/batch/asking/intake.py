"""Intake (producer side) of a run: an item is pulled, opened, hashed and prepared in one turn of one thread."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias

from ollama_vision import errors
from ollama_vision.pictures import ImageOptions, PreparedImage

from . import cache as remembering
from .outcome import Item
from .question import PictureAnswer


class Source(Protocol):
    """The picture, or the pages, of one item. Its methods read and decode, and are called in threads."""

    def sha256(self) -> str: ...

    def pictures(self) -> Sequence[PreparedImage]: ...


@dataclass(frozen=True)
class Answered:
    """An item about which nothing need be asked."""

    answer: PictureAnswer
    sha256: str = ""
    """Of its bytes, in hex, where that is known."""


Open: TypeAlias = Callable[[Item, int, ImageOptions], Source | Answered | None]
"""Opens an item, by its place among all: its picture, its answer, or `None` when it has no picture and is passed over.
Raises ImageError; called in threads."""
Items: TypeAlias = Iterable[Item] | AsyncIterable[Item]
Recall: TypeAlias = Callable[[str], PictureAnswer | None]
"""The answer that is known already of a picture, by the hash of its bytes; called in threads."""


@dataclass(frozen=True)
class Ready(Generic[Item]):
    """One item, ready to be asked about; or known already, or with what is wrong with it."""

    index: int
    """Its place in what was given, from 0."""
    item: Item
    sha256: str = ""
    pictures: Sequence[PreparedImage] = ()
    kept: PictureAnswer | None = None
    error: errors.OllamaMultiModalError | None = None
    skipped: bool = False
    """It holds no picture."""


class Intake(Generic[Item]):
    """Items, one at a time and numbered.

    What reads files while it is iterated does so in a thread; and since each step to a thread and back costs a
    tenth of what a small picture costs in all, that thread goes on with the item until it is ready.

    Args:
        items: what is pulled from, one item after the other, by one thread at a time.
        open_item: makes a picture of an item.
        options: how pictures are prepared.
        recall: what is known already.
    """

    def __init__(self, items: Items[Item], open_item: Open[Item], options: ImageOptions, recall: Recall) -> None:
        self.ended = False
        self._items: Iterator[Item] | AsyncIterator[Item]
        self._items = aiter(items) if isinstance(items, AsyncIterable) else iter(items)
        self._open, self._options, self._recall = open_item, options, recall
        self._count = 0
        self._pulling, self._one_at_a_time = threading.Lock(), asyncio.Lock()
        # One for each core: decoding and scaling leave the interpreter to others. Never more than wait for an item that
        # is long in coming, for they are threads of asyncio's own pool, which has four more than there are cores.
        self._preparing = asyncio.Semaphore(os.cpu_count() or 1)

    async def next(self) -> Ready[Item] | None:
        """The next item, ready; `None` when there is none. Raises what the items themselves raise."""
        items = self._items
        if isinstance(items, AsyncIterator):
            async with self._one_at_a_time:
                pulled = None if self.ended else self._numbered(await anext(items, None))
            if pulled is None:
                return None
            async with self._preparing:
                return await asyncio.to_thread(self._prepare, *pulled)
        async with self._preparing:
            return None if self.ended else await asyncio.to_thread(self._pull_and_prepare, items)

    async def once_more(self, index: int, item: Item) -> Ready[Item]:
        """An item that was given before, ready once more; what is kept of it counts for nothing."""
        async with self._preparing:
            return await asyncio.to_thread(self._prepare, index, item, recalls=False)

    def _pull_and_prepare(self, items: Iterator[Item]) -> Ready[Item] | None:
        with self._pulling:
            pulled = None if self.ended else self._numbered(next(items, None))
        return None if pulled is None else self._prepare(*pulled)

    def _numbered(self, item: Item | None) -> tuple[int, Item] | None:
        if item is None:
            self.ended = True
            return None
        self._count += 1
        return self._count - 1, item

    def _prepare(self, index: int, item: Item, *, recalls: bool = True) -> Ready[Item]:
        sha256 = ""
        try:
            source = self._open(item, index, self._options)
            if source is None:
                return Ready(index, item, skipped=True)
            if isinstance(source, Answered):
                return Ready(index, item, source.sha256, kept=source.answer)
            sha256 = source.sha256()
            if recalls and (kept := self._recall(sha256)):
                return Ready(index, item, sha256, kept=kept)
            return Ready(index, item, sha256, source.pictures())
        except errors.OllamaMultiModalError as error:
            return Ready(index, item, sha256, error=error)


def recall_from(cache: remembering.AnswerCache | None, request: str, output_cls: type | None) -> Recall:
    """What a cache has of a request; without one, nothing."""
    if cache is None:
        return lambda sha256: None
    return lambda sha256: remembering.recall(cache, remembering.key(sha256, request), output_cls)
