"""How long a call may be silent, and when it has to be over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from . import errors

T = TypeVar("T")
CONNECT_SECONDS = 10.0
"""Connecting is quick or hopeless; loading a model and reading a prompt are what takes long."""


@dataclass(frozen=True)
class Clock:
    """Both in seconds; `None`: for ever."""

    silence: float | None = None
    deadline: float | None = None
    ends_at: float | None = None

    @classmethod
    def start(cls, silence: float | None, deadline: float | None) -> Clock:
        return cls(silence, deadline, None if deadline is None else time.monotonic() + deadline)

    @property
    def remaining(self) -> float | None:
        return None if self.ends_at is None else max(0.0, self.ends_at - time.monotonic())

    @property
    def is_over(self) -> bool:
        return self.remaining == 0.0

    def at_most(self, seconds: float) -> float:
        """So many seconds, or what is left."""
        remaining = self.remaining
        return seconds if remaining is None else min(seconds, remaining)

    def check(self) -> None:
        if self.is_over:
            raise self.over()

    def over(self) -> errors.DeadlineError:
        return errors.DeadlineError(f"The call took longer than its deadline of {self.deadline:g} seconds.")

    def timeouts(self) -> dict[str, float | None]:
        """For each thing that a connection may wait for."""
        remaining = self.remaining
        silence = min((s for s in (self.silence, remaining) if s is not None), default=None)
        return {"connect": self.at_most(CONNECT_SECONDS), "read": silence, "write": silence}


async def within(clock: Clock, step: Awaitable[T]) -> T:
    """Wait for a step on an event loop, until the deadline at the most."""
    if clock.remaining is None:
        return await step
    limit = asyncio.timeout(clock.remaining)
    try:
        async with limit:
            return await step
    except TimeoutError as cause:
        if not limit.expired():  # the step's own
            raise
        raise clock.over() from cause
