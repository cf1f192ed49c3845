"""Parsing of the arguments of `read`, before any file or server is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..ask.question import read_pages
from ..common.access import Access, UsageError, model_of_environment, read_access, read_option

if TYPE_CHECKING:
    from ollama_vision.batch import Start
    from ollama_vision.documents import Layer

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
    figures: bool
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

    @property
    def out(self) -> Path:
        """Where the lines go."""
        return self.folder / PAGES

    def resume_hint(self) -> str:
        """What to type when the run ended early."""
        without = " without --restart" if self.start == "restart" else ""
        return f"The same command{without} goes on with the rest."


def read_job(
    *,
    paths: Iterable[str],
    out: Path,
    model: str | None,
    layer: Layer,
    second: str | None,
    pages: str | None,
    password: str | None,
    prompt: str | None,
    figures: bool,
    append: bool,
    restart: bool,
    retry_errors: bool,
    prune: bool,
    detail: Literal["low", "auto", "high"] | None,
    max_pixels: int | None,
    include: Iterable[str],
    exclude: Iterable[str],
    report: Path | None,
    jobs: int,
    hosts: Iterable[str],
    timeout: float | None,
    wait: float | None,
    sight_check: bool,
    demo: bool,
    headers: Iterable[str],
    cacert: Path | None,
    options: Iterable[str],
    options_unchecked: Iterable[str],
    think: bool | None,
) -> ReadJob:
    """Check everything that can be checked without a document; raises `UsageError`."""
    if prompt is not None and not prompt.strip():
        raise UsageError("--prompt is empty: leave it out, and each page is asked about as the model was trained.")
    if second is not None and not second.strip():
        raise UsageError("--second is empty: name a model, or tesseract.")
    if append and restart:
        raise UsageError("--append keeps the lines that are there, --restart puts them aside: give one of them.")
    if detail is not None and max_pixels is not None:
        raise UsageError("--detail stands for a number of pixels: give it or --max-pixels, not both.")
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--report {report}: name a file that ends in .html.")
    return ReadJob(
        paths=tuple(paths),
        folder=out,
        model=model or model_of_environment(demo=demo),
        access=read_access(demo=demo, hosts=hosts, headers=headers, cacert=cacert),
        layer=layer,
        second=second,
        pages=None if pages is None else frozenset(read_pages(pages)),
        password=password,
        prompt=prompt,
        figures=figures,
        start="append" if append else "restart" if restart else "go on",
        retry_errors=retry_errors,
        prune=prune,
        detail=detail or "auto",
        max_pixels=max_pixels,
        include=tuple(include),
        exclude=tuple(exclude),
        report=report,
        jobs=jobs,
        timeout=timeout,
        wait=wait,
        sight_check=sight_check,
        options=dict(read_option(text) for text in options),
        options_unchecked=dict(read_option(text) for text in options_unchecked),
        think=bool(think),
    )
