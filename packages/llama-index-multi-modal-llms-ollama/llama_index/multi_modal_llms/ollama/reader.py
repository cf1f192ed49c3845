"""PictureReader: files, folders and globs as picture nodes of LlamaIndex, one file in memory at a time."""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Container, Iterator
from typing import Any

from llama_index.core.readers.base import BasePydanticReader
from llama_index.core.schema import ImageNode
from pydantic import Field, model_validator

from ollama_vision.batch import Found, FoundFile, Page, Paths, PictureFiles

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


class PictureReader(PictureFiles, BasePydanticReader):
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

    @classmethod
    def class_name(cls) -> str:
        return "PictureReader"

    @model_validator(mode="before")
    @classmethod
    def _as_core_writes_it(cls, fields: Any) -> Any:
        if isinstance(fields, dict):
            return {name: value for name, value in fields.items() if name != "class_name"}
        return fields

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
            return (node for path in each for node in self._remote(os.fspath(path), fs, extra_info))
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
        return (self._node(page, extra_info) for page in self._read(file, only))

    def _remote(self, path: str, fs: Any, extra_info: dict[str, Any] | None) -> Iterator[ImageNode]:
        way_out = "Let SimpleDirectoryReader(fs=..., file_extractor={'.png': PictureReader()}) list it."
        for page in self._read_remote(path, fs, if_folder=way_out):
            yield self._node(page, extra_info)

    def _node(self, page: Page, extra_info: dict[str, Any] | None) -> PictureNode:
        own = page.metadata()
        excluded = [name for name in own if name not in _SEARCHED]
        made: dict[str, Any] = {
            "id_": page.id,
            "version": page.version,
            "metadata": {**own, **(extra_info or {})},
            "excluded_embed_metadata_keys": excluded,
            "excluded_llm_metadata_keys": [*excluded],
            "image_mimetype": page.picture.media_type if page.picture else own.get("file_type"),
        }
        if page.picture is not None:
            return PictureNode(**made, image=_in_base64(page.picture.read()))
        if page.remote is not None:
            return PictureNode(**made, image=_in_base64(page.remote.data))
        return PictureNode(**made, image_path=own["file_path"])


def _in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
