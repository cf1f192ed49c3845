"""One round of `watch`: the run of `describe` over what has come, in fewer words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ollama_vision import words
from ollama_vision.batch import Arrivals, Found, Lines, ModelRun, PageWork, RunOptions

from ..common.exits import DONE
from ..common.screen import named, one_line
from ..describe import summary
from ..describe.run import Run


class Round(Run):
    """What is asked about the files of one look.

    Args:
        arrivals: puts off what cannot be read yet.
        seen: the models and hosts that have shown that they see.
        told: what was told before of the files, and is told once.
        were_there: the servers answered just before.
        is_first: it is about what was there, and told as `describe` tells it.
    """

    command = "watch"

    def __init__(
        self,
        *run: Any,
        arrivals: Arrivals,
        seen: set[tuple[str, str]],
        told: set[str],
        were_there: bool,
        is_first: bool,
    ) -> None:
        self._arrivals, self._seen, self._told, self._is_first = arrivals, seen, told, is_first
        self._were_there = were_there
        self.has_written = False
        super().__init__(*run)

    def run(self) -> int:
        """Ask and tell; pages are made when there is nothing left to ask (`write_pages`)."""
        code = self._ask_and_tell()
        not_whole = self._arrivals.not_whole()
        self._told.intersection_update(not_whole)  # the same set in each round
        for path, why in not_whole.items():
            if path not in self._told:
                self._told.add(path)
                self._screen.remark(f"Not whole yet: {named(path)} {self._in_words(what_is_wrong(path, why))}")
        return code

    def write_pages(self, all_files: Found) -> None:
        """The report and the timeline, of all that there is."""
        self._found = all_files
        if self._timeline is not None:
            self._write_timeline(self._timeline)
        if self._job.report is not None:
            self._report(self._job.report)

    def _lines_of(self, model_run: ModelRun, run_options: RunOptions) -> Lines:
        lines = super()._lines_of(model_run, replace(run_options, seen=self._seen, were_there=self._were_there))
        lines.work = PageWork(self._arrivals.open)
        return lines

    def _write(self, record: Mapping[str, Any]) -> None:
        super()._write(record)
        self.has_written = True

    def _beginning(self, models: str) -> str:
        if self._is_first:
            return super()._beginning(models)
        return f"Asking {models} about {words.names(named(str(file.path)) for file in self._found.files)}."

    def _tell(self, code: int) -> None:
        if self._is_first and code == DONE and not self._found.files:
            left_out = summary.left_out(self._found.reasons())
            self._screen.remark(f"There are no pictures yet. {left_out}".rstrip())
        elif self._is_first or code != DONE:
            super()._tell(code)
        elif self.has_written:
            self._tell_answers()
            self._tell_companion()


def what_is_wrong(path: str, why: str) -> str:
    """An error's first sentence, without the name that it begins with: what to do about it is to wait."""
    wrong = why.removeprefix(f"The picture ({path})").removeprefix(path).strip()
    return one_line(f"{wrong.partition('. ')[0].rstrip('.')}.")
