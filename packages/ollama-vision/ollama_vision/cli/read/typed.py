"""`ollama-vision read`: each option, declared once; what was typed is one value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..common.options import (
    BoxConventionName,
    CACert,
    Demo,
    DetailLevel,
    Exclude,
    Header,
    Hosts,
    Jobs,
    MaxPixels,
    OneModel,
    Options,
    PromptFile,
    RetryErrors,
    System,
    Think,
    Timeout,
    UncheckedOptions,
    Wait,
)


class Layer(StrEnum):
    check = "check"
    prefer = "prefer"
    ignore = "ignore"


@dataclass(frozen=True, eq=False, repr=False)
class ReadOptions:
    """What was typed, not yet looked at."""

    path: Annotated[list[str], typer.Argument(metavar="PATH", show_default=False, hidden=True)]
    out: Annotated[Path, typer.Option(metavar="FOLDER", file_okay=False, help="Where Markdown and pages.jsonl go.")] = (
        Path("text")
    )
    model: OneModel = None
    layer: Annotated[
        Layer,
        typer.Option(
            help="What becomes of a PDF's own text: check compares answers with it, prefer takes it and asks no model, "
            "ignore does neither."
        ),
    ] = Layer.check
    second: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL|tesseract",
            help="A second reader to compare with: another model, or Tesseract, as in tesseract:deu+fra.",
        ),
    ] = None
    pages: Annotated[
        str | None, typer.Option(metavar="NUMBERS", help="The numbers of the pages to read, such as 2 or 2-4,7.")
    ] = None
    password: Annotated[str | None, typer.Option(metavar="TEXT", help="What opens locked PDFs.")] = None
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            "-p",
            metavar="TEXT",
            help="What each page is asked. Without it: as the model was trained.",
        ),
    ] = None
    prompt_file: PromptFile = None
    system: System = None
    figures: Annotated[
        bool, typer.Option("--figures", help="Cut figures out and save them, where the model says where they are.")
    ] = False
    box_convention: BoxConventionName = None
    append: Annotated[
        bool, typer.Option("--append", help="Add to lines of another request that are in pages.jsonl.")
    ] = False
    restart: Annotated[
        bool, typer.Option("--restart", help="Start anew; the pages.jsonl that is there gets another name.")
    ] = False
    retry_errors: RetryErrors = False
    prune: Annotated[bool, typer.Option("--prune", help="Take out lines of documents that are not there any more.")] = (
        False
    )
    detail: DetailLevel = None
    max_pixels: MaxPixels = None
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Take of folders only files that fit, such as *.pdf. Can be given again."),
    ] = None
    exclude: Exclude = None
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Make a page of pages beside their text at the end.")
    ] = None
    jobs: Jobs = 4
    host: Hosts = None
    timeout: Timeout = None
    wait: Wait = None
    sight_check: Annotated[
        bool,
        typer.Option(
            "--sight-check/--no-sight-check",
            help="Have each host prove that the model sees: before the first page, now and then, and at the end.",
        ),
    ] = True
    demo: Demo = False
    header: Header = None
    cacert: CACert = None
    option: Options = None
    option_unchecked: UncheckedOptions = None
    think: Think = None
