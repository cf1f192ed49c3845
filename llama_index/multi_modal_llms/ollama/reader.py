"""PictureReader: files, folders and globs as picture nodes of LlamaIndex, one file in memory at a time."""

from __future__ import annotations

import base64
import logging
import mimetypes
import os
import uuid
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from llama_index.core.readers.base import BasePydanticReader
from llama_index.core.schema import ImageNode
from pydantic import ConfigDict, Field, model_validator

from ._globs import Globs
from ._images import ImageOptions, PreparedImage
from ._images.decoding import PageSelection
from ._images.formats import EXTRAS, PDF, VIDEO_SUFFIXES, VIDEOS, suffixes_needing
from ._images.original import PictureSource
from ._images.refusing import image_error, install
from ._listing import Found, FoundFile, Wanted, listed
from .errors import ImageError, MissingExtraError

__all__ = ["Found", "FoundFile", "PictureNode", "PictureReader"]

logger = logging.getLogger(__name__)

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

_SEARCHED = frozenset({"file_path", "page_label"})
"""What of the metadata goes into texts for embedding and for models; the rest is for filters."""


class PictureNode(ImageNode):
    """An ImageNode that is another one when its file has changed.

    Core's hash of an ImageNode is of its path: in a docstore, a changed file under an old name would count as known.
    Stored and loaded again, it is a plain ImageNode.
    """

    version: str = Field(
        default="",
        description="What is another one when the file has changed: its sha256; without a digest, its size and the "
        "time of its last change in nanoseconds.",
    )

    @property
    def hash(self) -> str:
        return f"{super().hash}-{self.version}" if self.version else super().hash


class PictureReader(BasePydanticReader):
    """Pictures of files, folders and globs, as nodes that OllamaMultiModal takes.

    ```python
    nodes = PictureReader(exclude=["drafts"]).load_data("photos")
    answer = llm.complete("What do they have in common?", image_documents=nodes)
    ```

    A file that is one picture becomes a node with its path. Each page of a PDF or TIFF, and each frame of a video,
    becomes a node with the drawn picture in it. Metadata are SimpleDirectoryReader's (`file_path`, `file_name`,
    `file_type`, `file_size`, `creation_date`, `last_modified_date`), `sha256` of the file, `width` and `height` as
    stored, `page_label` and how many `pages` there are, `seconds` of a frame. A node's id follows from the file's
    absolute path and the page, so that it is the same in every run.

    It serves SimpleDirectoryReader as well: `file_extractor={".heic": PictureReader(), ".pdf": PictureReader()}`.
    """

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
        description="A node for each page or frame, or one for the whole file, which ImageDescriber asks about with "
        "all its pages.",
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
        description="What becomes of a file or page that cannot be read: an error, or a node without what could not be "
        "read, so that whoever sends it meets the same fault. A folder that cannot be read is an error, or counted.",
    )

    @classmethod
    def class_name(cls) -> str:
        return "PictureReader"

    @model_validator(mode="before")
    @classmethod
    def _as_core_writes_it(cls, fields: Any) -> Any:
        if isinstance(fields, dict):
            return {name: value for name, value in fields.items() if name != "class_name"}
        return fields

    def find(self, paths: Paths) -> Found:
        """What there is to read, and what is left out and why. No file is opened.

        `paths` is a file, a folder, a glob, or a list of them. Of a folder, files are taken by their suffix; hidden
        ones, `@eaDir`, `Thumbs.db` and the like, and empty ones are left out. A file that is named by itself is taken
        whatever its name, unless `exclude` says otherwise.
        Raises ImageError for what is not there, and for a folder without a picture; MissingExtraError when pictures of
        a kind need a package that is not installed.
        """
        each = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        if not each:
            raise ImageError("There is no path to read. Name files, folders or globs.")
        found = listed([_text_of(path) for path in each], self._wanted())
        _require_extras(found.files)
        return found

    def lazy_load_data(  # type: ignore[override]
        self, paths: Paths, extra_info: dict[str, Any] | None = None, fs: Any = None
    ) -> Iterator[ImageNode]:
        """The nodes, one file at a time. What `find` raises is raised by the call, other errors under way.

        `extra_info` is added to each node's metadata. `fs` is an fsspec file system in which `paths` are files; their
        bytes go into the nodes.
        """
        # BaseReader declares Documents. An ImageDocument opens its file as soon as it is made, and loses bytes in JSON.
        if fs is not None:
            each = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
            return (node for path in each for node in self._remote(os.fspath(path), fs, extra_info or {}))
        found = self.find(paths)
        if found.left_out:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in found.reasons().items())
            logger.info("%d files found; left out: %s", len(found.files), reasons)
        for path, why in found.unread:
            logger.warning("%s was not read: %s", path, why)
        return (node for file in found.files for node in self.nodes_of(file, extra_info=extra_info))

    def load_data(  # type: ignore[override]
        self, paths: Paths, extra_info: dict[str, Any] | None = None, fs: Any = None
    ) -> list[ImageNode]:
        """All nodes at once."""
        return list(self.lazy_load_data(paths, extra_info, fs))

    def nodes_of(
        self, file: FoundFile, *, only: Container[int] | None = None, extra_info: dict[str, Any] | None = None
    ) -> Iterator[ImageNode]:
        """The nodes of one file; with `only`, of its pages or frames those of these numbers, the others not drawn."""
        path = os.fspath(file.path)
        metadata: dict[str, Any] = {"file_path": path, "file_name": file.path.name, "file_size": file.size}
        address = Path(os.path.abspath(path)).as_uri()  # noqa: PTH100 - a link's own name counts, not where it leads
        stamp = f"{file.size} {file.modified_ns}"
        origin = _Origin(address, metadata, extra_info or {}, {"image_path": path}, stamp)
        try:
            original = PictureSource.of(file.path, self.image_options)
            status = file.path.stat()
            if self._unasked_video(file, original):
                # Whoever sends the node meets the error, as with what cannot be read.
                metadata["videos"] = False
                if self.on_error == "raise":
                    original.refuse_video()
                yield origin.node()
                return
        except (ImageError, OSError):
            if self.on_error == "raise":
                raise
            yield origin.node()
            return
        # As SimpleDirectoryReader writes them.
        metadata |= {"creation_date": _day(status.st_ctime), "last_modified_date": _day(status.st_mtime)}
        yield from self._nodes(original, origin, only)

    def _unasked_video(self, file: FoundFile, original: PictureSource) -> bool:
        """Whether it is a video under a picture's name in a folder of which pictures are wanted."""
        by_its_name = file.path.suffix.lower() in VIDEO_SUFFIXES
        return not (self.videos or file.named or self.include or by_its_name) and original.kind() in VIDEOS

    def foretell(self, file: FoundFile) -> ImageError | None:
        """What will be wrong with a file when it is sent, as far as its header tells it; `None` when that is nothing.

        Nothing is decoded: what is wrong further inside comes out only when it is sent.
        """
        try:
            original = PictureSource.of(file.path, self.image_options)
            if self._unasked_video(file, original):
                original.refuse_video()
            original.foretell(together=self.pages == "together")
        except ImageError as error:
            return error
        return None

    def _remote(self, path: str, fs: Any, extra_info: dict[str, Any]) -> Iterator[ImageNode]:
        if fs.isdir(path):
            way_out = "Let SimpleDirectoryReader(fs=..., file_extractor={'.png': PictureReader()}) list it."
            raise image_error("", path, "is a folder of a file system of its own", way_out)
        with fs.open(path, "rb") as file:
            data = file.read()
        metadata = {"file_path": path, "file_name": path.rpartition("/")[2], "file_size": len(data)}
        original = PictureSource.of(data, self.image_options, where=path)
        origin = _Origin(fs.unstrip_protocol(path), metadata, extra_info, {"image": _in_base64(data)})
        yield from self._nodes(original, origin, None)

    def _nodes(self, original: PictureSource, origin: _Origin, only: Container[int] | None) -> Iterator[ImageNode]:
        try:
            if self.digest:
                origin.metadata["sha256"] = original.sha256()
            kind = original.kind()
            if kind is not None and kind.media_type:
                origin.metadata["file_type"] = kind.media_type
            selection = original.select_pages()
        except (ImageError, OSError):
            if self.on_error == "raise":
                raise
            yield origin.node()
            return
        if self.pages == "each" and (selection.total > 1 or not original.is_picture()):
            yield from self._pages(original, origin, selection, only)
        elif only is None or 1 in only:
            yield origin.node({**_stored_size(original), **({"pages": selection.total} if selection.total > 1 else {})})

    def _pages(
        self, original: PictureSource, origin: _Origin, selection: PageSelection, only: Container[int] | None
    ) -> Iterator[ImageNode]:
        left = [number for number in selection.numbers if only is None or number in only]
        while left:
            try:
                for picture in original.pages(only=set(left)):
                    number = picture.page or 1
                    left = left[left.index(number) + 1 :]
                    more = _of_page(picture, original)
                    fields = {"image": _in_base64(picture.read()), "image_mimetype": picture.media_type}
                    yield origin.node(more, fields, page=number, pages=selection.total)
                return
            except (ImageError, OSError):
                if self.on_error == "raise":
                    raise
                yield origin.node(page=left.pop(0), pages=selection.total)

    def _wanted(self) -> Wanted:
        return Wanted(
            include=Globs(self.include),
            exclude=Globs(self.exclude),
            recursive=self.recursive,
            videos=self.videos,
            keep_going=self.on_error == "keep",
        )


@dataclass(frozen=True)
class _Origin:
    """What the nodes of a file share."""

    address: str
    """Its URL, from which ids are made."""
    metadata: dict[str, Any]
    extra_info: dict[str, Any]
    """The caller's metadata, which come last."""
    whole: dict[str, Any]
    """The fields of a node that stands for the whole file."""
    stamp: str = ""
    """Size and time of last change; empty when the file's bytes are in the nodes."""

    def node(
        self,
        more: dict[str, Any] | None = None,
        fields: dict[str, Any] | None = None,
        *,
        page: int | None = None,
        pages: int = 1,
    ) -> PictureNode:
        own = {**self.metadata, **(more or {})}
        if page is not None:
            own |= {"page_label": str(page), "pages": pages}
        if "file_type" not in own and (guessed := mimetypes.guess_type(own["file_name"])[0]):
            own["file_type"] = guessed
        excluded = [name for name in own if name not in _SEARCHED]
        address = self.address if page is None else f"{self.address}#page={page}"
        held = {"image_mimetype": own.get("file_type"), **self.whole} if fields is None else fields
        made: dict[str, Any] = {
            "id_": str(uuid.uuid5(uuid.NAMESPACE_URL, address)),
            "version": own.get("sha256", self.stamp),
            "metadata": {**own, **self.extra_info},
            "excluded_embed_metadata_keys": excluded,
            "excluded_llm_metadata_keys": [*excluded],
        }
        return PictureNode(**made, **held)


def _stored_size(original: PictureSource) -> dict[str, int]:
    try:
        size = original.size()
    except ImageError:  # what is wrong with the picture is said by whoever sends it
        size = None
    return {"width": size[0], "height": size[1]} if size else {}


def _of_page(picture: PreparedImage, original: PictureSource) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if original.kind() is not PDF:  # whose pages have a size on paper only
        more["width"], more["height"] = picture.original_size
    if picture.seconds is not None:
        more["seconds"] = round(picture.seconds, 3)
    return more


def _in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d")


def _text_of(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path)
    return str(Path(text).expanduser()) if text.startswith("~") else text


def _require_extras(files: Sequence[FoundFile]) -> None:
    """Raises MissingExtraError when some of the files need packages that are not installed."""
    counts = Counter(file.path.suffix.lower() for file in files)
    for extra in EXTRAS:
        needing = sorted(suffixes_needing(extra) & counts.keys())
        if needing and find_spec(extra.module) is None:
            count = sum(counts[suffix] for suffix in needing)
            globs = ", ".join(f"'*{suffix}'" for suffix in needing)
            verb = "needs" if count == 1 else "need"
            raise MissingExtraError(
                f"{count:,} of the {len(files):,} files ({globs}) {verb} the package {extra.package}, which is not "
                f"installed. Install the extra: {install(extra.name)}. Or leave them out: exclude=[{globs}].",
                extra=extra.name,
            )
