"""The run loop of `read`: a second model first, over all pages, then the one that reads; and the last words."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from ollama_vision import words
from ollama_vision.batch import Checkpoint, Found, Lines, ModelRun, RunOptions, lines_of
from ollama_vision.documents import DocumentFiles, ReadSettings, from_texts, needs_look, texts_of
from ollama_vision.errors import SidecarError

from ..common.exits import STOPPED
from ..common.running import Stopped
from ..common.screen import Screen, named
from ..describe import summary
from ..describe.run import Run
from ..describe.summary import Tally
from .job import ReadJob

_MOST_PROBLEMS = 3


class PagesTally(Tally):
    """What has been counted, in pages."""

    def pace(self, seconds: float) -> str:
        each_minute = self.done / seconds * 60
        return f"{each_minute:,.0f} pages/min" if each_minute >= 10 else f"{each_minute:.1f} pages/min"


class ReadRun(Run):
    """Everything from the first page to the last word."""

    command = "read"

    def __init__(
        self,
        job: ReadJob,
        settings: ReadSettings,
        run: ModelRun,
        second: ModelRun | None,
        found: Found,
        start: Checkpoint,
        second_start: Checkpoint | None,
        files: DocumentFiles,
        readers: dict[str, Any],
        screen: Screen,
    ) -> None:
        self._settings, self._second, self._second_start, self._files = settings, second, second_start, files
        self._readers, self._folder = readers, job.folder
        self._texts: dict[tuple[str, int], str] = {}
        if second is not None and second_start is not None:
            path = job.folder / "second.jsonl"
            with path.open("rb") as file:
                known = (line.record for line in lines_of(file, path) if line.record["request"] == second.request)
                self._texts.update(texts_of(known))
            readers[second.model] = from_texts(self._texts)
        runs = [run] if second is None else [second, run]
        super().__init__(job, runs, found, settings.reader(), start, screen)

    def _beginning(self, models: str) -> str:
        """How many pages they have, opening them tells."""
        return f"Reading {words.counted(len(self._found.files), 'document')} with {models}."

    def _make_tally(self) -> Tally:
        return PagesTally()

    def _lines_of(self, model_run: ModelRun, run_options: RunOptions) -> Lines:
        if model_run is self._second and self._second_start is not None:
            there = self._second_start
            return self._settings.second_lines(model_run, self._found.files, there.ledger, run_options, there.sight)
        return self._settings.lines(
            model_run,
            self._found.files,
            self._start.ledger,
            run_options,
            self._start.sight,
            self._readers,
            self._files.figures_for,
        )

    def _ask_all(self) -> int:
        code = super()._ask_all()
        self._files.finish()
        return code

    def _ask(self, lines: Lines) -> None:
        if lines.model_run is not self._second or self._second_start is None:
            super()._ask(lines)
            return
        with closing(iter(lines)) as records:
            for record, is_copy in records:
                self._write_to(self._second_start, record)
                self._texts.update(texts_of(iter([record])))
                if not is_copy:
                    self._progress.add(record)

    def _write(self, record: Mapping[str, Any]) -> None:
        self._write_to(self._start, record)

    def _write_to(self, there: Checkpoint, record: Mapping[str, Any]) -> None:
        try:
            there.add(record)
        except BrokenPipeError:
            raise
        except SidecarError as error:
            raise Stopped(str(error)) from error
        except OSError as error:
            raise Stopped(f"{self._folder} cannot be written to: {error.strerror or error}.") from error

    def _is_incomplete(self) -> bool:
        return bool(self._files.verdicts) or not self._files.counts

    def _tell(self, code: int) -> None:
        tally, screen = self._tally, self._screen
        if self._interrupted is not None:
            screen.remark(f"Stopped by {self._interrupted.words}. {self._job.resume_hint()}")
        elif code == STOPPED:
            screen.remark(f"Nothing is written down for pages that were not to blame. {self._job.resume_hint()}")
        if tally.done or not self._before:
            seconds = self._progress.seconds
            pace = f", {tally.pace(seconds)}" if tally.done and seconds > 0 else ""
            tokens = f"{tally.prompt_tokens:,} tokens read, {tally.answer_tokens:,} written"
            screen.remark(f"{words.counted(tally.done, 'page')} in {words.duration(seconds)}{pace}; {tokens}.")
        for host, fault in self._host_faults.items():
            screen.remark(f"{host} failed, and read {words.counted(tally.answers[host], 'page')}: {fault}")
        for line in summary.copied([lines.copied for lines in self._lines], [], "page"):
            screen.remark(line)
        if self._before and not tally.expected:
            screen.remark("Nothing is left to read.")
        if self._before:
            screen.remark(f"{words.counted(len(self._before), 'page')} done before.")
        self._tell_verdicts()
        self._tell_pages_that_are_not_there()
        files = self._files
        screen.remark(f"{words.counted(files.written, 'Markdown file')} written in {self._folder}.")
        if files.left_alone:
            screen.note(
                f"{words.counted(len(files.left_alone), 'file')} of others, or edited since, stay as they are: "
                f"{words.names(files.left_alone)}. Their pages are in {self._job.out}."
            )
        if figures := files.figures:
            screen.remark(f"{words.counted(figures, 'figure')} saved.")
        for problem, count in files.figure_problems.most_common(_MOST_PROBLEMS):
            screen.note(f"{words.counted(count, 'figure')} not saved: {self._in_words(problem)}")
        if left_out := summary.left_out(self._found.reasons()):
            screen.remark(left_out)
        for line in summary.unread(self._found.unread):
            screen.remark(line)
        screen.remark(f"Pages: {self._job.out}")

    def _tell_verdicts(self) -> None:
        screen, counts = self._screen, self._files.counts
        told = [f"{count:,} {verdict}" for verdict, count in counts.items() if count and not needs_look(verdict)]
        if told:
            screen.remark(f"Pages that need no look: {', '.join(told)}.")
        looks = self._files.needing_look()
        if looks:
            screen.remark(f"{words.counted(len(looks), 'page')} {'needs' if len(looks) == 1 else 'need'} a look:")
        for line in looks:
            screen.remark(f"Look at {named(line)}")
        if counts.get("failed"):
            screen.remark("--retry-errors asks again about what failed.")

    def _tell_pages_that_are_not_there(self) -> None:
        """Of pages by number: which documents have them not."""
        wanted = self._settings.pages
        if wanted is None:
            return
        for document, (pages, seen) in self._files.extents().items():
            missing = sorted(number for number in wanted if number > pages)
            if missing and seen:
                self._screen.remark(f"{named(document)} has {words.counted(pages, 'page')}: no {missing[0]}.")
        if not self._files.counts and self._interrupted is None:
            self._screen.remark("No document has such a page.")
