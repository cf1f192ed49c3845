"""The I/O seam: one body of `async def` code for sync and async callers, and the requests that go to Ollama.

What waits is written once over an `IO`. `AsyncIO` waits on an event loop; `BlockingIO` blocks in place and never
suspends, so that `run_blocking` runs the same code to its end for a caller without a loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .connections import Connections
from .deadline import Deadline, within
from .limits import LoopLimits, executors, in_thread
from .target import Target

if TYPE_CHECKING:
    from .response import HttpResponse

T = TypeVar("T")


class Body(Protocol):
    """What is sent to one of the server's paths; the content is made while it is sent, anew for each attempt."""

    @property
    def path(self) -> str: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def content_length(self) -> int: ...
    @property
    def media_bytes(self) -> int:
        """Bytes of pictures and sounds, which have to be read and coded."""

    def pieces(self) -> Iterator[bytes]: ...


class IO(Protocol):
    """How to wait; the two classes below."""

    async def run(self, work: Callable[[], T], deadline: Deadline) -> T:
        """Do work that reads, decodes or encodes, away from an event loop."""

    async def single_flight(self, name: str, ask: Callable[[], Awaitable[T]], deadline: Deadline) -> T:
        """Concurrent callers share one request; if it fails, each waiter asks on its own.

        What went wrong may be the first one's alone. Threads share with threads, and tasks with tasks of their loop:
        a thread that waited for its own loop would wait for ever.
        """

    async def sleep(self, seconds: float) -> None: ...

    async def open(self, target: Target, method: str, body: Body, deadline: Deadline) -> HttpResponse:
        """Send a request and wait for status and headers."""


class BlockingIO:
    """Waits by blocking the thread."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def run(self, work: Callable[[], T], deadline: Deadline) -> T:
        result = work()
        deadline.check()
        return result

    async def single_flight(self, name: str, ask: Callable[[], Awaitable[T]], deadline: Deadline) -> T:
        mine: Future[T | None] = Future()
        theirs = self._connections.in_flight().setdefault((None, name), mine)
        if theirs is mine:
            return await _lead_flight(ask, mine, self._connections.in_flight(), (None, name))
        try:
            answer: T | None = theirs.result(deadline.remaining)
        except TimeoutError as cause:
            raise deadline.error() from cause
        return await ask() if answer is None else answer

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - no event loop runs this, see `run_blocking`

    async def open(self, target: Target, method: str, body: Body, deadline: Deadline) -> HttpResponse:
        pool = self._connections.blocking(target)
        with pool.map_exceptions(deadline):
            content = _with_deadline(body.pieces(), deadline)
            request = pool.request(method, body.path, body.headers, body.content_length, content, deadline)
            connection, expired = pool.take()
            for each in expired:
                each.close()
            try:
                response = connection.handle_request(request)
            except BaseException:
                pool.discard(connection)
                connection.close()
                raise
        return pool.response(response, connection, deadline, self._connections)


class AsyncIO:
    """Waits on the running event loop."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def run(self, work: Callable[[], T], deadline: Deadline) -> T:
        limits = LoopLimits.this_loop()
        # Not all at once into the threads' queue: these would hold up the rest of the turn in which many calls begin.
        await within(deadline, limits.preparing.acquire())
        try:
            return await within(deadline, in_thread(executors().prepare, work))
        finally:
            limits.preparing.release()

    async def single_flight(self, name: str, ask: Callable[[], Awaitable[T]], deadline: Deadline) -> T:
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[T | None] = loop.create_future()
        theirs = self._connections.in_flight().setdefault((loop, name), mine)
        if theirs is mine:
            return await _lead_flight(ask, mine, self._connections.in_flight(), (loop, name))
        answer: T | None = await within(deadline, asyncio.shield(theirs))  # who leaves must not end it for the others
        return await ask() if answer is None else answer

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def open(self, target: Target, method: str, body: Body, deadline: Deadline) -> HttpResponse:
        pool = await self._connections.on_loop(target)
        with pool.map_exceptions(deadline), ExitStack() as turn:
            content: AsyncIterator[bytes] | bytes
            if body.media_bytes:
                limits = LoopLimits.this_loop()
                await within(deadline, limits.uploading.acquire())
                turn.callback(limits.uploading.release)
                content = _encode_in_thread(body.pieces(), executors().base64, turn)
            else:
                content = b"".join(body.pieces())
            request = pool.request(method, body.path, body.headers, body.content_length, content, deadline)
            connection, expired = pool.take()
            try:
                for each in expired:
                    await each.aclose()
                response = await within(deadline, connection.handle_async_request(request))
            except BaseException:
                pool.discard(connection)
                await connection.aclose()
                raise
        return pool.response(response, connection, deadline, self._connections)


def run_blocking(steps: Coroutine[Any, Any, T]) -> T:
    """Run code over a `BlockingIO` to its end, in place, whether or not an event loop is running."""
    try:
        steps.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    steps.close()
    raise RuntimeError("code over a BlockingIO must not suspend")


async def _lead_flight(ask: Callable[[], Awaitable[T]], answer: Any, in_flight: dict[Any, Any], key: Any) -> T:
    """Ask, and pass the answer to those who wait; nothing, when it fails or is cancelled."""
    found = None
    try:
        found = await ask()
        return found
    finally:
        del in_flight[key]
        answer.set_result(found)


def _with_deadline(pieces: Iterator[bytes], deadline: Deadline) -> Iterator[bytes]:
    for piece in pieces:
        deadline.check()
        yield piece


async def _encode_in_thread(pieces: Iterator[bytes], threads: Executor, turn: ExitStack) -> AsyncIterator[bytes]:
    """Reading and coding a piece of a picture takes about a millisecond: not on the loop. Ends its turn at the gate
    when the last piece is out; the answer may take minutes."""
    while (piece := await in_thread(threads, lambda: next(pieces, None))) is not None:
        yield piece
    turn.close()
