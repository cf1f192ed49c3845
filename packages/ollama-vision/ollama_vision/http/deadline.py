"""Deadline: how many seconds one call may take, and one read of it (read timeout)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

from ollama_vision import errors

T = TypeVar("T")
CONNECT_SECONDS = 10.0
"""Connecting is quick or hopeless; loading a model and reading a prompt are what takes long."""


@dataclass(frozen=True)
class Deadline:
    """Both in seconds; `None`: for ever. Its time runs from its making on."""

    read_timeout: float | None = None
    """How long nothing may come; `request_timeout` for users."""
    seconds: float | None = None
    """How long the whole call may take."""
    ends_at: float | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ends_at", None if self.seconds is None else time.monotonic() + self.seconds)

    @property
    def remaining(self) -> float | None:
        return None if self.ends_at is None else max(0.0, self.ends_at - time.monotonic())

    @property
    def is_over(self) -> bool:
        return self.ends_at is not None and self.remaining == 0.0

    def at_most(self, seconds: float) -> float:
        """So many seconds, or what is left."""
        remaining = self.remaining
        return seconds if remaining is None else min(seconds, remaining)

    def check(self) -> None:
        if self.is_over:
            raise self.error()

    def error(self) -> errors.DeadlineError:
        return errors.DeadlineError(f"The call took longer than its deadline of {self.seconds:g} seconds.")

    @property
    def timeouts(self) -> dict[str, float | None]:
        """For each thing that a connection may wait for."""
        remaining, read = self.remaining, self.read_timeout
        if remaining is not None:
            read = remaining if read is None else min(read, remaining)
        return {"connect": self.at_most(CONNECT_SECONDS), "read": read, "write": read}


async def within(deadline: Deadline, step: Awaitable[T]) -> T:
    """Wait for a step on an event loop, until the deadline at the most."""
    if deadline.remaining is None:
        return await step
    limit = asyncio.timeout(deadline.remaining)
    try:
        async with limit:
            return await step
    except TimeoutError as cause:
        if not limit.expired():  # the step's own
            raise
        raise deadline.error() from cause
