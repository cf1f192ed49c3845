"""Settling of new files (debouncing): a file is taken when it has not changed for a while, and blamed later still.

Whoever writes a file says nowhere that it is whole. Its size and dates stand still when it is, and between two pieces
of a slow copy. So one that has settled and cannot be read is put off: until it changes, or for so long that it is no
half file any more, but a broken one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SETTLE = 2.0
"""Seconds without a change, after which a file is taken."""
PATIENCE = 30
"""So many times as long a file that cannot be read may still be a half one."""
_HERE = os.path.join(".", "")  # noqa: PTH118


class Mark(NamedTuple):
    """By what a change is noticed: what is renamed into a file's place has another inode, what is made readable
    another ctime."""

    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Mark:
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass
class Young:
    """A file that has changed lately."""

    mark: Mark
    since: float
    """By the clock: when it was last seen to change."""
    is_given: bool = False
    """Whether it was taken since."""
    why: str = ""
    """What was wrong with it when it was read; empty when it has not been put off."""


class Settling:
    """Which files of the folders have settled; `take` is asked of each of them, in one look after the other.

    Args:
        settle: seconds without a change.
        clock: monotonic.
        now: by which files are dated.
    """

    def __init__(
        self,
        settle: float = SETTLE,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settle, self.patience = settle, settle * PATIENCE
        self._clock, self._now = clock, now
        self._young: dict[str, Young] = {}
        self._known: set[int] = set()
        """What has been taken and is young no more, each as the hash of its path and mark: of 100,000 files the paths
        would be 20 MB."""
        self._seen: dict[str, Young] = {}
        self._still_known: set[int] = set()
        self._new: set[str] = set()
        self._looks = 0

    def begin_look(self) -> None:
        self._seen, self._still_known, self._new = {}, set(), set()

    def end_look(self) -> set[str]:
        """What was taken that was not before. What was not asked about is there no more."""
        self._young, self._known = self._seen, self._still_known
        self._looks += 1
        return self._new

    def take(self, path: str, status: os.stat_result) -> bool:
        """Whether a file that is there now has settled."""
        path = path.removeprefix(_HERE)  # as a run calls it
        mark = Mark.of(status)
        key = hash((path, mark))
        if key in self._known:
            self._still_known.add(key)
            return True
        now = self._clock()
        young = self._young.get(path)
        if young is None or young.mark != mark:
            young = Young(mark, now - self._age(status))
        self._seen[path] = young
        if now < self._due(young):
            return False
        if not young.is_given:
            young.is_given = True
            self._new.add(path)
        if now - young.since >= self.patience:
            del self._seen[path]
            self._still_known.add(key)
        return True

    def puts_off(self, path: str, why: str) -> bool:
        """Whether nothing is to be said yet of a file that could not be read. Called from other threads than `take`."""
        try:
            mark = Mark.of(Path(path).stat())
        except OSError:
            return True  # taken away again, or not to be had for now: the next look tells
        young = self._young.get(path)
        if young is None:
            return hash((path, mark)) not in self._known  # it is being written again
        if young.mark == mark and self._clock() - young.since >= self.patience:
            return False
        young.is_given, young.why = False, why
        return True

    def put_off(self) -> dict[str, str]:
        """The files that could not be read and have not changed since, and why."""
        return {path: young.why for path, young in self._young.items() if young.why and not young.is_given}

    def unsettled(self) -> int:
        """How many files are not taken yet."""
        return sum(not young.is_given for young in self._young.values())

    def due(self) -> float | None:
        """By the clock: when the next file has settled, unless it changes; `None` when there is none."""
        return min((self._due(young) for young in self._young.values() if not young.is_given), default=None)

    def _due(self, young: Young) -> float:
        return young.since + (self.patience if young.why else self.settle)

    def _age(self, status: os.stat_result) -> float:
        """Seconds since a file changed that was there at the first look, as its dates tell; a date to come tells
        nothing. One that comes later may be older by its dates than by its writing."""
        if self._looks:
            return 0.0
        return max(0.0, self._now() - max(status.st_mtime, status.st_ctime))
