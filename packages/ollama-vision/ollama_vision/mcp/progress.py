"""Progress notifications, with a heartbeat: clients give up on a call of which they hear nothing for a minute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ollama_vision.words import duration

from .service import Report

BETWEEN = 10.0
"""Seconds of silence, while a model is loaded say, until the last word is said again."""


@asynccontextmanager
async def with_heartbeat(report: Report) -> AsyncIterator[Report]:
    """Reports, which are repeated while nothing else comes. What is done only grows, as the protocol wants it."""
    last: tuple[float, float | None, str] = (0, None, "")
    begin = time.monotonic()

    async def speak(done: float, total: float | None, message: str) -> None:
        nonlocal last
        last = done, total, message
        await report(done, total, message)

    async def beat() -> None:
        told, beats = last, 0
        while True:
            await asyncio.sleep(BETWEEN)
            if last is not told:
                told, beats = last, 0
                continue
            beats += 1
            done, total, message = last
            # Between what is done and the next: more each time, and never as much.
            await report(done + beats / (beats + 1), total, f"{message} ({duration(time.monotonic() - begin)})")

    heart = asyncio.ensure_future(beat())
    try:
        yield speak
    finally:
        heart.cancel()
        # Nothing is said of a call that has its result. Whom nothing can be told any more has left, and cancels it.
        await asyncio.gather(heart, return_exceptions=True)
