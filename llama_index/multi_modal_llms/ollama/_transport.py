"""Bytes over HTTP, sync and async: the only room that opens a socket to Ollama.

What waits is written once, as `async def` over an `IO`. `LoopIO` really waits on an event loop; `BlockingIO` blocks in
place and never suspends, so that `drive` runs the same code to its end for a caller without a loop.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import ExitStack, suppress
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from . import _http as httpx
from . import errors
from ._clock import Clock
from ._connections import Connections, Target
from ._faults import translated, translation
from ._request import Request
from ._response import LineSplitter

T = TypeVar("T")
_UPLOADS_AT_ONCE = 4
"""Bodies with pictures that one client sends at the same time on an event loop: they share one wire and one thread
of Python anyway, and each further one holds up whatever else the loop has to do."""
_gates: WeakKeyDictionary[httpx.AsyncClient, asyncio.Semaphore] = WeakKeyDictionary()


class IO(Protocol):
    """How to wait; the two classes below."""

    async def run(self, work: Callable[[], T], clock: Clock) -> T:
        """Do work that reads, decodes or encodes, away from an event loop."""

    async def sleep(self, seconds: float) -> None: ...

    async def open(self, target: Target, method: str, request: Request, clock: Clock) -> Exchange:
        """Send a request and wait for status and headers."""


class Exchange:
    """A reply whose status and headers are here, and whose lines are coming."""

    def __init__(self, response: httpx.Response, connections: Connections, target: Target, clock: Clock) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self._response = response
        self._connections = connections  # they close when nobody holds them: not before the reply is over
        self._url = target.address.url
        self._clock = clock
        self._splitter = LineSplitter()
        self._lines: deque[bytes] = deque()
        self._ended = False

    async def next_line(self) -> bytes | None:
        """The next line without its newline, or `None` at the end."""
        while not self._lines:
            if self._ended:
                return None
            piece = await self._piece()
            self._ended = piece is None
            self._lines.extend(self._splitter.end() if piece is None else self._splitter.feed(piece))
        return self._lines.popleft()

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


class _BlockingExchange(Exchange):
    def __init__(self, response: httpx.Response, connections: Connections, target: Target, clock: Clock) -> None:
        super().__init__(response, connections, target, clock)
        self._pieces = response.iter_bytes()
        self._alarm: threading.Timer | None = None
        if clock.remaining is not None:
            # A blocked read ends after a silence, not at a time of day: at the deadline its socket is shut.
            self._alarm = threading.Timer(clock.remaining, self._shut)
            self._alarm.daemon = True
            self._alarm.start()

    async def _piece(self) -> bytes | None:
        self._clock.check()  # an answer that never falls silent never blocks
        try:
            return next(self._pieces, None)
        except httpx.HTTPError as cause:
            raise translation(cause, self._url, self._clock, began=True) from cause

    async def close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._response.close()

    def _shut(self) -> None:
        stream = self._response.extensions["network_stream"]
        with suppress(OSError):  # it was closed in the same moment
            stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


class _LoopExchange(Exchange):
    def __init__(self, response: httpx.Response, connections: Connections, target: Target, clock: Clock) -> None:
        super().__init__(response, connections, target, clock)
        self._pieces = response.aiter_bytes()

    async def _piece(self) -> bytes | None:
        try:
            if self._clock.ends_at is None:
                return await anext(self._pieces, None)
            return await _within(self._clock, anext(self._pieces, None))
        except httpx.HTTPError as cause:
            raise translation(cause, self._url, self._clock, began=True) from cause

    async def close(self) -> None:
        await self._response.aclose()


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
        client = self._connections.blocking(target)
        with translated(target.address.url, clock, began=False):
            content = _on_time(request.pieces(), clock)
            response = client.send(_prepare(client, target, method, request, content, clock), stream=True)
        return _BlockingExchange(response, self._connections, target, clock)


class LoopIO:
    """Waits on the running event loop."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def run(self, work: Callable[[], T], clock: Clock) -> T:
        return await _within(clock, asyncio.to_thread(work))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def open(self, target: Target, method: str, request: Request, clock: Clock) -> Exchange:
        client = await self._connections.on_loop(target)
        with translated(target.address.url, clock, began=False), ExitStack() as turn:
            content: AsyncIterator[bytes] | bytes
            if request.media_bytes:
                gate = _gates.setdefault(client, asyncio.Semaphore(_UPLOADS_AT_ONCE))
                await _within(clock, gate.acquire())
                turn.callback(gate.release)
                content = _in_thread(request.pieces(), turn)
            else:
                content = b"".join(request.pieces())
            prepared = _prepare(client, target, method, request, content, clock)
            response = await _within(clock, client.send(prepared, stream=True))
        return _LoopExchange(response, self._connections, target, clock)


def drive(steps: Coroutine[Any, Any, T]) -> T:
    """Run code over a `BlockingIO` to its end, in place, whether or not an event loop is running."""
    try:
        steps.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    steps.close()
    raise RuntimeError("code over a BlockingIO must not suspend")


def _prepare(
    client: httpx.Client | httpx.AsyncClient,
    target: Target,
    method: str,
    request: Request,
    content: Iterator[bytes] | AsyncIterator[bytes] | bytes,
    clock: Clock,
) -> httpx.Request:
    headers = {
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        **dict(target.headers),
        **request.headers,
        "Content-Length": str(request.content_length),
    }
    return client.build_request(
        method,
        target.address.url + request.path,
        headers=headers,
        content=content if request.parts else None,
        timeout=clock.timeout(),
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
