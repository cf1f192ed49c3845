"""What a run looks for copies with: which pictures are asked about, by number, and which have another one's answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ollama_vision.errors import ImageError
from ollama_vision.pictures import Likeness, likeness_of

from ..finding.found_files import rows_of
from ..results.ledger import Version
from .copies import Copy
from .near_pictures import NearPictures

if TYPE_CHECKING:
    from ..finding.found_files import FoundFile
    from ..finding.pages import Page
    from ..results.earlier_answers import EarlierAnswer


class Known(NamedTuple):
    """A picture that is asked about."""

    number: int | None
    """`None` where it can have no copies."""
    dhash: int | None = None
    """`None` also of one that is too even to have any."""
    is_looked_at: bool = False
    """Whether that was tried."""


_ALONE = Known(None)


class _Lead(NamedTuple):
    """Whose copies the files with the bytes of another one are."""

    number: int
    bits: int | None = None
    dhash: int = 0
    pages: int = 0
    """How many pages of it are asked about."""


class CopySearch:
    """Asked of each picture in the order of the run, by one thread at a time."""

    def __init__(
        self,
        first_of_equal: Collection[str],
        number: Callable[[], int],
        found: Callable[[int, Copy], None],
        near: NearPictures | None = None,
        first: int = 0,
    ) -> None:
        """
        Args:
            first_of_equal: paths of files that others have the bytes of.
            number: gives the number of one more picture that is asked about.
            found: hears of each copy, with the number of the picture whose it is.
            near: finds pictures that are like another.
            first: the place of the first file in the order of the run.
        """
        self._first_of_equal = first_of_equal
        self._number, self._found, self._near, self._first = number, found, near, first
        self._leads: dict[str, _Lead] = {}
        self._known: dict[str, Known] = {}

    @classmethod
    def of_nothing(cls) -> CopySearch:
        """Where no copies are looked for."""
        return cls((), lambda: 0, lambda number, copy: None)

    def know_earlier(self, answers: Sequence[EarlierAnswer], files: Sequence[FoundFile]) -> dict[int, EarlierAnswer]:
        """Answers of earlier runs, by the numbers that they have from now on."""
        if self._near is None or not answers:
            return {}
        places = {row.path: at for at, row in enumerate(rows_of(files))}
        numbered = {}
        for answer in answers:
            if answer.dhash is not None:
                number = self._number()
                path, version, dhash = answer.path, answer.version, answer.dhash
                self._near.add(number, places.get(path, -1), path, version, dhash, prompt=answer.prompt)
                self._known[answer.path] = Known(number, answer.dhash, is_looked_at=True)
                numbered[number] = answer
        return numbered

    def known(self, path: str) -> Known:
        return self._known.get(path, _ALONE)

    def equal(self, copy: FoundFile, path: str) -> int:
        """A file with the bytes of the one of that path, which stands before it; gives how many pictures it has."""
        if (lead := self._leads.get(path)) is None:
            return 0
        self._found(lead.number, Copy(copy, lead.bits, lead.dhash))
        return lead.pages

    def place_of(self, page: Page, at: int, version: Version) -> Known | None:
        """What it is known by when it is asked about; `None` when it is a copy, and is not."""
        path, is_first = str(page.file.path), str(page.file.path) in self._first_of_equal
        is_looked_at, likeness = self._look(page)
        if likeness is not None and self._near is not None:
            near = self._near.find(self._first + at, path, likeness)
            if near is not None:
                self._found(near.number, Copy(page.file, near.bits, likeness.dhash))
                if is_first:
                    self._leads[path] = _Lead(near.number, near.bits, likeness.dhash, 1)
                return None
        elif not is_first:
            return Known(None, is_looked_at=is_looked_at)
        lead = self._leads.get(path) or _Lead(self._number())
        if is_first:
            self._leads[path] = lead._replace(pages=lead.pages + 1)
        known = self._known[path] = Known(lead.number, None if likeness is None else likeness.dhash, is_looked_at)
        if likeness is not None and self._near is not None:
            self._near.add(lead.number, self._first + at, path, version, likeness.dhash, likeness)
        return known

    def _look(self, page: Page) -> tuple[bool, Likeness | None]:
        """Whether it is looked at, and what it looks like: a file that is one picture.

        Pages of a document look alike from afar, and frames were chosen.
        """
        if self._near is None or page.source is None or page.page is not None or page.pages > 1:
            return False, None
        try:
            return True, likeness_of(page.source)
        except ImageError:
            return True, None  # it is asked about, and its line says what is wrong
