"""Sandbox for paths: within it, files are opened by a guard alone, who knows which of them may be read.

It is ambient, as cancel scopes are: a path may come from a folder, a link in it or a list, and every place that opens a
file has to keep to it, those that are yet to be written as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Confinement(Protocol):
    """Says which files may be read."""

    def open(self, path: str, *, folder: bool = False) -> int:
        """A descriptor of a file, or of a folder, that may be read; whoever gets it closes it.

        Raises ImageError for what lies elsewhere and for pipes and devices, and OSError.
        """

    def allows(self, path: str) -> bool:
        """Whether what is at the path, where its links lead, may be read as far as its place goes."""


CONFINEMENT: ContextVar[Confinement | None] = ContextVar("confinement", default=None)
"""Who opens files now; `None` where every file may be read."""


@contextmanager
def confined(to: Confinement) -> Iterator[None]:
    """Within it, all that reads files reads those alone, also in threads and tasks that are begun there."""
    before = CONFINEMENT.set(to)
    try:
        yield
    finally:
        CONFINEMENT.reset(before)


def confinement() -> Confinement | None:
    return CONFINEMENT.get()


def opener() -> Callable[[str, int], int] | None:
    """What `open` takes as its `opener`; `None` where every file may be read."""
    guard = CONFINEMENT.get()
    return None if guard is None else lambda path, flags: guard.open(path)
