"""Ctrl-C: the first ends what is running in good order, the second at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from .exits import INTERRUPTED
from .screen import Screen


@contextmanager
def second_control_c_at_once(screen: Screen) -> Iterator[None]:
    """The results are whole lines at every moment, so nothing is lost by leaving without a word."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        # Ctrl-C is ignored where a shell has put the command in the background: let it be.
        yield
        return

    def at_once(number: int, frame: FrameType | None) -> None:
        screen.console.show_cursor()
        os._exit(INTERRUPTED)

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, at_once)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
