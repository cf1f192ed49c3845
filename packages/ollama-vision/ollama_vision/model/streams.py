"""Iterators that the streaming endpoints return: one that is finished, closed or dropped ends its request at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterator
from contextvars import ContextVar
from itertools import chain
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
        self._pulled: Any = _pull(reply)
        self._items: Iterator[Any] = self._pulled
        self.last: Any = None
        """The item that was taken last."""
        _register(self)

    @property
    def is_being_read(self) -> bool:
        running: bool = self._pulled.gi_running
        return running

    def check_reader(self) -> None:
        """Raises RuntimeError while another thread waits for an item."""
        if self.is_being_read:
            raise RuntimeError(_one_reader("thread"))

    def __next__(self) -> Any:
        try:
            self.last = item = next(self._items)
            return item
        except BaseException:
            self.check_reader()
            self.close()
            raise

    def send(self, value: None) -> Any:
        return next(self)

    def put_back(self, item: Any) -> None:
        """Give an item once more, before those that follow."""
        self._items = chain((item,), self._items)

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        self.close()
        raise (typ if val is None else val)

    def close(self) -> None:
        reply, self._reply, self._items = self._reply, None, iter(())
        if reply is not None:
            run_blocking(reply.close())

    def __del__(self) -> None:
        self.close()


def _pull(reply: Source) -> Generator[Any, None, None]:
    """Of no method, and so without its stream: one that is dropped shall be gone at once."""
    while (items := run_blocking(reply.next_items())) is not None:
        yield from items


class AsyncReplyStream(AsyncGenerator[Any, None]):
    """The same on an event loop."""

    def __init__(self, reply: Source) -> None:
        self._reply: Source | None = reply
        self._items: Iterator[Any] = iter(())
        self._loop = asyncio.get_running_loop()
        self.is_being_read = False
        self.last: Any = None
        """The item that was taken last."""
        _register(self)

    def __anext__(self) -> Coroutine[Any, Any, Any]:
        return self.asend(None)

    def check_reader(self) -> None:
        """Raises RuntimeError on another event loop, and while another task waits for an item."""
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError(_OTHER_LOOP)
        if self.is_being_read:
            raise RuntimeError(_one_reader("task"))

    async def asend(self, value: None) -> Any:
        self.check_reader()
        try:
            for item in self._items:
                self.last = item
                return item
            while self._reply is not None:
                self.is_being_read = True
                try:
                    items = await self._reply.next_items()
                finally:
                    self.is_being_read = False
                if items is None:
                    break
                self._items = items
                for item in items:
                    self.last = item
                    return item
        except BaseException:
            await self.aclose()
            raise
        self._reply = None
        raise StopAsyncIteration

    def put_back(self, item: Any) -> None:
        """Give an item once more, before those that follow."""
        self._items = chain((item,), self._items)

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


_OTHER_LOOP = (
    "This stream was asked for on another event loop, and its connection belongs to that one. Read it there, or ask "
    "within the loop that reads it: one asyncio.run around both."
)


def _one_reader(kind: str) -> str:
    return (
        f"This stream is being read by another {kind}: it has one reader at a time. Let one {kind} read it and hand "
        "its items on, or ask anew for each reader."
    )


def _register(stream: Any) -> None:
    held = opened.get()
    if held is not None:
        held.append(stream)


def _close_soon(loop: asyncio.AbstractEventLoop, reply: Source) -> None:
    task = loop.create_task(reply.close())
    _closing.add(task)
    task.add_done_callback(_closing.discard)
