"""`ollama-vision watch`: the command's body, round after round until it is stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from ollama_vision import words
from ollama_vision.batch import (
    WAIT,
    Arrivals,
    Arrived,
    Bell,
    Found,
    ModelRun,
    Remembering,
    ResultsLock,
    Settling,
    StandardOutput,
)

from ..common.exits import DONE, FAILED
from ..common.running import run_on_screen
from ..common.screen import Screen
from ..common.servers import Servers, servers_for
from ..describe import summary
from ..describe.command import describe_found, model_runs_of
from ..describe.job import Job
from .job import WatchJob
from .run import Round

_SHARE_OF_PAGES = 20
"""A report may take one part in so many of the time."""


def watch(job: WatchJob) -> int:
    """Ask about every picture that is there or comes, and give the exit code."""
    return run_on_screen(lambda screen: _watch(job, screen), "watch")


def _watch(job: WatchJob, screen: Screen) -> int:
    screen.wait("Looking for pictures")
    describing = job.describing
    with (
        arrivals_of(job, screen) as arrivals,
        servers_for(describing.access, screen, requests_at_once=describing.jobs, timeout=describing.timeout) as servers,
    ):
        if describing.wait:
            servers.wait_for_one(describing.wait, screen)
        lock = None if describing.out is None else ResultsLock(describing.out)
        with lock or nullcontext():
            model_runs = model_runs_of(describing, servers, screen)
            return Watch(job, arrivals, servers, model_runs, lock, screen).run()


@contextmanager
def arrivals_of(job: WatchJob, screen: Screen) -> Iterator[Arrivals]:
    describing = job.describing
    with (
        Bell(job.folders, polls=job.polls, note=screen.note) as bell,
        Arrivals(
            job.folders,
            bell,
            Settling(job.settle),
            include=describing.include,
            exclude=(*describing.exclude, *job.own_files()),
            videos=describing.videos,
        ) as arrivals,
    ):
        yield arrivals


class Watch:
    """Rounds, and what is said and done between them."""

    def __init__(
        self,
        job: WatchJob,
        arrivals: Arrivals,
        servers: Servers,
        model_runs: list[ModelRun],
        lock: ResultsLock | None,
        screen: Screen,
    ) -> None:
        self._folders = words.names(job.folders)
        self._job, self._arrivals, self._servers, self._model_runs = job.describing, arrivals, servers, model_runs
        self._lock, self._screen = lock, screen
        self._printed = Remembering(StandardOutput()) if self._job.out is None else None
        self._seen: set[tuple[str, str]] = set()
        self._told: set[str] = set()
        self._says_so = False
        """Whether the last word was that it waits."""
        self._last: tuple[Round, Found] | None = None
        """The last round, of which there are no pages yet, and all that was there."""
        self._pages_due = 0.0

    def run(self) -> int:
        code = self._first_round(self._first_look())
        while code in (DONE, FAILED):
            if (arrived := self._arrivals.look()) is not None:
                code = self._round(arrived, later(self._job))
            elif self._arrivals.is_settling():
                self._arrivals.wait()
            elif not self._arrivals.get_ready():
                self._idle()
        return code

    def _first_look(self) -> Arrived:
        """What is there; where nothing of it is whole, what was just being written may be in a moment."""
        arrived = self._arrivals.look()
        assert arrived is not None, "the first look finds what is there"  # noqa: S101
        while not arrived.new.files and self._arrivals.is_settling():
            self._arrivals.wait()
            arrived = self._arrivals.look() or arrived
        return arrived

    def _first_round(self, arrived: Arrived) -> int:
        """Also of nothing: what would stop a run, such as lines of another request, stops this one before it waits."""
        if self._job.list_left_out:
            for line in summary.listed_left_out(arrived.all.left_out_paths):
                self._screen.remark(line)
        code = self._round(arrived, self._job, is_first=True)
        if code == DONE and not arrived.new.files:
            for model_run in self._model_runs:
                self._servers.require(model_run.model)
        return code

    def _round(self, arrived: Arrived, job: Job, *, is_first: bool = False) -> int:
        self._says_so = False
        were_there = False
        if not is_first and (wait := WAIT if job.wait is None else job.wait):
            were_there = self._servers.wait_for_one(wait, self._screen)

        made: Round | None = None

        def make_run(*run: object) -> Round:
            nonlocal made
            made = Round(
                *run,
                arrivals=self._arrivals,
                seen=self._seen,
                told=self._told,
                were_there=were_there,
                is_first=is_first,
            )
            return made

        code = describe_found(
            job,
            self._model_runs,
            arrived.new,
            self._screen,
            among=None if is_first else arrived.all,
            printed=self._printed,
            lock=self._lock,
            make_run=make_run,
        )
        if made is not None and (made.has_written or (is_first and arrived.new.files)):
            self._last = made, arrived.all
        return code

    def _idle(self) -> None:
        """Nothing is left to ask: make the pages, say so, and wait."""
        now = time.monotonic()
        if self._last is not None and now >= self._pages_due:
            last, everything = self._last
            self._last = None
            last.write_pages(everything)
            took = time.monotonic() - now
            self._pages_due = time.monotonic() + took * _SHARE_OF_PAGES
        if not self._says_so:
            self._says_so = True
            if not self._screen.is_terminal:  # which shows it as long as it lasts
                self._screen.remark(f"Watching {self._folders}")
        self._screen.wait(self._waits())
        self._arrivals.wait(float("inf") if self._last is None else max(0.0, self._pages_due - now))

    def _waits(self) -> str:
        not_whole = len(self._arrivals.not_whole())
        return f"Watching {self._folders}{f', {not_whole:,} not whole yet' if not_whole else ''}"


def later(job: Job) -> Job:
    """The same of what comes: what is there is not begun anew or pruned a second time. Of a file that comes again an
    error is worth nothing, whatever its size and date: it may have been made readable."""
    return replace(job, start="append" if job.start == "append" else "go on", retry_errors=True, prune=False)
