"""How documents are read, as one pydantic model of settings: what loaders of documents extend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ollama_vision.batch import HostedModel, Paths, find_pictures

from .document import DocumentPage
from .one_document import check_openable, read_with
from .reading import CONTEXT
from .runs import ReadSettings

if TYPE_CHECKING:
    from ollama_vision.model import OnServer


class DocumentFilesSettings(BaseModel):
    """Files, folders and globs, one page at a time; who extends it says which models are asked."""

    model_config = ConfigDict(extra="forbid")

    layer: Literal["check", "prefer", "ignore"] = Field(
        default="check", description="Whether a PDF's own text is compared with answers, taken for them, or neither."
    )
    second: str | None = Field(default=None, description="A second reader: another model, or tesseract.")
    prompt: str | None = Field(default=None, description="What each page is asked; None: as its model was trained.")
    pages: list[int] | None = Field(default=None, description="The numbers of the pages that are read; None: all.")
    password: SecretStr | None = Field(default=None, exclude=True, repr=False, description="What opens locked PDFs.")
    num_workers: int = Field(default=4, ge=1, description="Requests in flight, over all hosts.")
    sight_check: bool = Field(default=True, description="Have each host prove first that the model sees.")
    on_error: Literal["raise", "keep"] = Field(
        default="raise",
        description="What becomes of a document that cannot be opened: an error before anything is asked, or one page "
        "that failed. A page of which nothing could be read is one that failed in any case.",
    )

    def _read(
        self, paths: Paths, models: Sequence[OnServer], on_host: Callable[[Any], HostedModel]
    ) -> list[DocumentPage]:
        """The pages of all documents, read in one run. Raises what `read_document` raises."""
        second_models = None
        settings = self._settings(models[0], on_host)
        if settings.second_model is not None:
            second_models = [model.model_copy(update={"model": settings.second_model}) for model in models]
        found = find_pictures(paths, on_error=self.on_error)
        if self.on_error == "raise":
            check_openable(found, settings)
        return read_with(found, models, second_models, settings, jobs=self.num_workers, sight_check=self.sight_check)

    def _settings(self, model: OnServer, on_host: Callable[[Any], HostedModel]) -> ReadSettings:
        """A temperature and a context that the model was given are left; else they are a reader's."""
        usual = {"temperature": ("temperature", 0.0), "context_window": ("num_ctx", CONTEXT)}
        options = {
            option: value
            for name, (option, value) in usual.items()
            if name not in model.model_fields_set and option not in model.additional_kwargs
        }
        shown = model.image_options
        if self.password is not None:
            shown = shown.model_copy(update={"password": self.password})
        pages = None if self.pages is None else frozenset(self.pages)
        return ReadSettings(
            self.layer, self.second, self.prompt, pages=pages, image_options=shown, options=options, on_host=on_host
        )
