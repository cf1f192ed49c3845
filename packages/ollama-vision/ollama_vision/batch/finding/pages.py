"""Files, one picture at a time: each page of a document, each frame of a video, or the file itself."""

from __future__ import annotations

import os
import uuid
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from ollama_vision.errors import ImageError
from ollama_vision.pictures import (
    PDF,
    VIDEO_SUFFIXES,
    VIDEOS,
    FrameRoom,
    ImageOptions,
    PictureSource,
    PreparedImage,
    Size,
)

from .found_files import FoundFile


@dataclass(frozen=True)
class RemoteFile:
    """A file of a file system of its own, such as fsspec's, with its bytes: it is not read again."""

    path: str
    """As that file system has it."""
    url: str
    data: bytes


@dataclass(frozen=True)
class Page:
    """One picture of a file: the file itself, or a page or frame of it."""

    file: FoundFile
    page: int | None = None
    """Of a page or frame: its number, from 1; `None` for the file itself."""
    pages: int = 1
    """How many the file has; of a video, how many are taken."""
    pictures: tuple[PreparedImage, ...] = ()
    """The page as it was drawn, and its tiles; none for the file itself, and where there is an error."""
    size: Size | None = None
    """Width and height as stored; `None` where only drawing tells, and for a page of paper."""
    seconds: float | None = None
    """Of a frame: when it is shown."""
    sha256: str = ""
    """Of the file's bytes, in hex; empty when it was not asked for, or could not be read."""
    media_type: str = ""
    status: os.stat_result | None = None
    """Of the file; `None` when it could not be opened."""
    error: ImageError | OSError | None = None
    """Why it, or this page of it, cannot be read."""
    is_unasked_video: bool = False
    """The error is that it is a video, under a picture's name in a folder of which pictures are wanted."""
    remote: RemoteFile | None = None
    """Where `file` is none of this machine's."""
    source: PictureSource | None = field(default=None, repr=False, compare=False)
    """The file itself as it was opened; `None` for a page or frame of it, and where there is an error."""

    @property
    def picture(self) -> PreparedImage | None:
        """The page as it was drawn, all of it or its region."""
        return self.pictures[0] if self.pictures else None

    @property
    def id(self) -> str:
        """A UUID that follows from the file's absolute path, or its URL, and the page: the same in every run."""
        url = self.remote.url if self.remote else _url_of(self.file.path)
        return str(uuid.uuid5(uuid.NAMESPACE_URL, url if self.page is None else f"{url}#page={self.page}"))

    @property
    def version(self) -> str:
        """Another one when the file has changed: its sha256; without that, its size and the time of its last change."""
        if self.sha256 or self.remote:
            return self.sha256
        return f"{self.file.size} {self.file.modified_ns}"

    def metadata(self) -> dict[str, Any]:
        """What the file and the page are, under the names that document loaders use (`file_path`, `page_label`, ...).

        `PictureSource.of` knows the page again by them.
        """
        own: dict[str, Any] = {
            "file_path": self.remote.path if self.remote else str(self.file.path),
            "file_name": self.file.path.name,
            "file_size": self.file.size,
        }
        if self.is_unasked_video:
            own["videos"] = False  # whoever sends it meets the error, as with what cannot be read
        if self.status is not None:
            own["creation_date"] = _day(self.status.st_ctime)
            own["last_modified_date"] = _day(self.status.st_mtime)
        if self.sha256:
            own["sha256"] = self.sha256
        if media_type := self.media_type or guess_type(self.file.path.name)[0]:
            own["file_type"] = media_type
        if self.size is not None:
            own["width"], own["height"] = self.size
        if self.seconds is not None:
            own["seconds"] = round(self.seconds, 3)
        if self.page is not None:
            own["page_label"] = str(self.page)
        if self.page is not None or self.pages > 1:
            own["pages"] = self.pages
        return own


SMALL = 1 << 20
"""Bytes. A file of no more is read once and held until it is sent: opening it again for each look at it costs more."""


def _url_of(path: Path) -> str:
    """By the name that it was found under: a link's own counts, not where it leads."""
    return Path(os.path.abspath(path)).as_uri()  # noqa: PTH100


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d")


@dataclass(frozen=True)
class PageReader:
    """How files are read, one page at a time and one file in memory."""

    image_options: ImageOptions = field(default_factory=ImageOptions)
    """How pages and frames are drawn, and which."""
    together: bool = False
    """Whether a file is one thing to ask about, with all its pages."""
    videos: bool = False
    """Whether a video in a folder is taken though it has a picture's name."""
    digest: bool = False
    """Whether each file is read for its `sha256`."""
    numbered: bool = False
    """Whether a file that is one picture is its page 1."""
    document: bool = False
    """Whether pages are a document's: they have their `facts`, and what of one cannot be drawn is told there."""
    only: frozenset[int] | None = None
    """The numbers of the pages that are taken, of each file those that it has; `None`: all."""
    room: FrameRoom | None = None
    """How many frames of a video one question holds, where a file is one thing to ask about."""
    facts: bool = True
    """Whether a page knows its `size` and its file's `status`, each of which takes a look at the file."""

    def pages_of(self, file: FoundFile, *, only: Container[int] | None = None) -> Iterator[Page]:
        """What there is of one file; with `only`, those of these numbers, the others not drawn.

        Nothing is raised: what cannot be read says so in its `error`, and further pages follow.
        """
        page = Page(file)
        try:
            source = PictureSource.of_file(file.path, self.image_options, most_in_memory=SMALL)
            if self.room is not None and self.together:
                source = replace(source, room=self.room)
            if self.document:
                source = replace(source, document=True)
            if self.facts:
                page = replace(page, status=file.path.stat())
            if self._is_unasked_video(file, source):
                page = replace(page, is_unasked_video=True)
                source.refuse_video()
        except (ImageError, OSError) as error:
            yield replace(page, error=error)
            return
        yield from self.pages_in(source, page, only=only)

    def pages_in(self, source: PictureSource, page: Page, *, only: Container[int] | None = None) -> Iterator[Page]:
        """The same of what is open; `page` has what all of them share."""
        try:
            if self.digest:
                page = replace(page, sha256=source.sha256())
            kind = source.kind()
            if kind is not None and kind.media_type:
                page = replace(page, media_type=kind.media_type)
            selection = source.select_pages()
        except (ImageError, OSError) as error:
            yield replace(page, error=error)
            return
        page = replace(page, pages=selection.total)
        if not self.together and (selection.total > 1 or not source.is_picture()):
            wanted = [number for number in selection.numbers if self._takes(number, only)]
            yield from _drawn(source, page, wanted)
        elif self._takes(1, only):
            number = 1 if self.numbered else None
            yield replace(page, page=number, size=_stored_size(source) if self.facts else None, source=source)

    def count_taken(self, pages: int) -> int:
        """How many pages are taken of a file that has so many."""
        return pages if self.only is None else sum(number <= pages for number in self.only)

    def _takes(self, number: int, only: Container[int] | None) -> bool:
        return (only is None or number in only) and (self.only is None or number in self.only)

    def check_headers(self, file: FoundFile) -> ImageError | None:
        """What will be wrong with a file when it is sent, as far as its header tells it; `None` when that is nothing.

        Nothing is decoded: what is wrong further inside comes out only when it is sent.
        """
        try:
            source = PictureSource.of(file.path, self.image_options)
            if self._is_unasked_video(file, source):
                source.refuse_video()
            source.check_headers(together=self.together)
        except ImageError as error:
            return error
        return None

    def _is_unasked_video(self, file: FoundFile, source: PictureSource) -> bool:
        """Whether it is a video under a picture's name in a folder of which pictures are wanted."""
        by_its_name = file.path.suffix.lower() in VIDEO_SUFFIXES
        return not (self.videos or file.named or by_its_name) and source.kind() in VIDEOS


def open_page(page: Page, index: int, options: ImageOptions) -> PictureSource:
    """A page as a run asks about it: what was drawn, or the file itself, which raises again what was wrong with it."""
    if page.picture is not None:
        return PictureSource(page.picture, options, tiles=page.pictures[1:])
    if page.source is not None:
        return replace(page.source, options=options)
    source = PictureSource.of(page.file.path, options)
    if page.is_unasked_video:
        source.refuse_video()
    return source if page.page is None else replace(source, page=page.page)


def _drawn(source: PictureSource, shared: Page, wanted: Sequence[int]) -> Iterator[Page]:
    on_paper = source.kind() is PDF
    left = list(wanted)
    while left:
        try:
            for pictures in source.pages_with_tiles(only=set(left)):
                number = pictures[0].page or 1
                left = left[left.index(number) + 1 :]
                yield replace(
                    shared,
                    page=number,
                    pictures=tuple(pictures),
                    size=None if on_paper else pictures[0].original_size,
                    seconds=pictures[0].seconds,
                )
            return
        except (ImageError, OSError) as error:
            failed = replace(shared, page=left.pop(0), error=error)
        yield failed


def _stored_size(source: PictureSource) -> Size | None:
    try:
        return source.size()
    except ImageError:  # what is wrong with the picture is said by whoever sends it
        return None
