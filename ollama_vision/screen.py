"""What is read: the answer alone on standard output, everything else on standard error."""

from __future__ import annotations

import io
import os
import sys
from types import TracebackType

from rich.console import Console
from rich.status import Status
from rich.text import Text

KEPT = {ord("\n"), ord("\t")}
CONTROLS = {code: "\ufffd" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if code not in KEPT}


class Screen:
    """Shows that something is going on until the first piece of the answer, then the answer.

    An answer is text that a stranger's picture may have dictated: on a terminal its control characters, with
    which it could change what is already there, are shown as U+FFFD. Into a file or a pipe it goes as it is.
    """

    def __init__(self) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A terminal without some letter shows "?" for it: better than no answer.
            sys.stdout.reconfigure(errors="replace")
        self._notes = Console(stderr=True)
        self._status: Status | None = None
        self._last = ""

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_waiting()

    def wait(self, what: str) -> None:
        """Say what is being waited for; only a terminal shows it."""
        self._stop_waiting()
        self._status = self._notes.status(Text(what))
        self._status.start()

    def _stop_waiting(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def say(self, piece: str) -> None:
        """Show the next piece of the answer at once."""
        if not piece:
            return
        self._stop_waiting()
        sys.stdout.write(piece.translate(CONTROLS) if sys.stdout.isatty() else piece)
        sys.stdout.flush()
        self._last = piece[-1]

    def end_answer(self) -> None:
        """Close the answer's last line."""
        if self._last and self._last != "\n":
            self.say("\n")

    def complain(self, message: str) -> None:
        """Say what went wrong, in one paragraph below whatever was shown."""
        self._stop_waiting()
        self.end_answer()
        paragraph = " ".join(message.split()).translate(CONTROLS)
        self._notes.print(Text.assemble(("Error: ", "bold red"), paragraph), soft_wrap=True)


def silence_output() -> None:
    """Nobody reads standard output any more: keep Python from failing over that once again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
