"""How to wait for a model's own endpoints, for code that is written once: by blocking, or on an event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from typing import Any, TypeVar

from ollama_vision.http import Deadline
from ollama_vision.pictures import ServerSizes, awaited
from ollama_vision.protocol import Said

from .call import Asker
from .server_calls import server_sizes

T = TypeVar("T")
Item = TypeVar("Item")


class BlockingCaller:
    """Waits by blocking the thread."""

    def __init__(self, llm: Asker) -> None:
        self._asker = llm

    async def prepare(self, pictures: Any, work: Callable[[Any, ServerSizes | None], T]) -> T:
        """Do work on pictures, for a server that leaves these sizes alone: it reads, decodes or encodes."""
        clock = Deadline(self._asker.request_timeout, self._asker.deadline)
        done = work(pictures, await server_sizes(self._asker._blocking, self._asker, pictures))
        clock.check()
        return done

    async def take(self, stream: Generator[Item, None, None]) -> Item | None:
        """A stream's next item; `None` at its end."""
        return next(stream, None)

    async def close(self, stream: Generator[Any, None, None]) -> None:
        stream.close()


class LoopCaller:
    """Waits on the running event loop."""

    def __init__(self, llm: Asker) -> None:
        self._asker = llm

    async def prepare(self, pictures: Any, work: Callable[[Any, ServerSizes | None], T]) -> T:
        """Do work on pictures away from the loop, what can only be awaited read before."""
        pictures = await awaited(pictures)
        clock = Deadline(self._asker.request_timeout, self._asker.deadline)
        sizes = await server_sizes(self._asker._on_loop, self._asker, pictures)
        return await self._asker._on_loop.run(lambda: work(pictures, sizes), clock)

    async def take(self, stream: AsyncGenerator[Item, None]) -> Item | None:
        """A stream's next item; `None` at its end."""
        return await anext(stream, None)

    async def close(self, stream: AsyncGenerator[Any, None]) -> None:
        await stream.aclose()


class BlockingChat(BlockingCaller):
    """A model's own chat, asked by blocking the thread.

    Args:
        llm: the model.
        chat: its endpoint that gives a whole answer.
        stream: its endpoint that gives a stream of growing ones.
        keywords: those of each call.
        said: what an answer says, a `Said`.
    """

    def __init__(
        self,
        llm: Asker,
        chat: Callable[..., Item],
        stream: Callable[..., Generator[Item, None, None]],
        keywords: Mapping[str, Any],
        said: Callable[[Item], Any],
    ) -> None:
        super().__init__(llm)
        self._chat, self._stream, self._keywords, self.said = chat, stream, keywords, said

    async def collect(self, messages: Any) -> Said:
        said: Said = self.said(self._chat(messages, **self._keywords))
        return said

    async def start(self, messages: Any) -> Any:
        return self._stream(messages, **self._keywords)


class LoopChat(LoopCaller):
    """The same on an event loop, where both endpoints are awaited."""

    def __init__(
        self,
        llm: Asker,
        chat: Callable[..., Awaitable[Item]],
        stream: Callable[..., Awaitable[AsyncGenerator[Item, None]]],
        keywords: Mapping[str, Any],
        said: Callable[[Item], Any],
    ) -> None:
        super().__init__(llm)
        self._chat, self._stream, self._keywords, self.said = chat, stream, keywords, said

    async def collect(self, messages: Any) -> Said:
        said: Said = self.said(await self._chat(messages, **self._keywords))
        return said

    async def start(self, messages: Any) -> Any:
        return await self._stream(messages, **self._keywords)
