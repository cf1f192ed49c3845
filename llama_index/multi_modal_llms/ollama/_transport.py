"""Bytes over HTTP, sync and async: the only room that opens a socket to Ollama.

What waits is written once, as `async def` over an `IO`. `LoopIO` really waits on an event loop; `BlockingIO` blocks in
place and never suspends, so that `drive` runs the same code to its end for a caller without a loop.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from . import _http as httpcore2
from ._clock import Clock, within
from ._connections import Connections
from ._exchange import BlockingExchange, Exchange, LoopExchange
from ._faults import translated
from ._request import Request
from ._target import Target

if TYPE_CHECKING:
    from ._pool import Pool

T = TypeVar("T")
_BEGIN_IN_A_TURN = 8
"""Calls that begin in the same turn of an event loop: LlamaIndex's spans and events and our own beginning take 0.25 ms
of each, and a hundred of them in one turn would let nothing else happen."""
_UPLOADS_AT_ONCE = 4
"""Bodies with pictures that are sent at the same time on an event loop: they share one wire and one thread of Python
anyway, and each further one holds up whatever else the loop has to do."""
_PREPARED_AT_ONCE = min(4, os.cpu_count() or 1)
"""Calls whose pictures are prepared at the same time beside an event loop: more threads than cores do no more work,
and take turns with the loop at being the one that runs Python."""
_HEADERS = (
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
    ("Content-Type", "application/json"),
    ("User-Agent", "llama-index-multi-modal-llms-ollama"),
)
"""Sent with each request, unless the caller gives others."""


class _Threads:
    """What works beside event loops, for all of a process, and never ends before it.

    Few threads of our own: each keeps memory for itself (13 MB with six of asyncio's, 4 with these, for 16 pictures
    of 12 megapixels at once), and coding base64 runs in one thread of Python at a time whatever their number.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.preparers = ThreadPoolExecutor(_PREPARED_AT_ONCE, "prepares-pictures")
        self.coder = ThreadPoolExecutor(1, "codes-pictures")


_threads = _Threads()  # which start with the first work


def _of_this_process() -> _Threads:
    global _threads
    if _threads.pid != os.getpid():  # a fork has none of its parent's threads
        _threads = _Threads()
    return _threads


class _Beside:
    """Who of those who wait on one event loop may go on."""

    @classmethod
    def this_loop(cls) -> _Beside:
        loop = asyncio.get_running_loop()
        if loop not in _beside:
            for other in [known for known in list(_beside) if known.is_closed()]:
                _beside.pop(other, None)
            _beside[loop] = cls()
        return _beside[loop]

    def __init__(self) -> None:
        self.beginning = asyncio.Semaphore(_BEGIN_IN_A_TURN)
        self.preparing = asyncio.Semaphore(_PREPARED_AT_ONCE)
        self.uploading = asyncio.Semaphore(_UPLOADS_AT_ONCE)


_beside: dict[asyncio.AbstractEventLoop, _Beside] = {}
"""Not weak: a semaphore that somebody waited for holds its loop."""


class IO(Protocol):
    """How to wait; the two classes below."""

    async def run(self, work: Callable[[], T], clock: Clock) -> T:
        """Do work that reads, decodes or encodes, away from an event loop."""

    async def once(self, name: str, ask: Callable[[], Awaitable[T]], clock: Clock) -> T:
        """Ask a question, or wait for the answer to the same one that is being asked already.

        Threads wait for threads, and tasks for tasks of their loop: a thread that waits for its own loop waits for
        ever. Who waited for an answer that did not come asks for himself: what went wrong may be the other's alone.
        """

    async def sleep(self, seconds: float) -> None: ...

    async def open(self, target: Target, method: str, request: Request, clock: Clock) -> Exchange:
        """Send a request and wait for status and headers."""


class BlockingIO:
    """Waits by blocking the thread."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def run(self, work: Callable[[], T], clock: Clock) -> T:
        result = work()
        clock.check()
        return result

    async def once(self, name: str, ask: Callable[[], Awaitable[T]], clock: Clock) -> T:
        mine: Future[T | None] = Future()
        theirs = self._connections.asked().setdefault((None, name), mine)
        if theirs is mine:
            return await _shared(ask, mine, self._connections.asked(), (None, name))
        try:
            answer: T | None = theirs.result(clock.remaining)
        except TimeoutError as cause:
            raise clock.over() from cause
        return await ask() if answer is None else answer

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - no event loop runs this, see `drive`

    async def open(self, target: Target, method: str, request: Request, clock: Clock) -> Exchange:
        pool = self._connections.blocking(target)
        with translated(target, clock, began=False):
            asked = _asked(pool, target, method, request, _on_time(request.pieces(), clock), clock)
            connection, over = pool.take()
            for each in over:
                each.close()
            try:
                response = connection.handle_request(asked)
            except BaseException:
                pool.give_back(connection)
                connection.close()
                raise
        return BlockingExchange(response, connection, pool, self._connections, clock)


class LoopIO:
    """Waits on the running event loop."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def run(self, work: Callable[[], T], clock: Clock) -> T:
        beside = _Beside.this_loop()
        # Not all at once into the threads' queue: these would hold up the rest of the turn in which many calls begin.
        await within(clock, beside.preparing.acquire())
        try:
            return await within(clock, _in_thread(_of_this_process().preparers, work))
        finally:
            beside.preparing.release()

    async def once(self, name: str, ask: Callable[[], Awaitable[T]], clock: Clock) -> T:
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[T | None] = loop.create_future()
        theirs = self._connections.asked().setdefault((loop, name), mine)
        if theirs is mine:
            return await _shared(ask, mine, self._connections.asked(), (loop, name))
        answer: T | None = await within(clock, asyncio.shield(theirs))  # who leaves must not end it for the others
        return await ask() if answer is None else answer

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def open(self, target: Target, method: str, request: Request, clock: Clock) -> Exchange:
        pool = await self._connections.on_loop(target)
        with translated(target, clock, began=False), ExitStack() as turn:
            content: AsyncIterator[bytes] | bytes
            if request.media_bytes:
                beside = _Beside.this_loop()
                await within(clock, beside.uploading.acquire())
                turn.callback(beside.uploading.release)
                content = _coded(request.pieces(), _of_this_process().coder, turn)
            else:
                content = b"".join(request.pieces())
            asked = _asked(pool, target, method, request, content, clock)
            connection, over = pool.take()
            try:
                for each in over:
                    await each.aclose()
                response = await within(clock, connection.handle_async_request(asked))
            except BaseException:
                pool.give_back(connection)
                await connection.aclose()
                raise
        return LoopExchange(response, connection, pool, self._connections, clock)


async def turn_to_begin() -> None:
    """Wait until a call may begin on this loop: the next turn, unless many begin together."""
    async with _Beside.this_loop().beginning:
        await asyncio.sleep(0)


async def _shared(ask: Callable[[], Awaitable[T]], answer: Any, asked: dict[Any, Any], key: Any) -> T:
    """Ask, and tell those who wait; nothing, when it fails or is cancelled."""
    told = None
    try:
        told = await ask()
        return told
    finally:
        del asked[key]
        answer.set_result(told)


def drive(steps: Coroutine[Any, Any, T]) -> T:
    """Run code over a `BlockingIO` to its end, in place, whether or not an event loop is running."""
    try:
        steps.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    steps.close()
    raise RuntimeError("code over a BlockingIO must not suspend")


def _asked(
    pool: Pool,
    target: Target,
    method: str,
    request: Request,
    content: Iterator[bytes] | AsyncIterator[bytes] | bytes,
    clock: Clock,
) -> httpcore2.Request:
    length = ("Content-Length", str(request.content_length))
    named = {
        name.lower(): (name, value) for name, value in (*_HEADERS, *target.headers, *request.headers.items(), length)
    }
    headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in named.values()]
    if "host" not in named:
        headers.insert(0, (b"Host", pool.host))
    return httpcore2.Request(
        method,
        pool.url(request.path),
        headers=headers,
        content=content if request.parts else None,
        extensions={"timeout": clock.timeouts()},
    )


def _on_time(pieces: Iterator[bytes], clock: Clock) -> Iterator[bytes]:
    for piece in pieces:
        clock.check()
        yield piece


async def _coded(pieces: Iterator[bytes], threads: Executor, turn: ExitStack) -> AsyncIterator[bytes]:
    """Reading and coding a piece of a picture takes about a millisecond: not on the loop. Ends its turn at the gate
    when the last piece is out; the answer may take minutes."""
    while (piece := await _in_thread(threads, lambda: next(pieces, None))) is not None:
        yield piece
    turn.close()


def _in_thread(threads: Executor, work: Callable[[], T]) -> Awaitable[T]:
    return asyncio.get_running_loop().run_in_executor(threads, copy_context().run, work)
