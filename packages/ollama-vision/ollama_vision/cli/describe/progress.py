"""Progress display of a run: a bar on a terminal, a plain line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ollama_vision.words import duration

from ..common.screen import Screen
from .summary import Tally, named

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SECONDS_BETWEEN_LINES = 30.0
_MOST_FAILURES_SHOWN = 5


class ProgressDisplay:
    """Counts what is done, and shows it."""

    def __init__(self, screen: Screen, tally: Tally, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._tally = tally
        self._clock = clock
        self._started = self._told = clock()
        self._shown = 0
        self._waits_for = ""
        self._bar: Progress | None = None
        self._task: TaskID

    def __enter__(self) -> ProgressDisplay:
        self._screen.pause()
        self._started = self._told = self._clock()
        if self._screen.is_terminal:
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

            self._bar = Progress(
                SpinnerColumn(),
                BarColumn(bar_width=None),
                TextColumn("{task.fields[line]}", markup=False),
                console=self._screen.console,
                refresh_per_second=4,
                # What is left on the screen is the summary.
                transient=True,
                expand=True,
            )
            self._task = self._bar.add_task("", total=self._tally.expected or None, line=self._line())
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def seconds(self) -> float:
        return self._clock() - self._started

    def expect(self, more: int) -> None:
        """So many pictures more than was thought: the pages of a document."""
        self._tally.expected += more
        self._move_bar()

    def add(self, record: Mapping[str, Any]) -> None:
        known = len(self._tally.groups)
        self._tally.add(record)
        # Those that fail alike are told once as they come, and together at the end.
        if len(self._tally.groups) > known and self._shown <= _MOST_FAILURES_SHOWN:
            self._shown += 1
            if self._shown <= _MOST_FAILURES_SHOWN:
                self._screen.remark(f"Failed: {named(record)}")
            else:
                self._screen.remark("Further failures are told at the end.")
        self._show()

    def wait(self, host: str, why: str | None, seconds: float) -> None:
        """A host is waited for, so many seconds more at the most; without a reason it answers again, after so many."""
        if why is None:
            self._waits_for = ""
            self._screen.remark(f"{host} answers again, after {duration(seconds)}.")
        else:
            is_news, now = not self._waits_for, self._clock()
            self._waits_for = f"waiting for {host}, {duration(seconds)} left"
            if is_news:
                self._told = now
                self._screen.remark(f"Waiting for {host}, {duration(seconds)} at the most: {why}")
            elif self._bar is None and now - self._told >= SECONDS_BETWEEN_LINES:
                self._told = now
                self._screen.remark(self._line())
        self._move_bar()

    def _move_bar(self) -> None:
        if self._bar is not None:
            total = self._tally.expected
            self._bar.update(self._task, completed=self._tally.done, total=total, line=self._line())

    def _show(self) -> None:
        self._move_bar()
        if self._bar is None and (self._tally.done == 1 or self._clock() - self._told >= SECONDS_BETWEEN_LINES):
            # The first is told at once: it works.
            self._told = self._clock()
            self._screen.remark(self._line())

    def _line(self) -> str:
        line = self._tally.line(self.seconds)
        return f"{line}, {self._waits_for}" if self._waits_for else line
