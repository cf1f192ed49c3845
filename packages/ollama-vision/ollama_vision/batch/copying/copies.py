"""What becomes of copies: each gets the answer of the picture that was asked about, whichever comes first."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from ..results.earlier_answers import in_hex
from ..results.known_by_bytes import hash_of, record_of_copy
from ..results.ledger import Entry, Key, Version
from .answers_kept import AnswersKept

if TYPE_CHECKING:
    from ..finding.found_files import FoundFile

_NO_ANSWER = -1


class Copy(NamedTuple):
    """A file that is not asked about."""

    file: FoundFile
    bits: int | None = None
    """How many bits of its hash differ; `None` for one with the same bytes."""
    dhash: int = 0
    """Its hash, if it is a near one."""

    def record(self, of: Mapping[str, Any]) -> dict[str, Any]:
        """Its line, made of the one of the picture that was asked about."""
        record = record_of_copy(of, self.file)
        if self.bits is not None:
            record.pop("pictures", None)  # by it boxes are placed, and they are the other picture's
            sha256 = hash_of(self.file.path)
            record.update(sha256=sha256, dhash=in_hex(self.dhash), differing_bits=self.bits)
        return record


@dataclass
class Counted:
    """Lines that cost nothing."""

    copies: int = 0
    _pictures: set[tuple[int, int | None]] = field(default_factory=set)

    @property
    def pictures(self) -> int:
        """Whose answers they have."""
        return len(self._pictures)

    def add(self, number: int, page: int | None) -> None:
        self.copies += 1
        self._pictures.add((number, page))


class CopyBook:
    """Pictures that are asked about, by number, and their copies. One thread finds these, another one writes."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        recall: Callable[[int], Mapping[str, Any] | None] = lambda number: None,
        on_failed: Callable[[int], None] = lambda number: None,
    ) -> None:
        self._recall, self._on_failed = recall, on_failed
        self._answers = AnswersKept(folder)
        self._last = array("q")
        """By number: the place of the last answer."""
        self._failed: set[int] = set()
        self._found = SimpleQueue[tuple[int, Copy]]()
        self._copies = defaultdict[int, list[Copy]](list)
        self.equal, self.near = Counted(), Counted()
        self.written: dict[Key, dict[int | None, Entry]] = {}
        """The lines of copies of documents: some pages may have failed."""
        self._left: dict[str, FoundFile] = {}

    def close(self) -> None:
        self._answers.close()

    def number(self) -> int:
        """Of one more picture that is asked about; called where copies are found."""
        self._last.append(_NO_ANSWER)
        return len(self._last) - 1

    def found(self, number: int, copy: Copy) -> None:
        """A picture has a copy; called there too."""
        self._found.put((number, copy))

    def left(self) -> list[FoundFile]:
        """Copies of what failed, told once: an error names its picture, so they are to be asked about."""
        left = [*self._left.values()]
        self._left.clear()
        return left

    def answered(self, number: int, record: Mapping[str, Any], *, replaces: bool) -> Iterator[dict[str, Any]]:
        """A line was written: those of its copies that are there already."""
        if record["error"] is not None and not replaces:
            self.passed_over(number)
            return
        if record["error"] is not None:
            self._failed.add(number)
            self._on_failed(number)
            self._last[number] = _NO_ANSWER  # who gave it turned out not to see
        else:
            self._last[number] = self._answers.add(record, self._last[number])
        for copy in self._copies[number]:
            yield self._made(number, copy, record, is_new=not replaces)

    def passed_over(self, number: int) -> None:
        """There is no answer: its copies are to be asked about themselves."""
        self._failed.add(number)
        self._on_failed(number)
        self._left.update((str(copy.file.path), copy.file) for copy in self._copies[number])

    def come(self) -> Iterator[dict[str, Any]]:
        """The lines of copies that were found since, of pictures that are answered."""
        while True:
            try:
                number, copy = self._found.get_nowait()
            except Empty:
                return
            self._copies[number].append(copy)
            if self._last[number] == _NO_ANSWER and (earlier := self._recall(number)) is not None:
                self._last[number] = self._answers.add(earlier)
            for record in self._answers.chain(self._last[number]):
                yield self._made(number, copy, record, is_new=True)
            if number in self._failed:
                self._left[str(copy.file.path)] = copy.file

    def _made(self, number: int, copy: Copy, record: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
        made = copy.record(record)
        if is_new:
            (self.equal if copy.bits is None else self.near).add(number, made["page"])
        if made["page"] is not None:
            entry = Entry(0, Version(made["size"], made["modified"]), made["pages"], failed=False)
            self.written.setdefault(Key(made["request"], made["path"]), {})[made["page"]] = entry
        return made
