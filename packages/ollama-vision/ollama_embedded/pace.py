"""The pace of a scripted answer: a gate that a test opens, or a pause for the eye."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass


class Gate:
    """Holds the server at a place until the test lets it on. Made for threads: no sleeping, no guessing.

    >>> gate = Gate()
    >>> gate.open()
    """

    def __init__(self) -> None:
        self.reached = threading.Event()
        """Set when the server waits at the gate, or has passed it."""
        self._open = threading.Event()
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def open(self) -> None:
        """Let everything through from now on. May be called from any thread."""
        with self._lock:
            self._open.set()
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            loop.call_soon_threadsafe(event.set)

    async def passed(self) -> None:
        """Wait on the server's event loop; safe to cancel."""
        event = asyncio.Event()
        place = (asyncio.get_running_loop(), event)
        with self._lock:
            if not self._open.is_set():
                self._waiting.append(place)
        self.reached.set()
        if self._open.is_set():
            return
        try:
            await event.wait()
        finally:
            with self._lock:
                # A client that left must not keep its loop alive here.
                self._waiting = [other for other in self._waiting if other[1] is not event]


@dataclass(frozen=True)
class Pause:
    """A pause in seconds, for watching by hand; a test is better off with a `Gate`."""

    seconds: float

    async def passed(self) -> None:
        await asyncio.sleep(self.seconds)
