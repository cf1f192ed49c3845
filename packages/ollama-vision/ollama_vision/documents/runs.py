"""Runs that read documents, as the batch's: what each model is asked, by what its lines are known, and in which order.

A second reader that is a model reads all pages before the first one does, in lines of its own, so that a server loads
each model once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ollama_vision.batch import (
    FoundFile,
    Ledger,
    Lines,
    ModelRun,
    PageReader,
    PictureQuestion,
    RunOptions,
)
from ollama_vision.errors import MissingExtraError
from ollama_vision.extras import EXTRAS, install_hint, is_complete
from ollama_vision.pictures import ImageOptions

from .prompts import prompt_for
from .reading import LAYERS, Layer, PageReading
from .second_readers import Read, Tesseract, reads_by_program

if TYPE_CHECKING:
    from ollama_vision.batch import HostedModel, PicturePrompts, SightFile
    from ollama_vision.model import OnServer
    from ollama_vision.pictures import BoxConvention


@dataclass(frozen=True)
class ReadSettings:
    """How documents are read; whom is asked is not part of it."""

    layer: Layer = "check"
    second: str | None = None
    """A model, or `tesseract`, or that with its languages: `tesseract:deu+fra`."""
    prompt: str | None = None
    """`None`: the one of the model's family."""
    figures: bool = False
    pages: frozenset[int] | None = None
    """The numbers of the pages that are read; `None`: all."""
    image_options: ImageOptions = field(default_factory=ImageOptions)
    options: Mapping[str, Any] = field(default_factory=dict)
    options_unchecked: Mapping[str, Any] = field(default_factory=dict)
    think: bool = False
    convention: BoxConvention | None = None
    """How boxes of figures are counted; `None`: as the model's family does, where that is certain."""
    on_host: Callable[[Any], HostedModel] | None = None
    """Asks a model, where that is none of the engine's own."""
    system: str | None = None
    """A system prompt, in place of the model's own."""
    prompts: PicturePrompts | None = None
    """What the pages of each document are asked, where the prompt has placeholders: `prompt` is their template."""

    def check(self) -> None:
        """Raises ValueError for a word that is none, and MissingExtraError where what compares is not installed."""
        if self.layer not in LAYERS:
            raise ValueError(f"layer is {self.layer!r}; it must be {', '.join(map(repr, LAYERS))}")
        extra = EXTRAS["read"]
        if not is_complete(extra.modules):
            raise MissingExtraError(
                f"To compare what was read ({extra.purpose}) needs the package {extra.modules[0]}, which is not "
                f"installed. Install the extra: {install_hint('read')}.",
                extra="read",
            )

    @property
    def second_model(self) -> str | None:
        return None if reads_by_program(self.second) else self.second

    def question(self, model: str) -> PictureQuestion:
        keywords: dict[str, Any] = {"think": self.think, "options": dict(self.options)}
        if self.options_unchecked:
            keywords["options_unchecked"] = dict(self.options_unchecked)
        prompt = prompt_for(model, self.prompt, figures=self.figures)
        placeholders = () if self.prompts is None else tuple(sorted(self.prompts.template.names))
        return PictureQuestion(prompt, None, keywords, placeholders=placeholders, system=self.system)

    def reader(self) -> PageReader:
        return PageReader(self.image_options, numbered=True, document=True, only=self.pages)

    def model_run(self, hosts: Sequence[OnServer]) -> ModelRun:
        """The model that reads. Raises TypeError and ValueError for options that no call sends."""
        made = ModelRun.of(hosts, self.question(hosts[0].model), pages="each").with_prompts(self.prompts)
        told = {"layer": self.layer, "second": self.second, "figures": self.figures}
        return _known_as(made, told, self.on_host)

    def second_run(self, hosts: Sequence[OnServer]) -> ModelRun:
        """The model that reads to be compared with; raises as `model_run`."""
        alone = replace(self, figures=False, prompt=None, system=None, prompts=None)
        made = ModelRun.of(hosts, alone.question(hosts[0].model), pages="each")
        return _known_as(made, {"layer": "second reader"}, self.on_host)

    def lines(
        self,
        run: ModelRun,
        files: Sequence[FoundFile],
        ledger: Ledger,
        run_options: RunOptions,
        sight: SightFile,
        readers: Mapping[str, Read],
        figures: Callable[[Path], Path] | None = None,
    ) -> Lines:
        """The lines of the model that reads."""
        if not self.figures:
            figures = None
        reading = PageReading(
            run.model, run.question, run.asked["options"], self.layer, readers, figures, self.convention
        )
        return Lines(run, files, self.reader(), ledger, run_options, sight, reading.work())

    def second_lines(
        self, run: ModelRun, files: Sequence[FoundFile], ledger: Ledger, run_options: RunOptions, sight: SightFile
    ) -> Lines:
        """Those of the one that it is compared with."""
        reading = PageReading(run.model, run.question, run.asked["options"], self.layer, judged=False)
        return Lines(run, files, self.reader(), ledger, run_options, sight, reading.work())

    def program_readers(self) -> dict[str, Read]:
        """Second readers that are no model. Raises SecondReaderError."""
        if self.second is None or not reads_by_program(self.second):
            return {}
        return {self.second: Tesseract.find(self.second, self.image_options).read}


def texts_of(lines: Iterator[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """What a second reader read, by document and page; the last line of a page counts."""
    texts: dict[tuple[str, int], str] = {}
    for line in lines:
        if line["page"] is not None:
            key = (line["path"], line["page"])
            texts.pop(key, None)
            if line["error"] is None and line["text"].strip() and line["finish_reason"] in ("", "stop"):
                texts[key] = line["text"]
    return texts


def _known_as(run: ModelRun, told: Mapping[str, Any], on_host: Callable[[Any], HostedModel] | None) -> ModelRun:
    """Another request than the same question of `describe`, and than one that is judged otherwise."""
    words = " ".join(f"{name}={value}" for name, value in sorted(told.items()))
    request = sha256(f"{run.request} read {words}".encode()).hexdigest()
    return replace(run, request=request, asked={**run.asked, **told}, on_host=on_host or run.on_host)
