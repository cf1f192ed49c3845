"""Iterators that the streaming endpoints return: one that is finished, closed or dropped ends its request at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterator
from contextvars import ContextVar
from typing import Any, Protocol

from ollama_vision.http import run_blocking

opened: ContextVar[list[Any] | None] = ContextVar("opened", default=None)
"""Where streams register that are made in this context: how they reach a wrapper past what wraps them first."""
_closing: set[asyncio.Task[None]] = set()
"""Event loops hold their tasks weakly only."""


class Source(Protocol):
    """What comes in piece by piece: a reply, or an object that grows out of one."""

    async def next_items(self) -> Iterator[Any] | None:
        """The pieces that are there after one more read, perhaps none; `None` at the end."""

    async def close(self) -> None: ...


class ReplyStream(Generator[Any, None, None]):
    """An answer as a generator; the request has been sent, and its first line is here."""

    def __init__(self, reply: Source) -> None:
        self._reply: Source | None = reply
        self._items: Iterator[Any] = iter(())
        _register(self)

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: None) -> Any:
        try:
            for item in self._items:
                return item
            while self._reply is not None and (items := run_blocking(self._reply.next_items())) is not None:
                self._items = items
                for item in items:
                    return item
        except BaseException:
            self.close()
            raise
        self._reply = None
        raise StopIteration

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        self.close()
        raise (typ if val is None else val)

    def close(self) -> None:
        reply, self._reply, self._items = self._reply, None, iter(())
        if reply is not None:
            run_blocking(reply.close())

    def __del__(self) -> None:
        self.close()


class AsyncReplyStream(AsyncGenerator[Any, None]):
    """The same on an event loop."""

    def __init__(self, reply: Source) -> None:
        self._reply: Source | None = reply
        self._items: Iterator[Any] = iter(())
        self._loop = asyncio.get_running_loop()
        _register(self)

    def __anext__(self) -> Coroutine[Any, Any, Any]:
        return self.asend(None)

    async def asend(self, value: None) -> Any:
        try:
            for item in self._items:
                return item
            while self._reply is not None and (items := await self._reply.next_items()) is not None:
                self._items = items
                for item in items:
                    return item
        except BaseException:
            await self.aclose()
            raise
        self._reply = None
        raise StopAsyncIteration

    async def athrow(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        await self.aclose()
        raise (typ if val is None else val)

    async def aclose(self) -> None:
        reply, self._reply, self._items = self._reply, None, iter(())
        if reply is not None:
            await reply.close()

    def __del__(self) -> None:
        reply, self._reply = self._reply, None
        if reply is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_close_soon, self._loop, reply)


def _register(stream: Any) -> None:
    held = opened.get()
    if held is not None:
        held.append(stream)


def _close_soon(loop: asyncio.AbstractEventLoop, reply: Source) -> None:
    task = loop.create_task(reply.close())
    _closing.add(task)
    task.add_done_callback(_closing.discard)
