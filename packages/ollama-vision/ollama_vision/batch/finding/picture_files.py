"""Which files are taken, and how they are read, as one pydantic model of settings: what loaders of documents extend."""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, PictureSource, image_error

from .found_files import FoundFile
from .listing import Found
from .pages import Page, PageReader, RemoteFile
from .paths import Paths, find_pictures


class PictureFiles(BaseModel):
    """Files, folders and globs, one picture at a time."""

    model_config = ConfigDict(extra="forbid")

    include: tuple[str, ...] = Field(
        default=(),
        description="Globs: of a folder only files that fit one of them are taken, whatever their suffix. One without "
        "a slash fits a name at any depth; case does not count.",
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="Globs: files and folders that fit one of them are left out."
    )
    recursive: bool = Field(default=True, description="Whether folders in folders are looked into.")
    videos: bool = Field(default=False, description="Whether videos in folders are taken, as frames.")
    pages: Literal["each", "together"] = Field(
        default="each",
        description="Whether each page or frame is one, or the file with all of them, about which one question is "
        "asked.",
    )
    digest: bool = Field(
        default=True,
        description="Whether each file is read for its `sha256`: by it a changed file under an old name is noticed.",
    )
    image_options: ImageOptions = Field(
        default_factory=ImageOptions, description="How pages and frames are drawn, and which."
    )
    on_error: Literal["raise", "keep"] = Field(
        default="raise",
        description="What becomes of a file or page that cannot be read: an error, or one without what could not be "
        "read, so that whoever sends it meets the same fault. A folder that cannot be read is an error, or counted.",
    )

    @field_validator("image_options")
    @classmethod
    def _one_picture_each(cls, options: ImageOptions) -> ImageOptions:
        if options.tiles is not None:
            raise ValueError("tiles= belongs to the model that is asked: what is read here is one picture each")
        return options

    def find(self, paths: Paths) -> Found:
        """What there is to read, and what is left out and why. No file is opened.

        `paths` is a file, a folder, a glob, or a list of them. Of a folder, files are taken by their suffix; hidden
        ones, `@eaDir`, `Thumbs.db` and the like are left out. A file that is named by itself is taken whatever its
        name, unless `exclude` says otherwise.
        Raises ImageError for what is not there, and for a folder without a picture; MissingExtraError when pictures of
        a kind need a package that is not installed.
        """
        return find_pictures(
            paths,
            include=self.include,
            exclude=self.exclude,
            recursive=self.recursive,
            videos=self.videos,
            on_error=self.on_error,
        )

    def check_headers(self, file: FoundFile) -> ImageError | None:
        """What will be wrong with a file when it is sent, as far as its header tells it; `None` when that is nothing.

        Nothing is decoded: what is wrong further inside comes out only when it is sent.
        """
        return self._reader().check_headers(file)

    def _read(self, file: FoundFile, only: Container[int] | None = None) -> Iterator[Page]:
        """What there is of a file; with `only`, those pages of it, the others not drawn.

        Raises:
            ImageError, OSError: it cannot be read, and `on_error` is "raise".
        """
        return self._unless_it_failed(self._reader().pages_of(file, only=only))

    def _read_remote(self, path: str, fs: Any, *, if_folder: str) -> Iterator[Page]:
        """The same of a file in an fsspec file system; `if_folder` is the way out of naming a folder."""
        if fs.isdir(path):
            raise image_error("", path, "is a folder of a file system of its own", if_folder)
        with fs.open(path, "rb") as opened:
            data = opened.read()
        source = PictureSource.of(data, self.image_options, where=path)
        file = FoundFile(Path(path), len(data), 0, Path(path), named=True)
        page = Page(file, remote=RemoteFile(path, fs.unstrip_protocol(path), data))
        return self._unless_it_failed(self._reader().pages_in(source, page))

    def _unless_it_failed(self, pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            if page.error is not None and self.on_error == "raise":
                raise page.error
            yield page

    def _reader(self) -> PageReader:
        return PageReader(
            self.image_options,
            together=self.pages == "together",
            videos=self.videos or bool(self.include),
            digest=self.digest,
        )
