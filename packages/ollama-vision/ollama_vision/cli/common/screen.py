"""Terminal output: the answer alone on standard output, progress, notes and errors on standard error."""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

KEPT = {ord("\n"), ord("\t")}
_IN_NO_NAME = {*range(0x20), *range(0x7F, 0xA0)}
_CALLED_TERMINALS = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""Variables that have Rich take a pipe for a terminal."""
CONTROLS = {code: "\ufffd" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if code not in KEPT}


class NoOutput(OSError):
    """Standard output takes nothing: it is closed, or its disk is full."""


class ProgressSink(Protocol):
    """Shows what the command is waiting for."""

    def wait(self, what: str) -> None:
        """Show what is being waited for, until the next output."""

    def still_waiting(self, why: str) -> None:
        """Show why it takes longer."""

    def note(self, message: str) -> None:
        """Print what is worth knowing; it stays on the screen."""


class Screen:
    """Shows that something is going on until the first piece of the answer, then the answer.

    An answer is text that a stranger's picture may have dictated: on a terminal its control characters, with
    which it could change what is already there, are shown as U+FFFD. Into a file or a pipe it goes as it is.
    """

    def __init__(self) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            if sys.stdout.isatty():
                # A terminal without some letter shows "?" for it: better than no answer.
                sys.stdout.reconfigure(errors="replace")
            else:
                # What is kept must be whole: a code page of Windows has no letters but its own. Halves of surrogate
                # pairs, which JSON may hold, are no letters.
                sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
        self._status: Status | None = None
        self._last = ""

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_waiting()

    @cached_property
    def console(self) -> Console:
        """Standard error through Rich: a tenth of what a whole `ask` takes, and opened on a terminal alone."""
        from rich.console import Console

        return Console(stderr=True)

    @property
    def is_terminal(self) -> bool:
        """Whether standard error is one; a pipe is told without Rich."""
        if "console" in vars(self) or any(map(os.environ.get, _CALLED_TERMINALS)):
            return self.console.is_terminal
        return sys.stderr is not None and sys.stderr.isatty() and self.console.is_terminal

    def show_cursor(self) -> None:
        """Show what a wait has hidden."""
        if self.is_terminal:
            self.console.show_cursor()

    def wait(self, what: str) -> None:
        """Say what is being waited for; only a terminal shows it."""
        self._stop_waiting()
        if not self.is_terminal:
            return
        from rich.text import Text

        status = self.console.status(Text(what))
        try:
            status.start()
            self._status = status
        except BaseException:
            # Ctrl-C in the midst of it: what has half begun cannot be stopped, and has hidden the cursor by now.
            self.console.show_cursor()
            raise

    def still_waiting(self, why: str) -> None:
        """Say why it takes longer; nothing is said once the answer has begun."""
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(one_line(why)))

    def note(self, message: str) -> None:
        """Say something that is worth knowing and does not stand in the way of an answer."""
        self._stop_waiting()
        self.end_answer()
        self._paragraph(message, "Note: ", "bold")

    def remark(self, message: str) -> None:
        """Say what was done."""
        self._stop_waiting()
        self._paragraph(message)

    def pause(self) -> None:
        """Give the screen free for lines; the next `wait` takes it again."""
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def say(self, piece: str) -> None:
        """Show the next piece of the answer at once; raises NoOutput, and BrokenPipeError when nobody reads."""
        if not piece:
            return
        self._stop_waiting()
        if sys.stdout is None:
            raise NoOutput("Standard output is closed: there is nowhere to show the answer.")
        try:
            sys.stdout.write(piece.translate(CONTROLS) if sys.stdout.isatty() else piece)
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self._last = ""
            silence_output()
            raise NoOutput(f"The answer cannot be written to standard output: {error.strerror or error}.") from error
        self._last = piece[-1]

    def end_answer(self) -> None:
        """Close the answer's last line."""
        if self._last and self._last != "\n":
            self.say("\n")

    def complain(self, message: str) -> None:
        """Say what went wrong, in one paragraph below whatever was shown."""
        self._stop_waiting()
        self.end_answer()
        self._paragraph(message, "Error: ", "bold red")

    def _paragraph(self, message: str, start: str = "", style: str = "") -> None:
        line = one_line(message)
        if self.is_terminal:
            from rich.text import Text

            self.console.print(Text(start, style) + Text(line))
        elif sys.stderr is not None:
            # A terminal is broken at words; what is kept stays one line.
            print(f"{start}{line}", file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """A stranger's text, as it may be shown on a terminal in one line."""
    return " ".join(text.split()).translate(CONTROLS)


def named(path: str) -> str:
    """A file's name as it may be shown anywhere in one line, so that it can be told which it is: ESC is `\\x1b`."""
    return "".join(repr(char)[1:-1] if ord(char) in _IN_NO_NAME else char for char in path)


def silence_output() -> None:
    """Nobody reads standard output any more: keep Python from failing over that once again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def telling(screen: ProgressSink) -> Iterator[None]:
    """What libraries log, such as that a call is tried again, shows while waiting; what they warn of is a note.

    Left alone, both would go to standard error in the words of a program: with file names and line numbers.
    """
    handler = _WhileWaiting(screen)
    root = logging.getLogger()
    root.addHandler(handler)
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: screen.note(str(message))
        try:
            yield
        finally:
            root.removeHandler(handler)


class _WhileWaiting(logging.Handler):
    def __init__(self, screen: ProgressSink) -> None:
        super().__init__(logging.WARNING)
        self._screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        self._screen.still_waiting(record.getMessage())
