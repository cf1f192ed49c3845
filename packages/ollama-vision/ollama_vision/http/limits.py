"""Concurrency limits beside an event loop: thread pools of the process, semaphores of the loop, admission control."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
_ADMITTED_IN_A_TURN = 8
"""Calls that begin in the same turn of an event loop: LlamaIndex's spans and events and our own beginning take 0.25 ms
of each, and a hundred of them in one turn would let nothing else happen."""
_UPLOADS_AT_ONCE = 4
"""Bodies with pictures that are sent at the same time on an event loop: they share one wire and one thread of Python
anyway, and each further one holds up whatever else the loop has to do."""
_PREPARED_AT_ONCE = min(4, os.cpu_count() or 1)
"""Calls whose pictures are prepared at the same time beside an event loop: more threads than cores do no more work,
and take turns with the loop at being the one that runs Python."""


class Executors:
    """Process-wide thread pools for preparing pictures and for base64; made anew after a fork.

    Few threads of our own: each keeps memory for itself (13 MB with six of asyncio's, 4 with these, for 16 pictures
    of 12 megapixels at once), and coding base64 runs in one thread of Python at a time whatever their number.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.prepare = ThreadPoolExecutor(_PREPARED_AT_ONCE, "prepares-pictures")
        self.base64 = ThreadPoolExecutor(1, "codes-pictures")


_executors = Executors()  # whose threads start with the first work


def executors() -> Executors:
    """Those of this process: a fork has none of its parent's threads."""
    global _executors
    if _executors.pid != os.getpid():
        _executors = Executors()
    return _executors


class LoopLimits:
    """Semaphores of one event loop: calls that begin, pictures that are prepared, bodies that are uploaded."""

    @classmethod
    def this_loop(cls) -> LoopLimits:
        loop = asyncio.get_running_loop()
        if loop not in _of_loops:
            for other in [known for known in list(_of_loops) if known.is_closed()]:
                _of_loops.pop(other, None)
            _of_loops[loop] = cls()
        return _of_loops[loop]

    def __init__(self) -> None:
        self.beginning = asyncio.Semaphore(_ADMITTED_IN_A_TURN)
        self.preparing = asyncio.Semaphore(_PREPARED_AT_ONCE)
        self.uploading = asyncio.Semaphore(_UPLOADS_AT_ONCE)


_of_loops: dict[asyncio.AbstractEventLoop, LoopLimits] = {}
"""Not weak: a semaphore that somebody waited for holds its loop."""


async def admit() -> None:
    """Admission control: wait until a call may begin on this loop, the next turn unless many begin together."""
    async with LoopLimits.this_loop().beginning:
        await asyncio.sleep(0)


def in_thread(threads: Executor, work: Callable[[], T]) -> Awaitable[T]:
    """Do work in one of the threads, with the caller's context variables."""
    return asyncio.get_running_loop().run_in_executor(threads, copy_context().run, work)
