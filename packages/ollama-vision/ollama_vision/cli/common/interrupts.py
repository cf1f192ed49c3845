"""Signal handling: the first of Ctrl-C, SIGTERM and SIGHUP shuts down gracefully, a second one exits at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from .screen import Screen


class Interrupted(KeyboardInterrupt):
    """The program was asked to end."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.words = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        self.code = 128 + number
        """What shells report of a program that a signal ended."""

    @classmethod
    def by(cls, error: KeyboardInterrupt) -> Interrupted:
        """Which one it was; Python's own is Ctrl-C's."""
        return error if isinstance(error, cls) else cls()


@contextmanager
def graceful_shutdown(screen: Screen) -> Iterator[None]:
    """The results are whole lines at every moment, so nothing is lost by leaving without a word the second time."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is ignored stays so: Ctrl-C where a shell has put the command in the background, SIGHUP under nohup.
    before = {number: handler for number, handler in _handlers().items() if handler in _DEFAULT}
    terminals = [stream for stream in (1, 2) if os.isatty(stream)]
    first: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        if not first:
            first.append(number)
            if number != signal.SIGINT:
                _leave_what_hung_up(terminals)
            raise Interrupted(number)
        # A terminal that closes sends SIGHUP more than once, and a service manager SIGHUP after SIGTERM.
        if number == signal.SIGINT or (number == signal.SIGTERM and number in first):
            screen.show_cursor()
            os._exit(128 + number)

    for number in before:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_DEFAULT = (signal.SIG_DFL, signal.default_int_handler)


def _handlers() -> dict[int, Any]:
    named = (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP"))  # Windows has no SIGHUP
    return {number: signal.getsignal(number) for number in named if number is not None}


def _leave_what_hung_up(terminals: list[int]) -> None:
    """Nobody reads a terminal that is gone, and writing to it is an error."""
    for stream in terminals:
        if not os.isatty(stream):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
