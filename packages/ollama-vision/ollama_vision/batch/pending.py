"""Work queue of the pictures that a model is still to be asked about, opened one at a time; what is done is skipped."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from ollama_vision.model import boxes_of

from .copying.search import CopySearch, Known
from .finding.found_files import rows_of
from .results.earlier_answers import in_hex
from .results.known_by_bytes import hash_of
from .results.ledger import Entry, Key, Ledger, Version, is_complete

if TYPE_CHECKING:
    from ollama_vision.pictures import FrameRoom, ServerSizes

    from .asking.outcome import Outcome
    from .finding.found_files import FoundFile
    from .finding.pages import Page, PageReader
    from .results.known_by_bytes import EqualFiles


@dataclass(frozen=True)
class PictureRef:
    """Which picture a question is about."""

    path: str
    version: Version
    page: int | None
    pages: int | None
    seconds_in_video: float | None
    sha256: str
    number: int | None = None
    """By which others are known as its copies; `None` where there can be none."""
    dhash: int | None = None
    """`None` where it is too even to have any, or was not looked at."""
    is_looked_at: bool = False


class PendingPictures:
    """Iterated once, in whatever thread; each page that it gives is known again by its number.

    A file that is done, also a document with all its pages, is not opened.
    """

    def __init__(
        self,
        files: Sequence[FoundFile],
        reader: PageReader,
        ledger: Ledger,
        request: str,
        *,
        limit: int | None,
        copies: EqualFiles | None = None,
        search: CopySearch | None = None,
        expect: Callable[[int], None] = lambda more: None,
    ) -> None:
        """
        Args:
            copies: files with the same bytes as another one of these, which are not asked about.
            search: hears of them, and knows which pictures are like another.
            expect: hears of so many more pictures than could be told from names; of less than none, too.
        """
        self._files = files
        self._reader = replace(reader, facts=False)
        self._ledger = ledger
        self.request = request
        self._limit = limit
        self._copy_of = {str(copy.path): path for path, some in (copies or {}).items() for copy in some}
        """By the path of a file with the bytes of another one that is asked about: that one's."""
        self._search = search or CopySearch.of_nothing()
        self._expect = expect
        self._places: dict[int, PictureRef] = {}
        self._given = 0
        self._hashed = ("", "")
        """The last document's path, and its hash."""
        self._counted = ""
        """The last document whose pages are expected."""

    def draw_for(self, sizes: ServerSizes | None) -> None:
        """Draw pages and frames, from now on, in sizes that the server leaves alone."""
        self._reader = replace(self._reader, image_options=self._reader.image_options.for_server(sizes))

    def make_room(self, room: FrameRoom | None) -> None:
        """Take of a video, from now on, no more frames in one question than it holds."""
        self._reader = replace(self._reader, room=room)

    def left(self) -> int:
        """How many pictures are still to be asked about, as far as that can be told without opening a file."""
        return self._left_and_done[0]

    def done(self) -> list[Entry]:
        """The lines that hold for these files already."""
        return self._left_and_done[1]

    @cached_property
    def _left_and_done(self) -> tuple[int, list[Entry]]:
        """What is left and what is done, by one look at all of them."""
        left = seen = 0
        entries: list[Entry] = []
        for _, _, done in self._standing():
            if done is None:
                seen += 1
                continue
            entries += done.values()
            if self._limit is not None and seen >= self._limit:
                continue
            complete = self._is_complete(done)
            known = next((entry.pages for entry in done.values()), None)
            pages = 1 if known is None else self._reader.count_taken(known)
            all_of_it = len(done) if complete else max(len(done), pages)
            if self._limit is not None:
                all_of_it = min(all_of_it, self._limit - seen)
            seen += all_of_it
            if not complete:
                left += max(0, all_of_it - len(done))
        return left, entries

    def __iter__(self) -> Iterator[Page]:
        seen = 0
        for at, version, done in self._standing():
            if done is None:
                seen += self._search.equal(self._files[at], self._copy_of[str(self._files[at].path)])
            else:
                seen += len(done)
            if done is not None and not self._is_complete(done):
                file = self._files[at]
                room = None if self._limit is None else self._limit - seen
                for page in islice(self._reader.pages_of(file, only=_AllBut(done)), room):
                    seen += 1
                    place = self._place(page, version)
                    self._expect_pages(place, done, room)
                    known = self._search.place_of(page, at, version)
                    if known is None:
                        self._expect(-1)
                        continue
                    self._places[self._given] = _known_by(place, known)
                    self._given += 1
                    yield page
            if self._limit is not None and seen >= self._limit:
                return

    def take(self, index: int) -> PictureRef:
        """Which picture the question of that number was about; told once."""
        return self._places.pop(index)

    def place_of(self, page: Page) -> PictureRef:
        """Which picture a question was about that is asked again."""
        place = self._place(page, Version.of(page.file.size, page.file.modified_ns))
        return _known_by(place, self._search.known(place.path))

    def entries(self) -> Iterator[tuple[FoundFile, Version, dict[int | None, Entry] | None]]:
        """Each file, as it is now, and its lines that hold, by page; `None` of one that has the bytes of another."""
        return ((self._files[at], version, done) for at, version, done in self._standing())

    def _standing(self) -> Iterator[tuple[int, Version, dict[int | None, Entry] | None]]:
        """The same by the files' places."""
        entries, request, copy_of = self._ledger.entries, self.request, self._copy_of
        for at, (path, size, modified_ns) in enumerate(rows_of(self._files)):
            version = Version.of(size, modified_ns)
            if path in copy_of:
                yield at, version, None
                continue
            key = Key(request, path)
            yield at, version, self._ledger.done(key, version) if key in entries else {}

    def _is_complete(self, done: Mapping[int | None, Entry]) -> bool:
        """Whether none of the pages that are taken is left."""
        if is_complete(done) or not done or self._reader.only is None:
            return is_complete(done)
        pages = next(iter(done.values())).pages
        return pages is not None and all(number in done for number in self._reader.only if number <= pages)

    def _place(self, page: Page, version: Version) -> PictureRef:
        path = str(page.file.path)
        if page.page is not None and path != self._hashed[0]:
            # Of a page the run sees the drawing; the hash is the document's, read once.
            self._hashed = (path, hash_of(page.file.path))
        return PictureRef(
            path=path,
            version=version,
            page=page.page,
            pages=page.pages if page.page is not None or page.pages > 1 else None,
            seconds_in_video=None if page.seconds is None else round(page.seconds, 3),
            sha256="" if page.page is None else self._hashed[1],
        )

    def _expect_pages(self, place: PictureRef, done: Mapping[int | None, Entry], room: int | None) -> None:
        """What was counted as one picture turns out to be a document."""
        if place.page is None or place.pages is None or done or place.path == self._counted:
            return
        self._counted = place.path
        taken = self._reader.count_taken(place.pages)
        self._expect((taken if room is None else min(taken, room)) - 1)


def _known_by(place: PictureRef, known: Known) -> PictureRef:
    return replace(place, number=known.number, dhash=known.dhash, is_looked_at=known.is_looked_at)


class _AllBut:
    """Pages that are still to be asked about."""

    def __init__(self, done: Container[int | None]) -> None:
        self._done = done

    def __contains__(self, page: object) -> bool:
        return page not in self._done


def record_of(
    outcome: Outcome[Page], place: PictureRef, request: str, in_words: Callable[[str], str] = str
) -> dict[str, Any]:
    """The line of results.jsonl."""
    error = outcome.error
    record: dict[str, Any] = {
        "path": place.path,
        "page": place.page,
        "pages": place.pages,
        "size": place.version.size,
        "modified": place.version.modified,
        "sha256": place.sha256 or outcome.sha256,
        "text": outcome.text,
        "fields": outcome.fields,
        "error": None
        if error is None
        else {"type": type(error).__name__, "message": message_of(error, place, in_words)},
        "finish_reason": outcome.finish_reason,
        "model": outcome.model,
        "usage": dict(outcome.usage),
        "host": outcome.host,
        "seconds": round(outcome.seconds, 3),
        "waited": round(outcome.waited, 3),
        "request": request,
    }
    if outcome.choice is not None:
        record["choice"] = outcome.choice
    if outcome.confidence is not None:
        record["confidence"] = outcome.confidence
    if outcome.pictures and boxes_of(outcome.text, outcome.fields):
        kept = ("size", "mapping", "frame")
        record["pictures"] = [{name: one[name] for name in kept if name in one} for one in outcome.pictures]
    if place.is_looked_at:
        record["dhash"] = in_hex(place.dhash)
    if place.seconds_in_video is not None:
        record["seconds_in_video"] = place.seconds_in_video
    elif times := [one["seconds"] for one in outcome.pictures if one.get("seconds") is not None and "tile" not in one]:
        record["seconds_in_video"] = times  # of all frames that one question was about
    return record


def message_of(error: Exception, place: PictureRef, in_words: Callable[[str], str] = str) -> str:
    """What the error says; a picture that it names by its path is called so from the first word on."""
    text = in_words(str(error))
    name = f"The picture ({place.path})"
    return place.path + text.removeprefix(name) if text.startswith(name) else text
