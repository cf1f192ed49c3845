"""The run loop: model after model over all pictures, so that a server loads each once; results, summary, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ollama_vision import words
from ollama_vision.batch import WAIT, Checkpoint, Found, Lines, ModelRun, PageReader, RunOptions, Sidecars
from ollama_vision.errors import DamagedResultsError, OllamaMultiModalError

from ..common.exits import DONE, FAILED, STOPPED
from ..common.interrupts import Interrupted
from ..common.running import Stopped
from ..common.screen import Screen, named, one_line
from ..common.shell_words import in_shell_words
from . import summary
from .progress import ProgressDisplay
from .summary import Tally

if TYPE_CHECKING:
    from ollama_vision.batch import XmpSidecars

    from ..common.access import Access
    from ..common.shell_words import Command


class RunJob(Protocol):
    """What a run has to know of what was said."""

    @property
    def access(self) -> Access: ...
    @property
    def jobs(self) -> int: ...
    @property
    def wait(self) -> float | None: ...
    @property
    def limit(self) -> int | None: ...
    @property
    def near_bits(self) -> int | None: ...
    @property
    def sight_check(self) -> bool: ...
    @property
    def out(self) -> Path | None: ...
    @property
    def report(self) -> Path | None: ...
    def resume_hint(self) -> str: ...


class Run:
    """Everything from the first question to the last word."""

    command: Command = "describe"

    def __init__(
        self,
        job: RunJob,
        model_runs: Sequence[ModelRun],
        found: Found,
        reader: PageReader,
        start: Checkpoint,
        screen: Screen,
        timeline: Path | None = None,
    ) -> None:
        self._job, self._timeline = job, timeline
        self._found = found
        self._start = start
        self._screen = screen
        self._reader = reader
        self._tally = self._make_tally()
        self._progress = ProgressDisplay(screen, self._tally)
        self._interrupted: Interrupted | None = None
        self._host_faults: dict[str, str] = {}
        """Of several: those that were left alone, and why."""
        run_options = RunOptions(
            jobs=job.jobs,
            wait=WAIT if job.wait is None else job.wait,
            limit=job.limit,
            on_host_fault=self._host_failed,
            on_wait=self._waits,
            expect=self._progress.expect,
            in_words=self._in_words,
            sight_check=job.sight_check,
            on_sight=lambda report: screen.note(self._in_words(str(report))),
            near_bits=job.near_bits,
        )
        self._lines = [self._lines_of(model_run, run_options) for model_run in model_runs]
        self._before = [entry for lines in self._lines for entry in lines.done()]

    def _beginning(self, models: str) -> str:
        return f"Asking {models}: {words.counted(self._tally.expected, 'question')}."

    def _make_tally(self) -> Tally:
        return Tally()

    def _lines_of(self, model_run: ModelRun, run_options: RunOptions) -> Lines:
        start = self._start
        return Lines(
            model_run,
            self._found.files,
            self._reader,
            start.ledger,
            run_options,
            start.sight,
            earlier=start.earlier,
        )

    def _in_words(self, text: str) -> str:
        return in_shell_words(text, self.command)

    def run(self) -> int:
        """Ask, tell what came of it, and give the exit code."""
        code = self._ask_and_tell()
        if code == DONE and (self._found.unread or self._is_incomplete()):
            code = FAILED
        if self._timeline is not None and not self._write_timeline(self._timeline):
            code = max(code, FAILED)
        if self._job.report is not None and self._interrupted is None and not self._report(self._job.report):
            code = max(code, FAILED)
        return code

    def _ask_and_tell(self) -> int:
        for note in self._start.notes:
            self._screen.note(self._in_words(note))
        code = self._ask_all()
        self._tell(code)
        return code

    def _is_incomplete(self) -> bool:
        if (xmp := self._xmp()) is not None and xmp.left:
            return True
        return self._tally.failed > 0 or any(entry.failed for entry in self._before)

    def _ask_all(self) -> int:
        self._tally.expected = sum(lines.left() for lines in self._lines)
        if not self._tally.expected and not any(lines.is_suspected for lines in self._lines):
            return DONE
        models = " and then ".join(lines.model_run.model for lines in self._lines)
        self._screen.remark(self._beginning(models))
        try:
            with self._progress:
                for lines in self._lines:
                    self._ask(lines)
        except KeyboardInterrupt as error:
            self._interrupted = Interrupted.by(error)
            return self._interrupted.code
        except (Stopped, OllamaMultiModalError) as error:
            self._screen.complain(self._in_words(str(error)))
            return STOPPED
        return DONE

    def _ask(self, lines: Lines) -> None:
        with closing(iter(lines)) as records:
            for record, is_copy in records:
                self._write(record)
                if not is_copy:
                    self._progress.add(record)

    def _host_failed(self, host: str, fault: OllamaMultiModalError) -> None:
        if len(self._job.access.hosts) > 1:  # of one alone the end of the run tells
            self._host_faults[host] = self._in_words(str(fault))
            self._screen.remark(f"{host} is left alone for now: {self._host_faults[host]}")

    def _waits(self, host: str, fault: OllamaMultiModalError | None, seconds: float) -> None:
        self._progress.wait(host, None if fault is None else self._in_words(str(fault)), seconds)

    def _write(self, record: Mapping[str, Any]) -> None:
        try:
            self._start.add(record)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Stopped(f"{self._job.out} cannot be written: {error.strerror or error}.") from error

    def _tell(self, code: int) -> None:
        self._tell_end(code)
        self._tell_answers()
        self._tell_failures()
        self._tell_companion()
        if left_out := summary.left_out(self._found.reasons()):
            self._screen.remark(left_out)
        for line in summary.unread(self._found.unread):
            self._screen.remark(line)
        if self._job.out is not None:
            self._screen.remark(f"Results: {self._job.out}")

    def _tell_end(self, code: int) -> None:
        if self._interrupted is not None:
            self._screen.remark(f"Stopped by {self._interrupted.words}. {self._job.resume_hint()}")
        elif code == STOPPED:
            told = "Nothing is written down for pictures that were not to blame."
            self._screen.remark(f"{told} {self._job.resume_hint()}")

    def _tell_answers(self) -> None:
        tally, screen = self._tally, self._screen
        answers = words.counted(tally.done - tally.failed, "answer")
        if tally.done or not self._before:
            tokens = f"{tally.prompt_tokens:,} tokens read, {tally.answer_tokens:,} written"
            failed = f", {tally.failed:,} failed" if tally.failed else ""
            screen.remark(f"{answers}{failed}, in {words.duration(self._progress.seconds)}; {tokens}.")
        for host, fault in self._host_faults.items():
            came = words.counted(tally.answers[host], "answer")
            screen.remark(f"{host} failed, and gave {came}: {fault}")
        for line in summary.copied([lines.copied for lines in self._lines], [each.near_copied for each in self._lines]):
            screen.remark(line)

    def _tell_failures(self) -> None:
        tally, screen, failed_before = self._tally, self._screen, sum(entry.failed for entry in self._before)
        for line in tally.failures():
            screen.remark(f"Failed: {line}")
        if self._before and not tally.expected:
            screen.remark("Nothing is left to ask about.")
        if self._before:
            failed = f", {failed_before:,} of them failed" if failed_before else ""
            screen.remark(f"{len(self._before):,} done before{failed}.")
        if tally.failed or failed_before:
            screen.remark("--retry-errors asks again about what failed.")

    def _tell_companion(self) -> None:
        if isinstance(self._start.companion, Sidecars):
            self._tell_sidecars(self._start.companion)
        elif (xmp := self._xmp()) is not None:
            self._tell_xmp(xmp)

    def _tell_sidecars(self, sidecars: Sidecars) -> None:
        self._screen.remark(f"{words.counted(sidecars.written, 'text file')} written.")
        if left_alone := sidecars.left_alone:
            self._screen.note(
                f"{words.counted(len(left_alone), 'text file')} of others, or edited since, stay as they are: "
                f"{words.names(left_alone)}. Their answers are in the results."
            )

    def _xmp(self) -> XmpSidecars | None:
        companion = self._start.companion
        if companion is None or isinstance(companion, Sidecars):
            return None
        from ollama_vision.batch import XmpSidecars  # opens a database, which few runs need

        return companion if isinstance(companion, XmpSidecars) else None

    def _tell_xmp(self, sidecars: XmpSidecars) -> None:
        self._screen.remark(f"{words.counted(sidecars.written, 'sidecar')} written.")
        for path, count in sidecars.replaced.items():
            self._screen.note(
                f"{named(str(path))}: XML cannot hold {words.counted(count, 'character')}; � stands there."
            )
        for path, why in sidecars.left.items():
            self._screen.remark(f"Left as it is: {named(str(path))} {one_line(why)}.")

    def _write_timeline(self, file: Path) -> bool:
        """Write what there is to say of videos, and say whether it is there."""
        from .timeline import write_timeline

        assert self._job.out is not None, "a timeline is of a file"  # noqa: S101
        requests = {lines.model_run.request: lines.model_run.model for lines in self._lines}
        try:
            count = write_timeline(self._job.out, file, [str(each.path) for each in self._found.files], requests)
        except (DamagedResultsError, OSError) as error:
            self._screen.complain(f"There is no timeline: {error}")
            return False
        self._screen.remark(f"Timeline: {file}, of {words.counted(count, 'video')}")
        return True

    def _report(self, report: Path) -> bool:
        """Write the report, and say whether it is there."""
        from ..report.writer import ReportError, make_report

        assert self._job.out is not None, "a report is of a file"  # noqa: S101
        screen = self._screen
        screen.wait("Making the report")
        try:
            made = make_report(
                self._job.out,
                report,
                on_progress=lambda done, of: screen.still_waiting(f"Making the report: {done:,} of {of:,}"),
            )
        except (DamagedResultsError, ReportError, OSError) as error:
            screen.complain(f"There is no report: {error}")
            return False
        pages = f", on {words.counted(made.pages, 'page')}" if made.pages else ""
        screen.remark(f"Report: {report}{pages}")
        return True
