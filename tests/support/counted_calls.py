"""Calls of Python that a piece of work takes: a count that no busy machine changes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType


def calls_in(work: Callable[[], object]) -> int:
    """Calls of functions, Python's and C's, while it is done."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    outer = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(outer)
    return count
