"""DocumentReader: scans and PDFs read by a vision model, a LlamaIndex document for each page, with its verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llama_index.core.bridge.pydantic import Field, field_validator
from llama_index.core.readers.base import BasePydanticReader
from llama_index.core.schema import Document

from ollama_vision.batch import Paths, require_same_answers
from ollama_vision.documents import DocumentFilesSettings, DocumentPage

from .asking_llm import LlmOnHost
from .base import OllamaMultiModal

_SEARCHED = frozenset({"file_path", "page"})
"""What of the metadata goes into texts for embedding and for models; the rest is for filters."""


class DocumentReader(DocumentFilesSettings, BasePydanticReader):
    """Pages of PDFs, TIFFs and photographs as Markdown, each with a verdict that is computed: whether to trust it.

    ```python
    pages = DocumentReader(llm=llm).load_data("contract.pdf")
    trusted = [page for page in pages if not page.metadata["needs_look"]]
    ```

    Metadata are `file_path`, `file_name`, `page` and how many `pages` there are, `verdict`, `needs_look`, `findings`,
    `cer`, `wer`, `source`, `model` and the file's `sha256`. A document's id follows from the file's path and the page.
    It serves SimpleDirectoryReader as well: `file_extractor={".pdf": DocumentReader(llm=llm)}`.
    """

    llm: OllamaMultiModal | list[OllamaMultiModal] = Field(
        description="Whom to ask; or the same model on several hosts, of which the free one is asked next."
    )

    def __init__(self, **settings: Any) -> None:
        settings.pop("class_name", None)  # core adds it to its dumps
        super().__init__(**settings)

    @classmethod
    def class_name(cls) -> str:
        return "DocumentReader"

    def lazy_load_data(self, file: Paths, extra_info: dict[str, Any] | None = None) -> Iterator[Document]:
        """The pages, all of which are read by the first that is taken; `file` is a file, a folder, a glob, or a list.

        Raises what `ollama_vision.read_document` raises.
        """
        llms = self.llm if isinstance(self.llm, list) else [self.llm]
        yield from (_document_of(page, extra_info or {}) for page in self._read(file, llms, LlmOnHost))

    def load_data(self, file: Paths, extra_info: dict[str, Any] | None = None) -> list[Document]:
        """All pages at once."""
        return list(self.lazy_load_data(file, extra_info))

    @field_validator("llm")
    @classmethod
    def _one_model(cls, llm: Any) -> Any:
        if isinstance(llm, list):
            if not llm:
                raise ValueError("llm is an empty list: give at least one OllamaMultiModal")
            require_same_answers(llm)
        return llm


def _document_of(page: DocumentPage, extra_info: dict[str, Any]) -> Document:
    own = {**page.metadata(), **extra_info}
    excluded = [name for name in own if name not in _SEARCHED]
    keys = {"excluded_embed_metadata_keys": excluded, "excluded_llm_metadata_keys": [*excluded]}
    return Document(id_=page.id, text=page.text, metadata=own, **keys)
