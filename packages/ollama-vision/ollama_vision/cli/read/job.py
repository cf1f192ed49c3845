"""Parsing of the arguments of `read`, before any file or server is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..ask.question import read_pages
from ..common.access import Access, UsageError, model_of_environment, read_access, read_convention, read_option
from ..common.prompts import read_prompt, read_system, read_template

if TYPE_CHECKING:
    from ollama_vision.batch import Start
    from ollama_vision.documents import Layer
    from ollama_vision.pictures import BoxConvention

    from .typed import ReadOptions

PAGES = "pages.jsonl"


@dataclass(frozen=True)
class ReadJob:
    """All that one `read` says."""

    paths: tuple[str, ...]
    folder: Path
    """For what is written."""
    model: str | None
    """`None`: the only one there that sees."""
    access: Access
    layer: Layer
    second: str | None
    pages: frozenset[int] | None
    password: str | None = field(repr=False)
    prompt: str | None
    system: str | None
    figures: bool
    convention: BoxConvention | None
    """How the model counts boxes; `None`: as its family does."""
    start: Start
    retry_errors: bool
    prune: bool
    detail: Literal["low", "auto", "high"]
    max_pixels: int | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    report: Path | None
    jobs: int
    timeout: float | None
    wait: float | None
    sight_check: bool
    options: Mapping[str, Any]
    options_unchecked: Mapping[str, Any]
    think: bool
    limit: int | None = None
    near_bits: int | None = None
    """Pages look alike from afar."""

    @property
    def out(self) -> Path:
        """Where the lines go."""
        return self.folder / PAGES

    def resume_hint(self) -> str:
        """What to type when the run ended early."""
        without = " without --restart" if self.start == "restart" else ""
        return f"The same command{without} goes on with the rest."


def read_job(typed: ReadOptions) -> ReadJob:
    """Check everything that can be checked without a document; raises `UsageError`."""
    if typed.prompt is not None and not typed.prompt.strip():
        raise UsageError("--prompt is empty: leave it out, and each page is asked about as the model was trained.")
    own_words = typed.prompt is not None or typed.prompt_file is not None
    if typed.second is not None and not typed.second.strip():
        raise UsageError("--second is empty: name a model, or tesseract.")
    if typed.box_convention is not None and not typed.figures:
        raise UsageError("--box-convention says how the boxes of --figures are counted: give both.")
    if typed.append and typed.restart:
        raise UsageError("--append keeps the lines that are there, --restart puts them aside: give one of them.")
    if typed.detail is not None and typed.max_pixels is not None:
        raise UsageError("--detail stands for a number of pixels: give it or --max-pixels, not both.")
    if typed.report is not None and typed.report.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--report {typed.report}: name a file that ends in .html.")
    prompt = read_prompt(typed.prompt, typed.prompt_file, "") if own_words else None
    if prompt is not None:
        read_template(prompt, "--prompt" if typed.prompt_file is None else f"--prompt-file {typed.prompt_file}")
    return ReadJob(
        paths=tuple(typed.path),
        folder=typed.out,
        model=typed.model or model_of_environment(demo=typed.demo),
        access=read_access(demo=typed.demo, hosts=typed.host or (), headers=typed.header or (), cacert=typed.cacert),
        layer=typed.layer.value,
        second=typed.second,
        pages=None if typed.pages is None else frozenset(read_pages(typed.pages)),
        password=typed.password,
        prompt=prompt,
        system=read_system(typed.system),
        figures=typed.figures,
        convention=read_convention(typed.box_convention),
        start="append" if typed.append else "restart" if typed.restart else "go on",
        retry_errors=typed.retry_errors,
        prune=typed.prune,
        detail="auto" if typed.detail is None else typed.detail.value,
        max_pixels=typed.max_pixels,
        include=tuple(typed.include or ()),
        exclude=tuple(typed.exclude or ()),
        report=typed.report,
        jobs=typed.jobs,
        timeout=typed.timeout,
        wait=typed.wait,
        sight_check=typed.sight_check,
        options=dict(read_option(text) for text in typed.option or ()),
        options_unchecked=dict(read_option(text) for text in typed.option_unchecked or ()),
        think=bool(typed.think),
    )
