"""Bytes over HTTP, sync and async: the only room that opens a socket to Ollama.

What waits is written once, as `async def` over an `IO`. `LoopIO` really waits on an event loop; `BlockingIO` blocks in
place and never suspends, so that `drive` runs the same code to its end for a caller without a loop.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from . import _http as httpcore
from . import errors
from ._clock import Clock
from ._connections import Connections, Target
from ._faults import translated, translation
from ._request import Request
from ._response import LineSplitter

if TYPE_CHECKING:
    from ._pool import Pool

T = TypeVar("T")
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
_UNPACKED = ("gzip", "x-gzip", "deflate")


class _Gates:
    """Who may go on, of those who wait on one event loop."""

    def __init__(self) -> None:
        self.preparing = asyncio.Semaphore(_PREPARED_AT_ONCE)
        self.uploading = asyncio.Semaphore(_UPLOADS_AT_ONCE)


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, _Gates] = WeakKeyDictionary()


class IO(Protocol):
    """How to wait; the two classes below."""

    async def run(self, work: Callable[[], T], clock: Clock) -> T:
        """Do work that reads, decodes or encodes, away from an event loop."""

    async def sleep(self, seconds: float) -> None: ...

    async def open(self, target: Target, method: str, request: Request, clock: Clock) -> Exchange:
        """Send a request and wait for status and headers."""


class Exchange:
    """A reply whose status and headers are here, and whose lines are coming."""

    def __init__(
        self, response: httpcore.Response, connection: Any, pool: Pool, connections: Connections, clock: Clock
    ) -> None:
        self.status = response.status
        self.headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        self._stream: Any = response.stream
        self._taken = [connection]
        self._pool = pool
        self._connections = connections  # they close when nobody holds them: not before the reply is over
        self._clock = clock
        self._splitter = LineSplitter()
        packed = self.headers.get("content-encoding", "").lower() in _UNPACKED
        self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None
        self._ended = False

    async def lines(self) -> list[bytes] | None:
        """The lines that one more read brings, without their newlines, perhaps none; `None` at the end."""
        if self._ended:
            return None
        piece = await self._piece()
        if piece is None:
            self._ended = True
            return self._splitter.end()
        return self._splitter.feed(piece)

    async def body(self) -> bytes:
        """All that is left, for replies that are one object."""
        pieces = []
        while (piece := await self._piece()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    async def _piece(self) -> bytes | None:
        raise NotImplementedError

    async def close(self) -> None:
        """End the reply; on a server that is still answering, this stops it. May be called at any time, and again."""
        raise NotImplementedError

    def _unpacked(self, piece: bytes | None) -> bytes | None:
        """We ask for nothing compressed; some proxies do it all the same."""
        if self._unpacker is None or piece is None:
            return piece
        try:
            return self._unpacker.decompress(piece)
        except zlib.error as cause:
            raise errors.BadReplyError(
                f"The reply of {self._pool.base_url} is compressed, and damaged: {cause}"
            ) from cause

    def _lost(self, cause: Exception) -> errors.OllamaMultiModalError:
        return translation(cause, self._pool.base_url, self._clock, began=True)

    def _unwanted(self) -> list[Any]:
        """The connection, if it cannot be used again: the caller closes it."""
        with suppress(IndexError):
            connection = self._taken.pop()
            if not self._pool.give_back(connection):
                return [connection]
        return []


class _BlockingExchange(Exchange):
    def __init__(
        self, response: httpcore.Response, connection: Any, pool: Pool, connections: Connections, clock: Clock
    ) -> None:
        super().__init__(response, connection, pool, connections, clock)
        self._pieces: Iterator[bytes] = iter(self._stream)
        self._socket_of = response.extensions["network_stream"]
        self._alarm: threading.Timer | None = None
        if clock.remaining is not None:
            # A blocked read ends after a silence, not at a time of day: at the deadline its socket is shut.
            self._alarm = threading.Timer(clock.remaining, self._shut)
            self._alarm.daemon = True
            self._alarm.start()

    async def _piece(self) -> bytes | None:
        self._clock.check()  # an answer that never falls silent never blocks
        try:
            return self._unpacked(next(self._pieces, None))
        except httpcore.faults() as cause:
            raise self._lost(cause) from cause

    async def close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._stream.close()
        for connection in self._unwanted():
            connection.close()

    def _shut(self) -> None:
        with suppress(OSError):  # it was closed in the same moment
            self._socket_of.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


class _LoopExchange(Exchange):
    def __init__(
        self, response: httpcore.Response, connection: Any, pool: Pool, connections: Connections, clock: Clock
    ) -> None:
        super().__init__(response, connection, pool, connections, clock)
        self._pieces: AsyncIterator[bytes] = aiter(self._stream)

    async def _piece(self) -> bytes | None:
        try:
            if self._clock.ends_at is None:
                return self._unpacked(await anext(self._pieces, None))
            return self._unpacked(await _within(self._clock, anext(self._pieces, None)))
        except httpcore.faults() as cause:
            raise self._lost(cause) from cause

    async def close(self) -> None:
        await self._stream.aclose()
        for connection in self._unwanted():
            await connection.aclose()


class BlockingIO:
    """Waits by blocking the thread."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def run(self, work: Callable[[], T], clock: Clock) -> T:
        result = work()
        clock.check()
        return result

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - no event loop runs this, see `drive`

    async def open(self, target: Target, method: str, request: Request, clock: Clock) -> Exchange:
        pool = self._connections.blocking(target)
        with translated(target.address.url, clock, began=False):
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
        return _BlockingExchange(response, connection, pool, self._connections, clock)


class LoopIO:
    """Waits on the running event loop."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def run(self, work: Callable[[], T], clock: Clock) -> T:
        gate = self._gates().preparing
        await _within(clock, gate.acquire())
        try:
            return await _within(clock, asyncio.to_thread(work))
        finally:
            gate.release()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def open(self, target: Target, method: str, request: Request, clock: Clock) -> Exchange:
        pool = await self._connections.on_loop(target)
        with translated(target.address.url, clock, began=False), ExitStack() as turn:
            content: AsyncIterator[bytes] | bytes
            if request.media_bytes:
                gate = self._gates().uploading
                await _within(clock, gate.acquire())
                turn.callback(gate.release)
                content = _in_thread(request.pieces(), turn)
            else:
                content = b"".join(request.pieces())
            asked = _asked(pool, target, method, request, content, clock)
            connection, over = pool.take()
            try:
                for each in over:
                    await each.aclose()
                response = await _within(clock, connection.handle_async_request(asked))
            except BaseException:
                pool.give_back(connection)
                await connection.aclose()
                raise
        return _LoopExchange(response, connection, pool, self._connections, clock)

    @staticmethod
    def _gates() -> _Gates:
        loop = asyncio.get_running_loop()
        if loop not in _gates:
            _gates[loop] = _Gates()
        return _gates[loop]


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
) -> httpcore.Request:
    length = ("Content-Length", str(request.content_length))
    named = {
        name.lower(): (name, value) for name, value in (*_HEADERS, *target.headers, *request.headers.items(), length)
    }
    headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in named.values()]
    if "host" not in named:
        headers.insert(0, (b"Host", pool.host))
    return httpcore.Request(
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


async def _in_thread(pieces: Iterator[bytes], turn: ExitStack) -> AsyncIterator[bytes]:
    """Reading and coding a piece of a picture takes about a millisecond: not on the loop. Ends its turn at the gate
    when the last piece is out; the answer may take minutes."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
    turn.close()


async def _within(clock: Clock, step: Awaitable[T]) -> T:
    if clock.remaining is None:
        return await step
    try:
        return await asyncio.wait_for(step, clock.remaining)
    except asyncio.TimeoutError as cause:
        if isinstance(cause, errors.OllamaMultiModalError):
            raise
        raise clock.over() from cause
