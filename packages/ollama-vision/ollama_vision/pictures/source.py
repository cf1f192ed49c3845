"""PictureSource: one input, opened but not decoded: its hash, kind, number of pages, and its pages one at a time."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from ollama_vision.errors import ImageError

from .blob import Blob
from .decoders.decode import stored_size
from .formats.header import PIECE
from .formats.kinds import EVERY_KIND, JPEG, PDF, PNG, READABLE, VIDEOS, Kind
from .frame_admission import FrameRoom, frame_room
from .frames import Size
from .inputs.forms import open_input
from .options import ImageOptions
from .page_selection import ONE_PAGE, PageSelection
from .photo_facts import PhotoFacts, photo_facts
from .picture import as_image_errors, check_headers, iter_pages, select_pages
from .prepared import PreparedImage
from .render.raster import Raster


@dataclass(frozen=True)
class PictureSource:
    """One input that is not decoded yet: a picture, PDF or video, or pixels.

    Its hash and what is sent of it are of the same bytes: a file on disk that changes in between is an ImageError.
    Every method but `of` opens it anew, and raises ImageError for what cannot be read.
    """

    held: Blob | Raster | PreparedImage
    options: ImageOptions
    page: int | None = None
    """The only page or frame of the file that is meant."""
    tiles: tuple[PreparedImage, ...] = ()
    """Those of a picture that is prepared already."""
    room: FrameRoom | None = field(default=None, repr=False, compare=False)
    """How many frames of a video one question holds; `None`: as many as the options say."""
    document: bool = False
    """Whether its pages are read as a document's: they have their `facts`, and what of a page cannot be drawn stands in
    these and is no error."""

    @classmethod
    def of(cls, source: Any, options: ImageOptions, *, where: str = "") -> PictureSource:
        """Of whatever may stand in `image_documents`, and of PDFs and videos in all these forms.

        A node that holds a whole PDF, say, and whose `metadata` has a `page_label` beside the number of `pages`, as
        PictureReader gives them, means that page alone. Fetches URLs, and looks whether a file is there; `where` names
        its place in errors. Raises ImageError.
        """
        if isinstance(source, PreparedImage):
            return cls(source, options)
        original = cls(open_input(source, options, where=where), options)
        if _metadata_of(source).get("videos") is False:
            original.refuse_video()
        page = _page_of(source)
        if page is None:
            return original
        if original.kind() in (None, JPEG, PNG):  # the drawn page itself
            return replace(original, options=with_all_pages(options))
        return replace(original, page=page)

    @classmethod
    def of_file(cls, path: str | os.PathLike[str], options: ImageOptions, *, most_in_memory: int = 0) -> PictureSource:
        """Of a file; one of no more than so many bytes is read now, and once. Raises ImageError."""
        return cls(Blob.of_file(path, where="", most_in_memory=most_in_memory), options)

    @classmethod
    def may_hold_picture(cls, source: Any) -> bool:
        """Whether an input is a picture by its bytes, or cannot be read: then sending it says what is missing."""
        try:
            kind = cls.of(source, ImageOptions()).kind()
        except ImageError:
            return True
        return kind is not None and kind.family == "picture"

    @property
    def source(self) -> str:
        """Where it came from: a path, a URL without its secrets, "bytes", "base64"."""
        return self.held.source

    def kind(self) -> Kind | None:
        """What its bytes are; `None` for pixels that never were a file."""
        return self.held.kind() if isinstance(self.held, Blob) else None

    def has_pages(self) -> bool:
        """Whether `options.pages` is for it: a PDF, TIFF or DICOM file, also of one page."""
        kind = self.kind()
        return kind is not None and kind.paged

    def is_picture(self) -> bool:
        """Whether it can be sent as what it is: a PDF has to be drawn, of a video frames are taken."""
        kind = self.kind()
        return kind is not PDF and kind not in VIDEOS

    def refuse_video(self) -> None:
        """Raises ImageError for a video where pictures alone are wanted, as PictureReader says of what it found."""
        kind = self.kind()
        if isinstance(self.held, Blob) and kind in VIDEOS:
            way_out = "Take it with videos=True, or name it by itself."
            raise self.held.error(f"is {kind.phrase} under a picture's name", way_out, kind)

    def sha256(self) -> str:
        """Of the file's bytes, in hex; of a single page that is meant, of its number as well.

        Of pixels that never were a file it is of their mode, size, values and colour profile.
        """
        if isinstance(self.held, Raster):
            return hashlib.sha256(self.held.fingerprint()).hexdigest()
        hasher = hashlib.sha256()
        with self.held.open() as file:
            while piece := file.read(PIECE):
                hasher.update(piece)
        if self.page is not None:
            hasher.update(f"#page={self.page}".encode())
        return hasher.hexdigest()

    def size(self) -> Size | None:
        """Width and height as stored, from the header; `None` where only drawing or decoding tells."""
        if not isinstance(self.held, Blob):
            return self.held.image.size if isinstance(self.held, Raster) else self.held.original_size
        kind = self.held.kind()
        if kind not in READABLE:
            return None
        with as_image_errors(self.held, kind), self.held.open() as file:
            return stored_size(kind, file)

    def photo_facts(self) -> PhotoFacts:
        """When, where and with which camera it was taken, as far as its EXIF says."""
        if not isinstance(self.held, Blob):
            return PhotoFacts()
        with self.held.open() as file:
            return photo_facts(file)

    def pictures(self) -> list[PreparedImage]:
        """As one question sends it: one picture, the pages of a PDF or TIFF, the frames of a video.

        `options.pages` and `options.frames` choose; more than 20 pages that nobody asked for are an ImageError. Of an
        animation it is the first frame, unless `options.frames` asks for more.
        """
        options = self.options if self.page is None else _without_limit(self.options)
        with frame_room(self.room):
            return list(chain.from_iterable(self._each(options, None)))

    def pages(self, only: Container[int] | None = None) -> Iterator[PreparedImage]:
        """The same one at a time, each for a question of its own, and however many they are.

        With `only`, those of these numbers; the others are not drawn. A file of one page counts as number 1.
        """
        for page in self.pages_with_tiles(only):
            yield from page

    def pages_with_tiles(self, only: Container[int] | None = None) -> Iterator[list[PreparedImage]]:
        """The same with what belongs to one question together: a page, and its tiles where `options.tiles` asks."""
        return self._each(_without_limit(self.options), only)

    def select_pages(self) -> PageSelection:
        """How many pages or frames it has, and which of them `pages` gives, without drawing any.

        Of a video that does not say how many frames it has, `pages` may give fewer. Raises ImageError for a document
        that cannot be opened: of a single picture its header is looked at, or it would have a page 1 all the same.
        """
        selection = self._selection()
        if self.document and selection.total == 1 and self.is_picture():
            self.check_headers()
        return selection

    def _selection(self) -> PageSelection:
        chosen = (self.page, self.options.pages, self.options.frames)
        if chosen == (None, None, None) and self.kind() in (None, JPEG, PNG):
            return ONE_PAGE  # without a copy of the options, which costs as much as reading a small picture
        all_of_it = self._select_pages(_without_limit(self.options))
        if self.page is None:
            return all_of_it
        return PageSelection(all_of_it.total, tuple(number for number in all_of_it.numbers if number == self.page))

    def _select_pages(self, options: ImageOptions) -> PageSelection:
        if isinstance(self.held, PreparedImage):
            return ONE_PAGE
        with frame_room(self.room):
            return select_pages(self.held, options)

    def check_headers(self, *, together: bool = False) -> None:
        """Raises the ImageError that sending it will raise, as far as headers tell it: nothing is drawn or decoded.

        `together`: all its pages in one question, of which there may be too many.
        """
        options = self.options if together else _without_limit(self.options)
        if isinstance(self.held, Blob):
            check_headers(self.held, options)

    def count(self) -> int:
        """How many pages or frames `pages` will give, without drawing any: see `select_pages`."""
        return len(self.select_pages().numbers)

    def _each(self, options: ImageOptions, only: Container[int] | None) -> Iterator[list[PreparedImage]]:
        if self.page is not None:
            only = {self.page} if only is None or self.page in only else ()
        if isinstance(self.held, PreparedImage):
            return iter(([self.held, *self.tiles],) if only is None or 1 in only else ())
        return iter_pages(self.held, options, only, kind=self.kind(), accepted=EVERY_KIND, document=self.document)


def _without_limit(options: ImageOptions) -> ImageOptions:
    return options if options.pages is not None else options.model_copy(update={"pages": sys.maxsize})


def _metadata_of(source: Any) -> dict[str, Any]:
    metadata = getattr(getattr(source, "node", source), "metadata", None)
    return metadata if isinstance(metadata, dict) else {}


def with_all_pages(options: ImageOptions) -> ImageOptions:
    """The same for what `pages` is not for: a page that is drawn already."""
    return options.model_copy(update={"pages": None})


def is_drawn_page(source: Any, held: Blob) -> bool:
    """Whether a node holds no document, but a page of one as PictureReader drew it."""
    return _page_of(source) is not None and held.kind() in (JPEG, PNG)


def _page_of(source: Any) -> int | None:
    metadata = _metadata_of(source)
    if "pages" not in metadata:
        return None
    label = str(metadata.get("page_label"))
    return int(label) if label.isdecimal() else None
