"""The I/O seam: one body of `async def` code for sync and async callers, and the connection manager beneath it.

What waits is written once over one of the two. `AsyncIO` waits on an event loop; `BlockingIO` blocks in place and never
suspends, so that `run_blocking` runs the same code to its end for a caller without a loop. Connection pools are kept
one set for each event loop, none of them in a copy, a pickle or a fork.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from .deadline import Deadline, within
from .limits import LoopLimits, executors, in_thread
from .losses import Losses

if TYPE_CHECKING:
    from .pool import Body, Pool
    from .response import HttpResponse
    from .target import Target

    _Kept = tuple[Pool, AsyncGenerator[None, None]]

T = TypeVar("T")

_closing: dict[Pool, tuple[object, ...]] = {}
"""Pools that are being closed, with keeper and task, which a loop holds weakly only. A loop that ends cancels the
task, perhaps before its first step, and then ends the keeper."""


class Connections:
    """Open connections of one object: re-used, one set for each event loop; copies and pickles start with none."""

    def __init__(self) -> None:
        self._blocking: dict[Target, Pool] = {}
        self._loops: dict[asyncio.AbstractEventLoop, dict[Target, _Kept]] = {}
        self.losses = Losses()
        self._start_afresh()

    def __reduce__(self) -> tuple[type[Connections], tuple[()]]:
        return Connections, ()

    def __deepcopy__(self, memo: dict[int, Any]) -> Connections:
        return Connections()

    def __del__(self) -> None:
        if getattr(self, "_pid", None) == os.getpid():
            self.close()

    def blocking(self, target: Target) -> Pool:
        self._notice_fork()
        with self._lock:
            if target not in self._blocking:
                self._blocking[target] = _pool(target, self.losses, on_loop=False)
            return self._blocking[target]

    async def on_loop(self, target: Target) -> Pool:
        self._notice_fork()
        loop = asyncio.get_running_loop()
        with self._lock:
            for other in [known for known in self._loops if known.is_closed()]:
                del self._loops[other]
            pools = self._loops.setdefault(loop, {})
            if target in pools:
                return pools[target][0]
            pool = _pool(target, self.losses, on_loop=True)
            keeper = _close_with_loop(pool)
            pools[target] = pool, keeper
        if sys.get_asyncgen_hooks().finalizer is not None:
            # A loop without this hook (nest_asyncio's) ends no generators: one that had begun would be ended by its
            # dropping, in place, where it cannot wait, and Python would complain of it on standard error.
            await anext(keeper)
        return pool

    def in_flight(self) -> dict[Any, Any]:
        """Questions that are being asked, as futures of their answers, by who asks and what: see `IO.single_flight`."""
        self._notice_fork()
        return self._in_flight

    def close(self) -> None:
        """Close every connection; those of other event loops as soon as these come to it."""
        with self._lock:
            blocking, loops = self._blocking, self._loops
            self._blocking, self._loops = {}, {}
        for pool in blocking.values():
            for connection in pool.close():
                connection.close()
        for loop, pools in loops.items():
            for kept, keeper in pools.values():
                if not loop.is_closed():
                    _closing[kept] = (keeper,)
                    with suppress(RuntimeError):  # the loop was closed in the same moment, and they with it
                        loop.call_soon_threadsafe(_schedule_close, loop, kept)

    async def aclose(self) -> None:
        """Close every connection, and wait for those of the running event loop."""
        with self._lock:
            mine = self._loops.pop(asyncio.get_running_loop(), {})
        for pool, keeper in mine.values():
            await keeper.aclose()
            await _close_pool(pool)  # a keeper that never began ends nothing
        self.close()

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():  # the sockets, and perhaps a held lock, belong to the parent
            self._start_afresh()

    def _start_afresh(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._in_flight: dict[Any, Any] = {}
        self._blocking = {}
        self._loops = {}


class BlockingIO:
    """Waits by blocking the thread."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def run(self, work: Callable[[], T], deadline: Deadline) -> T:
        """Do work that reads, decodes or encodes, in place."""
        result = work()
        deadline.check()
        return result

    async def single_flight(self, name: str, ask: Callable[[], Awaitable[T]], deadline: Deadline) -> T:
        """Concurrent callers share one request; if it fails, each waiter asks on its own.

        What went wrong may be the first one's alone. Threads share with threads, and tasks with tasks of their loop:
        a thread that waited for its own loop would wait for ever.
        """
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
        """Send a request and wait for status and headers."""
        return self._connections.blocking(target).send(method, body, deadline, self._connections)

    async def lost_connections(self, target: Target) -> int:
        """How many connections were lost so far, those included that are found so now."""
        for each in self._connections.blocking(target).take_lost():
            each.close()
        return self._connections.losses.count


class AsyncIO:
    """Waits on the running event loop."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def run(self, work: Callable[[], T], deadline: Deadline) -> T:
        """Do work that reads, decodes or encodes, away from the loop."""
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
        return await pool.asend(method, body, deadline, self._connections)

    async def lost_connections(self, target: Target) -> int:
        for each in (await self._connections.on_loop(target)).take_lost():
            await each.aclose()
        return self._connections.losses.count


IO = BlockingIO | AsyncIO
"""How to wait."""


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


async def _close_with_loop(pool: Pool) -> AsyncGenerator[None, None]:
    """Closes a pool with its loop: `asyncio.run` ends the generators that were begun on it, and so does dropping."""
    try:
        yield
    finally:
        await _close_pool(pool)


def _schedule_close(loop: asyncio.AbstractEventLoop, pool: Pool) -> None:
    _closing[pool] = (*_closing.get(pool, ()), loop.create_task(_close_pool(pool)))


async def _close_pool(pool: Pool) -> None:
    for connection in pool.close():
        await connection.aclose()
    _closing.pop(pool, None)


def _pool(target: Target, losses: Losses, *, on_loop: bool) -> Pool:
    """The only place that opens httpcore2: 15 ms of importing, which making an object does not pay."""
    from .pool import Pool

    return Pool(target, losses, on_loop=on_loop)
