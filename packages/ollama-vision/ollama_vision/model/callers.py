"""How to wait for a model's own endpoints, for code that is written once: by blocking, or on an event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, TypeVar

from ollama_vision.pictures import awaited

from .call import Asker

T = TypeVar("T")
Item = TypeVar("Item")


class BlockingCaller:
    """Waits by blocking the thread."""

    def __init__(self, llm: Asker) -> None:
        self._asker = llm

    async def prepare(self, pictures: Any, work: Callable[[Any], T]) -> T:
        """Do work on pictures: it reads, decodes or encodes."""
        return await self._asker._blocking().run(lambda: work(pictures), self._asker._clock())

    async def take(self, stream: Generator[Item, None, None]) -> Item | None:
        """A stream's next item; `None` at its end."""
        return next(stream, None)

    async def close(self, stream: Generator[Any, None, None]) -> None:
        stream.close()


class LoopCaller:
    """Waits on the running event loop."""

    def __init__(self, llm: Asker) -> None:
        self._asker = llm

    async def prepare(self, pictures: Any, work: Callable[[Any], T]) -> T:
        """Do work on pictures away from the loop, what can only be awaited read before."""
        pictures = await awaited(pictures)
        return await self._asker._on_loop().run(lambda: work(pictures), self._asker._clock())

    async def take(self, stream: AsyncGenerator[Item, None]) -> Item | None:
        """A stream's next item; `None` at its end."""
        return await anext(stream, None)

    async def close(self, stream: AsyncGenerator[Any, None]) -> None:
        await stream.aclose()
