"""Markdown files of documents that are read, and what their pages come to: kept up while the lines are written.

A document's file is written whole, in one step, when its last page has its line; until then there is none, or the one
of before. What was killed in between is made up for by the next run, from the lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ollama_vision.atomic_replace import replacing
from ollama_vision.batch import FoundFile, Line, folder_of_all, lines_of, mirrored
from ollama_vision.errors import SidecarError

from .document import markdown_of, section, sections_in
from .verdicts import needs_look


@dataclass
class _Kept:
    """A document while its pages come in."""

    pages: int = 1
    sections: dict[int, str] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    is_written: bool = False
    is_stale: bool = False
    """A page came again, or another one, after the file was written and the sections let go."""


@dataclass
class DocumentFiles:
    """The files of one run; a companion of its lines.

    A file is ours when each page in it is what some line of these results says. Any other one was there before, or was
    edited since: it stays as it is.
    """

    results: Path
    """pages.jsonl."""
    folder: Path
    """Which looks as the folder that holds all that was named."""
    base: Path
    is_taken: Callable[[int], bool] = lambda page: True
    """Whether a page is one that this run is about."""
    written: int = 0
    left_alone: list[Path] = field(default_factory=list)
    """Files of others, in whose place nothing was written."""
    verdicts: dict[tuple[str, int | None], tuple[str, str]] = field(default_factory=dict)
    """By document and page: the verdict where it needs a look, and what was found, in words."""
    counts: dict[str, int] = field(default_factory=dict)
    """Pages by their verdicts, also of those that were read before."""
    figures: int = 0
    figure_problems: Counter[str] = field(default_factory=Counter)
    """Why figures were not saved."""
    _pages: dict[str, _Kept] = field(default_factory=dict)
    _ours: dict[tuple[str, int], set[bytes]] = field(default_factory=dict)
    _last: dict[tuple[str, int | None], str] = field(default_factory=dict)

    @classmethod
    def among(
        cls, results: Path, files: Sequence[FoundFile], folder: Path, is_taken: Callable[[int], bool]
    ) -> DocumentFiles:
        """Those of all that was found."""
        return cls(results, folder, folder_of_all({file.root for file in files}), is_taken)

    def path_for(self, document: str) -> Path:
        """`scan.pdf.md`."""
        path = Path(document)
        return mirrored(self.folder, self.base, path.with_name(f"{path.name}.md"))

    def figures_for(self, document: Path) -> Path:
        """`scan.pdf.figures`, beside it."""
        return mirrored(self.folder, self.base, document.with_name(f"{document.name}.figures"))

    def know(self, line: Line) -> None:
        """An earlier line's text: where a file says it, that was written by us."""
        if line.page is not None and "verdict" in line.record:
            self._own(line.record)

    def catch_up(self, lines: Iterator[Line]) -> None:
        """What earlier runs read; files that are missing, or lack pages, are written."""
        for line in lines:
            self.write(line.record)

    def write(self, record: Mapping[str, Any]) -> None:
        """A page's line; with its document's last one the file is written. Raises SidecarError."""
        document, page = record["path"], record["page"]
        self._count(record)
        if page is None:
            return
        self._own(record)
        kept = self._pages.setdefault(document, _Kept())
        kept.seen.add(page)
        kept.pages = record["pages"] or 1
        if kept.is_written:
            kept.is_stale = True
            return
        kept.sections[page] = section(record)
        if all(number in kept.seen for number in range(1, kept.pages + 1) if self.is_taken(number)):
            self._put(document, kept.sections)
            kept.is_written, kept.sections = True, {}

    def finish(self) -> None:
        """Write anew what changed after it was written: an answer that was taken back. Raises SidecarError."""
        stale = {document: {} for document, kept in self._pages.items() if kept.is_stale}  # type: dict[str, dict[int, str]]
        if not stale:
            return
        with self.results.open("rb") as file:
            for line in lines_of(file, self.results):
                path, page = line.record["path"], line.page
                if path in stale and page in self._pages[path].seen:
                    stale[path][page] = section(line.record)
        for document, sections in stale.items():
            self._put(document, sections)
            self._pages[document].is_stale = False

    def needing_look(self) -> list[str]:
        """`scan.pdf, page 3: numbers differ (12.50 -> 12.80)`, by document and page."""
        ordered = sorted(self.verdicts.items(), key=lambda item: (item[0][0], item[0][1] or 0))
        return [
            f"{document}{'' if page is None else f', page {page}'}: {verdict}{words}"
            for (document, page), (verdict, words) in ordered
        ]

    def extents(self) -> dict[str, tuple[int, int]]:
        """By document: how many pages it has, and how many of them have their line."""
        return {document: (kept.pages, len(kept.seen)) for document, kept in self._pages.items()}

    def _count(self, record: Mapping[str, Any]) -> None:
        key, verdict = (record["path"], record["page"]), record["verdict"]
        if (before := self._last.get(key)) is not None:
            self.counts[before] -= 1
        self._last[key] = verdict
        self.figures += len(record.get("figures") or ())
        self.figure_problems.update(record.get("figure_problems") or ())
        self.counts[verdict] = self.counts.get(verdict, 0) + 1
        self.verdicts.pop(key, None)
        if needs_look(verdict):
            self.verdicts[key] = verdict, words_of(record)

    def _own(self, record: Mapping[str, Any]) -> None:
        self._ours.setdefault((record["path"], record["page"]), set()).add(_digest(section(record)))

    def _put(self, document: str, sections: Mapping[int, str]) -> None:
        path, text = self.path_for(document), markdown_of(sections.items())
        data = text.encode(errors="replace")
        try:
            there = path.read_bytes() if path.exists() else None
            if there == data:
                return
            if there is not None and not self._is_ours(document, there):
                self.left_alone.append(path)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path, is_locked=True) as new:
                new.write_bytes(data)
        except OSError as error:
            raise SidecarError(
                f"The file {path} cannot be written: {error.strerror or error}. The pages are in {self.results}; "
                "make room there, and start again."
            ) from error
        self.written += 1

    def _is_ours(self, document: str, there: bytes) -> bool:
        sections = sections_in(there.decode(errors="replace"))
        return sections is not None and all(
            _digest(text) in self._ours.get((document, page), ()) for page, text in sections.items()
        )


def words_of(record: Mapping[str, Any]) -> str:
    """The worst finding of a page, in words, for a list of pages."""
    if record["error"] is not None:
        return f": {record['error']['message'].removeprefix(record['path']).strip()}"
    found = [one for one in record["findings"] if one["verdict"] == record["verdict"]]
    if not found:
        return ""
    first, more = found[0], f" and {len(found) - 1} more" if len(found) > 1 else ""
    if first.get("reason"):
        return f": {first['reason']}{more}"
    layer, answer = _shortened(first["layer"]), _shortened(first["answer"])
    reader = f" of {first['reader']}" if first.get("reader") else ""
    shown = f"{layer} -> {answer}" if layer and answer else layer or answer
    return f" ({shown}{reader}{more})" if shown else ""


def _shortened(words: str, most: int = 60) -> str:
    return words if len(words) <= most else f"{words[: most - 3]}..."


def _digest(text: str) -> bytes:
    # As it is read back: half a pair of surrogates, which JSON may hold, is a question mark in UTF-8.
    return blake2b(text.encode(errors="replace"), digest_size=16).digest()
