"""A background event loop: async code from sync callers, also from those inside a running loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Generator
from types import TracebackType
from typing import TypeVar

from .stop_switch import result_of

T = TypeVar("T")


class LoopThread:
    """With it, awaitables are run one at a time, while what they started goes on in between.

    Leaving it cancels what still runs and waits for that: `asyncio.run` does so, and it ends generators and closes
    connections that belong to the loop.
    """

    def __enter__(self) -> LoopThread:
        ready = threading.Event()
        # A daemon: a second Ctrl-C while requests are being closed ends the program at once.
        self._thread = threading.Thread(target=lambda: asyncio.run(self._stay(ready)), name="describing", daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._left.set)
        self._thread.join()

    def run(self, step: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await step

        return result_of(asyncio.run_coroutine_threadsafe(awaited(), self._loop))

    async def _stay(self, ready: threading.Event) -> None:
        self._loop, self._left = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await self._left.wait()


def on_loop_thread(results: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """What a generator gives that works on an event loop, for a caller that has none; leaving it early ends both."""

    async def following() -> T | None:
        # A loop ends those generators that were begun on it: so the call of anext is made there too.
        return await anext(results, None)

    with LoopThread() as loop:
        while (result := loop.run(following())) is not None:
            yield result
