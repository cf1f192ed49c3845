"""Sandbox for paths: within it, files are opened by a guard alone, who knows which of them may be read.

It is ambient, as cancel scopes are: a path may come from a folder, a link in it or a list, and every place that opens a
file has to keep to it, those that are yet to be written as well.
"""

from __future__ import annotations

import os
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


_current: ContextVar[Confinement | None] = ContextVar("confinement", default=None)


@contextmanager
def confined(to: Confinement) -> Iterator[None]:
    """Within it, all that reads files reads those alone, also in threads and tasks that are begun there."""
    before = _current.set(to)
    try:
        yield
    finally:
        _current.reset(before)


def confinement() -> Confinement | None:
    return _current.get()


def opener() -> Callable[[str, int], int] | None:
    """What `open` takes as its `opener`; `None` where every file may be read."""
    guard = _current.get()
    return None if guard is None else lambda path, flags: guard.open(path)


def open_descriptor(path: str) -> int:
    """A file's descriptor, for reading."""
    guard = _current.get()
    if guard is None:
        return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    return guard.open(path)
