"""PictureReader: files, folders and globs as picture nodes of LlamaIndex, one file in memory at a time."""

from __future__ import annotations

import base64
import logging
import os
import uuid
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from llama_index.core.readers.base import BasePydanticReader
from llama_index.core.schema import ImageNode
from pydantic import ConfigDict, Field, model_validator

from ollama_vision.batch import Found, FoundFile, Page, PageReader, Paths, find_pictures
from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, PictureSource, image_error

__all__ = ["Found", "FoundFile", "PictureNode", "PictureReader"]

logger = logging.getLogger(__name__)

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
        found.log(logger)
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
        address = Path(os.path.abspath(path)).as_uri()  # noqa: PTH100 - a link's own name counts, not where it leads
        origin = _Origin(address, path, extra_info or {}, {"image_path": path}, has_file=True)
        for page in self._pages().pages_of(file, only=only):
            yield self._node(page, origin)

    def check_headers(self, file: FoundFile) -> ImageError | None:
        """What will be wrong with a file when it is sent, as far as its header tells it; `None` when that is nothing.

        Nothing is decoded: what is wrong further inside comes out only when it is sent.
        """
        return self._pages().check_headers(file)

    def _remote(self, path: str, fs: Any, extra_info: dict[str, Any]) -> Iterator[ImageNode]:
        if fs.isdir(path):
            way_out = "Let SimpleDirectoryReader(fs=..., file_extractor={'.png': PictureReader()}) list it."
            raise image_error("", path, "is a folder of a file system of its own", way_out)
        with fs.open(path, "rb") as file:
            data = file.read()
        source = PictureSource.of(data, self.image_options, where=path)
        origin = _Origin(fs.unstrip_protocol(path), path, extra_info, {"image": _in_base64(data)})
        file = FoundFile(Path(path), len(data), 0, Path(path), named=True)
        for page in self._pages().pages_in(source, Page(file)):
            yield self._node(page, origin)

    def _node(self, page: Page, origin: _Origin) -> PictureNode:
        if page.error is not None and self.on_error == "raise":
            raise page.error
        return origin.node(page)

    def _pages(self) -> PageReader:
        return PageReader(
            self.image_options,
            together=self.pages == "together",
            videos=self.videos or bool(self.include),
            digest=self.digest,
        )


@dataclass(frozen=True)
class _Origin:
    """What the nodes of a file share."""

    address: str
    """Its URL, from which ids are made."""
    path: str
    """As metadata has it."""
    extra_info: dict[str, Any]
    """The caller's metadata, which come last."""
    whole: dict[str, Any]
    """The fields of a node that stands for the whole file."""
    has_file: bool = False
    """Whether the file can be read again: then a change of it is known by its size and date, where there is no hash."""

    def node(self, page: Page) -> PictureNode:
        own = {**page.metadata(), "file_path": self.path}
        excluded = [name for name in own if name not in _SEARCHED]
        made: dict[str, Any] = {
            "id_": str(uuid.uuid5(uuid.NAMESPACE_URL, self._address_of(page))),
            "version": page.version if self.has_file else page.sha256,
            "metadata": {**own, **self.extra_info},
            "excluded_embed_metadata_keys": excluded,
            "excluded_llm_metadata_keys": [*excluded],
        }
        if page.picture is None:
            return PictureNode(**made, image_mimetype=own.get("file_type"), **self.whole)
        picture = page.picture
        return PictureNode(**made, image=_in_base64(picture.read()), image_mimetype=picture.media_type)

    def _address_of(self, page: Page) -> str:
        return self.address if page.page is None else f"{self.address}#page={page.page}"


def _in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
