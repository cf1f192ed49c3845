"""`ollama-vision ask`: each option, declared once; what was typed is one value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..common.options import (
    BoxConventionName,
    CACert,
    CalibrationFile,
    Choose,
    Demo,
    DetailLevel,
    Frames,
    From,
    Header,
    Host,
    OneModel,
    Options,
    PromptFile,
    Range,
    Region,
    System,
    Think,
    Tiles,
    Timeout,
    To,
    UncheckedOptions,
)


def forget_all(wanted: bool) -> None:
    if wanted:
        from .forgetting import forget

        raise typer.Exit(forget())


@dataclass(frozen=True, eq=False, repr=False)
class AskOptions:
    """What was typed, not yet looked at."""

    # Both may be empty here: who forgot one of them is told which, and a prompt that is a file needs neither to go on.
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE", default_factory=list, show_default=False, hidden=True)
    ]
    question: Annotated[str | None, typer.Argument(metavar="QUESTION", show_default=False, hidden=True)] = None
    continue_: Annotated[
        bool,
        typer.Option("--continue", help="Go on with the last conversation; its pictures are sent again."),
    ] = False
    log: Annotated[
        bool,
        typer.Option(
            "--log/--no-log", help="Keep the answer for --continue (the default), or not.", show_default=False
        ),
    ] = True
    forget: Annotated[
        bool,
        typer.Option("--forget", is_eager=True, callback=forget_all, help="Erase all that is kept; ask nothing."),
    ] = False
    prompt_file: PromptFile = None
    system: System = None
    model: OneModel = None
    demo: Demo = False
    host: Host = None
    header: Header = None
    cacert: CACert = None
    stream: Annotated[
        bool,
        typer.Option(
            "--stream/--no-stream",
            help="Show the answer as it comes (the default), or once it is whole.",
            show_default=False,
        ),
    ] = True
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON object: text, fields, model, usage, finish_reason, pictures, seconds.",
        ),
    ] = False
    format: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A file with a JSON Schema that the answer must follow, or the word json."),
    ] = None
    detail: DetailLevel = None
    range: Range = None
    region: Region = None
    tiles: Tiles = None
    pages: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Which pages of a PDF, TIFF or DICOM file to send, such as 2-4,7. Without it: all of 20.",
        ),
    ] = None
    frames: Frames = None
    from_: From = None
    to: To = None
    draw_boxes: Annotated[
        Path | None,
        typer.Option(
            "--draw-boxes",
            metavar="OUT.png",
            help="Draw the boxes of the answer's JSON (bbox_2d, box_2d, bbox, box) on the picture, into this file.",
        ),
    ] = None
    box_convention: BoxConventionName = None
    choose: Choose = None
    calibration: CalibrationFile = None
    option: Options = None
    option_unchecked: UncheckedOptions = None
    think: Think = None
    timeout: Timeout = None
