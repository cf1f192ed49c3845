"""Writer of the report: cards streamed into temporary files, which replace the old ones when all is written."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from ollama_vision.atomic_replace import replacing

from .cards import Askings, Card, card, facts_of_search, failure_rows
from .earlier import EarlierThumbnails
from .groups import ALONE
from .html import Html, data_closing, data_opening, json_text
from .pages import (
    FAILURES_CLOSING,
    Notes,
    PageFacts,
    closing,
    failures_opening,
    header,
    nothing_left,
    opening,
    page_header,
    page_name,
    pages_list,
    tools,
    turning,
    viewer,
)
from .results import Answer, Results
from .thumbnails import PAGE_PIXELS, PIXELS, Sight, in_order, look_at
from .totals import Totals

if TYPE_CHECKING:
    from ollama_vision.pictures import BoxConvention

MANY = 2000
"""From so many pictures on, a report is a folder of pages: 2,000 thumbnails are 25 MB, as much as a phone opens."""
PAGE = 200
"""Pictures on a page."""


class ReportError(ValueError):
    """The report cannot be written there; the message says why and what to do."""


@dataclass(frozen=True)
class Made:
    """What was written, and what is to be told of it."""

    report: Path
    cards: int
    """One for each name: more than pictures where some have the same bytes."""
    pictures: int
    failed: int
    missing: int
    """Pictures that are not where the results say, or not those any more."""
    pages: int
    """Pages beside the report; 0 when it is one file."""


def write_report(
    results: Path,
    report: Path,
    *,
    root: Path | None = None,
    title: str | None = None,
    box_convention: BoxConvention | None = None,
) -> Path:
    """Write the report on `results` (results.jsonl) to `report`, and give that path.

    Boxes that answers name in fields called `bbox_2d`, `box_2d`, `bbox` or `box` are drawn on the pictures, counted by
    `box_convention`, or as each model's family does.

    Relative paths in the results are counted from `root`, which is the current folder unless given. From 2,000
    pictures on, `report` is the index of a folder of pages beside it: report_pages for report.html. Raises
    DamagedResultsError for a damaged line, ReportError where it cannot be written, OSError.
    """
    return make_report(results, report, root=root, title=title, box_convention=box_convention).report


def make_report(
    results: Path | Results,
    report: Path,
    *,
    root: Path | None = None,
    title: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    many: int = MANY,
    page: int = PAGE,
    box_convention: BoxConvention | None = None,
) -> Made:
    """`write_report` that tells how far it is (done, of all) and what it made."""
    report = report.absolute()
    pages = report.with_name(f"{report.stem}_pages")
    _check(report, pages)
    found = results if isinstance(results, Results) else Results.of(results)
    writing = _Writing(
        found,
        report,
        pages,
        (root or Path.cwd()).absolute(),
        title or f"Report on {found.file.name}",
        on_progress or (lambda done, of: None),
        box_convention,
    )
    report.parent.mkdir(parents=True, exist_ok=True)
    if len(found.pictures) < many:
        writing.one_file()
        count = 0
    else:
        count = writing.folder(page)
    totals = writing.totals
    missing = totals.states["missing"] + totals.states["changed"]
    return Made(report, totals.cards, totals.pictures, totals.failed, missing, count)


def _check(report: Path, pages: Path) -> None:
    """Before any work: nothing that is not a report of ours is written over."""
    if report.suffix.lower() not in (".html", ".htm"):
        raise ReportError(f"{report} is no name for a report: name a file that ends in .html.")
    if report.is_dir():
        raise ReportError(f"{report} is a folder: name a file in it, such as {report / 'report.html'}.")
    if pages.exists() and not _is_ours(pages):
        raise ReportError(f"{pages} holds other files than a report's pages: move them, or name another report.")


def _is_ours(pages: Path) -> bool:
    return pages.is_dir() and all(re.fullmatch(r"\d{4,}\.html", file.name) for file in pages.iterdir())


@dataclass
class _Writing:
    """One report on its way to disk."""

    results: Results
    report: Path
    pages: Path
    root: Path
    title: str
    tell: Callable[[int, int], None]
    convention: BoxConvention | None = None

    def __post_init__(self) -> None:
        self.askings = Askings(self.results.askings, self.results.prompts)
        self.totals = Totals(self.askings)
        written = datetime.fromtimestamp(self.results.file.stat().st_mtime, UTC)
        self.notes = Notes(f"{written:%Y-%m-%d %H:%M} UTC", str(self.root), self.results.replaced, self.results.is_cut)

    def _cards(self) -> Iterator[Card]:
        """All cards in turn, each counted; a few thumbnails at a time are in memory."""

        former = sorted(self.pages.iterdir()) if self.pages.is_dir() else []
        earlier = EarlierThumbnails([self.report, *former])
        looked_at = in_order(self.results.answers(), lambda answers: self._look_at(answers, earlier))
        for number, (answers, sight) in enumerate(looked_at, start=1):
            group = self.results.groups.get((answers[0].path, answers[0].page), ALONE)
            one = Card(number, answers, sight, self.convention, group)
            self.totals.count(one)
            yield one
            self.tell(number, len(self.results.pictures))

    def _look_at(self, answers: tuple[Answer, ...], earlier: EarlierThumbnails) -> Sight:
        return look_at(answers, self.root, earlier, PIXELS if answers[0].verdict is None else PAGE_PIXELS)

    def one_file(self) -> None:
        """Everything in the report itself."""
        with ExitStack() as stack:
            # The head says what only the last card completes, so the cards wait on disk.
            cards, failures = stack.enter_context(_spool(self.report)), stack.enter_context(_spool(self.report))
            for one in self._cards():
                cards.write(card(one, self.askings, self.report.parent) + "\n")
                failures.write(failure_rows(one, f"#p{one.number}", self.askings))
            with replacing(self.report) as new, _writable(new) as out:
                out.write(opening(self.title, "cards.js"))
                self._head(out, failures, label="Filter by name, text, field or error", with_looks=True)
                out.write(Html('<main class="cards">'))
                _pour(cards, out)
                out.write(Html("</main>") + nothing_left() + viewer() + closing("cards.js"))
        if self.pages.is_dir() and _is_ours(self.pages):
            # Of an earlier, longer report under this name.
            shutil.rmtree(self.pages)

    def folder(self, size: int) -> int:
        """An index, and pages of so many pictures; gives the number of pages."""
        pictures = self.results.pictures
        slices = [pictures[start : start + size] for start in range(0, len(pictures), size)]
        cards = self._cards()
        listed: list[PageFacts] = []
        with ExitStack() as stack:
            rows, failures = stack.enter_context(_spool(self.report)), stack.enter_context(_spool(self.report))
            fresh = stack.enter_context(_fresh_folder(self.pages))
            for number, slice in enumerate(slices, start=1):
                facts = PageFacts(
                    number,
                    self._href(page_name(number)),
                    first=(number - 1) * size + 1,
                    last=(number - 1) * size + len(slice),
                    first_name=slice[0].path,
                    last_name=slice[-1].path,
                )
                failed = self._page(fresh, facts, len(slices), size, islice(cards, size), rows, failures)
                listed.append(replace(facts, failed=failed))
            with replacing(self.report) as new, _writable(new) as out:
                out.write(opening(self.title, "index.js"))
                self._head(out, failures, label="Search all pictures by name, text, field or error")
                out.write(Html('<main><ol id="found" hidden></ol>') + nothing_left() + pages_list(listed))
                out.write(Html("</main>") + data_opening("index"))
                out.write(f'{{"pages":{json_text(self._href(""))},"rows":[')
                _pour(rows, out)
                out.write("]}" + data_closing() + closing("index.js"))
                _put_in_place(fresh, self.pages)
        return len(slices)

    def _page(
        self,
        folder: Path,
        facts: PageFacts,
        count: int,
        size: int,
        cards: Iterator[Card],
        rows: IO[str],
        failures: IO[str],
    ) -> int:
        """One page of `count`, of `size` cards each, with their rows for the index; gives how many pictures failed."""
        index = f"../{quote(self.report.name)}"
        failed = looks = 0

        def place(number: int) -> str:
            return f"{page_name((number - 1) // size + 1)}#p{number}"

        with _writable(folder / page_name(facts.number)) as out, _spool(self.report) as waiting:
            for one in cards:
                failed += one.is_failed
                looks += one.needs_look
                row = json_text(facts_of_search(one, facts.number, self.askings))
                rows.write(("" if one.number == 1 else ",\n") + row)
                failures.write(failure_rows(one, f"{facts.href}#p{one.number}", self.askings))
                waiting.write(card(one, self.askings, self.pages, place) + "\n")
            of = facts.last - facts.first + 1
            out.write(opening(f"{self.title}, page {facts.number}", "cards.js"))
            out.write(page_header(self.title, facts, count, index))
            out.write(
                tools(self.askings, label="Filter this page", has_failures=failed > 0, of=of, has_looks=looks > 0)
            )
            out.write(Html('<main class="cards">'))
            _pour(waiting, out)
            out.write(Html("</main>") + nothing_left() + turning(facts.number, count, index))
            out.write(viewer() + closing("cards.js"))
        return failed

    def _href(self, place: str) -> str:
        return f"{quote(self.pages.name)}/{place}"

    def _head(self, out: IO[str], failures: IO[str], *, label: str, with_looks: bool = False) -> None:
        out.write(header(self.title, self.totals, self.notes))
        if self.totals.failed:
            out.write(failures_opening(self.totals))
            _pour(failures, out)
            out.write(FAILURES_CLOSING)
        has_failures, has_looks = self.totals.failed > 0, with_looks and self.totals.looks > 0
        told = tools(self.askings, label=label, has_failures=has_failures, of=self.totals.cards, has_looks=has_looks)
        out.write(told)


def _spool(report: Path) -> IO[str]:
    """A file without a name, on the report's own disk: /tmp may be memory."""
    return tempfile.TemporaryFile("w+", dir=report.parent, encoding="utf-8", errors="xmlcharrefreplace", newline="")


def _writable(file: Path) -> IO[str]:
    # Half a pair of surrogates, which JSON may hold and UTF-8 may not, is written as a reference: U+FFFD on the page.
    return file.open("w", encoding="utf-8", errors="xmlcharrefreplace", newline="")


def _pour(source: IO[str], out: IO[str]) -> None:
    source.seek(0)
    shutil.copyfileobj(source, out, 1 << 18)


@contextmanager
def _fresh_folder(pages: Path) -> Iterator[Path]:
    """Where the pages wait until they take their place; what is left of it afterwards is removed."""
    fresh = pages.with_name(f".{pages.name}.{os.getpid()}.tmp")
    fresh.mkdir()
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put_in_place(fresh: Path, pages: Path) -> None:
    """The folder of pages for the former one, which comes back when that fails."""
    former = fresh.with_suffix(".former")
    if pages.exists():
        pages.replace(former)
    try:
        fresh.replace(pages)
    except BaseException:
        if former.exists():
            former.replace(pages)
        raise
    shutil.rmtree(former, ignore_errors=True)
