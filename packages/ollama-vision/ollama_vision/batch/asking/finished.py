"""Tasks of asyncio that have ended, all that there are at a time."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Finished(Generic[T]):
    """Tasks that have ended and were not looked at yet: to wait for the first of many costs the same as for one."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[T]] = []
        self._there = asyncio.Event()

    def add(self, task: asyncio.Task[T]) -> None:
        self._tasks.append(task)
        self._there.set()

    async def take(self) -> list[asyncio.Task[T]]:
        """All that are there, as soon as there is one."""
        await self._there.wait()
        self._there.clear()
        tasks, self._tasks = self._tasks, []
        return tasks
