"""The run loop: model after model over all pictures, so that a server loads each once; results, summary, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.multi_modal_llms.ollama._describing import (
    WAIT,
    Ask,
    Found,
    FoundFile,
    ModelOnHost,
    PageReader,
    open_page,
)
from llama_index.multi_modal_llms.ollama._describing import Run as EngineRun
from llama_index.multi_modal_llms.ollama.errors import OllamaMultiModalError

from . import summary, words
from .checkpoint import Checkpoint
from .exits import DONE, FAILED, STOPPED
from .interrupts import Interrupted
from .job import Job
from .known_by_bytes import Copies, copies_among, record_of_copy
from .ledger import DamagedResults, Entry, Key, Ledger, Version
from .pending import PendingPictures, record_of
from .progress import ProgressDisplay
from .requests_file import Asked
from .screen import Screen
from .shell_words import in_shell_words
from .sidecars import SidecarFault, Sidecars
from .summary import Tally

if TYPE_CHECKING:
    from llama_index.multi_modal_llms.ollama._model import VisionModel


class Stopped(Exception):
    """The run cannot begin, or go on; the message says why and what to do."""


@dataclass(frozen=True)
class ModelRun:
    """One model, asked in one way."""

    model: str
    hosts: tuple[VisionModel, ...]
    """On each server."""
    ask: Ask
    request: str
    """By what its lines are known."""
    asked: Asked
    """What that is the hash of."""


class Run:
    """Everything from the first question to the last word."""

    def __init__(
        self,
        job: Job,
        model_runs: Sequence[ModelRun],
        found: Found,
        reader: PageReader,
        start: Checkpoint,
        sidecars: Sidecars | None,
        screen: Screen,
    ) -> None:
        self._job = job
        self._found = found
        self._start = start
        self._screen = screen
        self._tally = Tally()
        self._progress = ProgressDisplay(screen, self._tally)
        self._reader = reader
        self._interrupted: Interrupted | None = None
        self._host_faults: dict[str, str] = {}
        """Of several: those that were left alone, and why."""
        self._copied = 0
        """Lines of files with the bytes of another one, which alone was asked about."""
        self._copies = {model_run.request: self._copies_for(model_run) for model_run in model_runs}
        self._questions = [
            (
                model_run,
                self._questions_about(found.files, model_run, start.ledger, job.limit, self._copies[model_run.request]),
            )
            for model_run in model_runs
        ]
        self._before = [entry for _, questions in self._questions for entry in questions.done()]
        self._sidecars = sidecars

    def _copies_for(self, model_run: ModelRun) -> Copies:
        if self._job.limit is not None:
            # The first so many pictures are what they are, whichever of them are alike.
            return {}
        files = {str(file.path): file for file in self._found.files}
        return copies_among(
            self._found.files,
            self._start.ledger,
            model_run.request,
            lambda path: self._reader.foretell(files[path]) is None,
        )

    def _questions_about(
        self, files: Sequence[FoundFile], model_run: ModelRun, ledger: Ledger, limit: int | None, copies: Copies
    ) -> PendingPictures:
        expect = self._progress.expect
        return PendingPictures(
            files, self._reader, ledger, model_run.request, limit=limit, copies=copies, expect=expect
        )

    def run(self) -> int:
        """Ask, tell what came of it, and give the exit code."""
        for note in self._start.notes:
            self._screen.note(note)
        code = self._ask_all()
        self._tell(code)
        failed = self._tally.failed or self._found.unread or any(entry.failed for entry in self._before)
        if code == DONE and failed:
            code = FAILED
        if self._job.report is not None and self._interrupted is None and not self._report(self._job.report):
            code = max(code, FAILED)
        return code

    def _ask_all(self) -> int:
        self._tally.expected = sum(questions.left() for _, questions in self._questions)
        if not self._tally.expected:
            return DONE
        models = " and then ".join(model_run.model for model_run, _ in self._questions)
        self._screen.remark(f"Asking {models}: {words.counted(self._tally.expected, 'question')}.")
        try:
            with self._progress:
                for model_run, questions in self._questions:
                    self._ask(model_run, questions, self._copies[model_run.request])
        except KeyboardInterrupt as error:
            self._interrupted = Interrupted.by(error)
            return self._interrupted.code
        except (Stopped, OllamaMultiModalError, SidecarFault) as error:
            self._screen.complain(in_shell_words(str(error)))
            return STOPPED
        return DONE

    def _ask(self, model_run: ModelRun, questions: PendingPictures, copies: Copies) -> None:
        left: dict[str, FoundFile] = {}
        written: dict[Key, dict[int | None, Entry]] = {}
        run = EngineRun(
            [ModelOnHost(model) for model in model_run.hosts],
            model_run.ask,
            open_page,
            workers=self._job.jobs,
            wait=WAIT if self._job.wait is None else self._job.wait,
            on_host_fault=self._host_failed,
            on_wait=self._waits,
        )
        with closing(run.each(questions)) as outcomes:
            for outcome in outcomes:
                record = record_of(outcome, questions.take(outcome.index), model_run.request)
                self._write(record)
                self._progress.add(record)
                for copy in copies.get(record["path"], ()):
                    if record["error"] is not None:
                        left[str(copy.path)] = copy
                        continue
                    self._write(same := record_of_copy(record, copy))
                    self._copied += 1
                    version = Version(same["size"], same["modified"])
                    entry = Entry(0, version, same["pages"], failed=False)
                    written.setdefault(Key(model_run.request, same["path"]), {})[same["page"]] = entry
        if left:
            # An error names its picture: what failed is asked of each.
            again = self._questions_about([*left.values()], model_run, Ledger(written), None, {})
            self._progress.expect(again.left())
            self._ask(model_run, again, {})

    def _host_failed(self, host: str, fault: OllamaMultiModalError) -> None:
        if len(self._job.access.hosts) > 1:  # of one alone the end of the run tells
            self._host_faults[host] = in_shell_words(str(fault))
            self._screen.remark(f"{host} is left alone for now: {self._host_faults[host]}")

    def _waits(self, host: str, fault: OllamaMultiModalError | None, seconds: float) -> None:
        self._progress.wait(host, None if fault is None else in_shell_words(str(fault)), seconds)

    def _write(self, record: Mapping[str, Any]) -> None:
        try:
            self._start.results.add(record)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Stopped(f"{self._job.out} cannot be written: {error.strerror or error}.") from error
        if self._sidecars is not None:
            self._sidecars.write(record)

    def _tell(self, code: int) -> None:
        tally, screen, failed_before = self._tally, self._screen, sum(entry.failed for entry in self._before)
        if self._interrupted is not None:
            screen.remark(f"Stopped by {self._interrupted.words}. {self._job.resume_hint()}")
        elif code == STOPPED:
            screen.remark(f"Nothing is written down for pictures that were not to blame. {self._job.resume_hint()}")
        answers = words.counted(tally.done - tally.failed, "answer")
        if tally.done or not self._before:
            tokens = f"{tally.prompt_tokens:,} tokens read, {tally.answer_tokens:,} written"
            failed = f", {tally.failed:,} failed" if tally.failed else ""
            screen.remark(f"{answers}{failed}, in {words.duration(self._progress.seconds)}; {tokens}.")
        for host, fault in self._host_faults.items():
            came = words.counted(tally.answers[host], "answer")
            screen.remark(f"{host} failed, and gave {came}: {fault}")
        if self._copied:
            noun = "line has" if self._copied == 1 else "lines have"
            screen.remark(f"{self._copied:,} more {noun} the answer to a picture of the same bytes, asked about once.")
        for line in tally.failures():
            screen.remark(f"Failed: {line}")
        if self._before and not self._tally.expected:
            screen.remark("Nothing is left to ask about.")
        if self._before:
            failed = f", {failed_before:,} of them failed" if failed_before else ""
            screen.remark(f"{len(self._before):,} done before{failed}.")
        if tally.failed or failed_before:
            screen.remark("--retry-errors asks again about what failed.")
        if self._sidecars is not None:
            self._tell_sidecars(self._sidecars)
        if left_out := summary.left_out(self._found.reasons()):
            screen.remark(left_out)
        for line in summary.unread(self._found.unread):
            screen.remark(line)
        if self._job.out is not None:
            screen.remark(f"Results: {self._job.out}")

    def _tell_sidecars(self, sidecars: Sidecars) -> None:
        self._screen.remark(f"{words.counted(sidecars.written, 'text file')} written.")
        if left_alone := sidecars.left_alone:
            self._screen.note(
                f"{words.counted(len(left_alone), 'text file')} of others, or edited since, stay as they are: "
                f"{words.names(left_alone)}. Their answers are in the results."
            )

    def _report(self, report: Path) -> bool:
        """Write the report, and say whether it is there."""
        from .report import ReportError, make_report

        assert self._job.out is not None, "a report is of a file"  # noqa: S101
        screen = self._screen
        screen.wait("Making the report")
        try:
            made = make_report(
                self._job.out,
                report,
                on_progress=lambda done, of: screen.still_waiting(f"Making the report: {done:,} of {of:,}"),
            )
        except (DamagedResults, ReportError, OSError) as error:
            screen.complain(f"There is no report: {error}")
            return False
        pages = f", on {words.counted(made.pages, 'page')}" if made.pages else ""
        screen.remark(f"Report: {report}{pages}")
        return True
