"""Admission control for frames: whoever knows what pictures cost says how many frames of a video fit into a question.

It is ambient, as the budget of tiles is: see tile_admission.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from .frames import Size

FrameRoom = Callable[[Sequence[Size]], int | None]
"""Gets the sizes as sent of one frame, and its tiles; gives how many such frames fit, 1 at least, `None` where nobody
knows."""

_room: ContextVar[FrameRoom | None] = ContextVar("frames", default=None)


@contextmanager
def frame_room(room: FrameRoom | None) -> Iterator[None]:
    """Within it, `frames_that_fit` asks that."""
    before = _room.set(room)
    try:
        yield
    finally:
        _room.reset(before)


def frames_that_fit(sizes: Sequence[Size]) -> int | None:
    """How many frames, each sent in these sizes, fit; `None`: there is no limit that anybody knows."""
    room = _room.get()
    return None if room is None else room(sizes)
