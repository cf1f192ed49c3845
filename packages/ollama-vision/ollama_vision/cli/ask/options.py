"""`ollama-vision ask`: its options and its help."""

from __future__ import annotations

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
    Header,
    Host,
    Options,
    Range,
    Region,
    Think,
    Tiles,
    Timeout,
    UncheckedOptions,
    complete_model,
    read_labels,
    usage_errors,
)

HELP = """\
A PICTURE is a file, an http or https URL, or - for a picture on standard input; of a PDF its pages are sent, of a video
some of its frames. The QUESTION comes last.

\b
Examples:
  ollama-vision ask photo.jpg "What is in this picture?"
  ollama-vision ask --model gemma3:4b before.png after.png "What has changed?"
  ollama-vision ask report.pdf "Which page has a table?" --pages 2-4,7
  ollama-vision ask receipt.heic "Read this receipt." --format receipt.schema.json
  ollama-vision ask photo.jpg "What is in this picture?" --json | jq .usage
  ollama-vision ask cats.jpg "List all cats as JSON: bbox_2d, label." --draw-boxes boxes.png
  ollama-vision ask --demo shapes.png "How many shapes are there?"

The exit code is 0 with a whole answer, 1 without one, 2 for a wrong command line, 130 after Ctrl-C.
"""


def ask(
    # May be empty here: who forgot the question is told so, and not that a picture is missing.
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE", default_factory=list, show_default=False, hidden=True)
    ],
    question: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False, hidden=True)],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            autocompletion=complete_model,
            help="The model to ask. Without it: OLLAMA_VISION_MODEL, else the only one there that sees.",
        ),
    ] = None,
    demo: Demo = False,
    host: Host = None,
    header: Header = None,
    cacert: CACert = None,
    stream: Annotated[
        bool,
        typer.Option(
            "--stream/--no-stream",
            help="Show the answer as it comes (the default), or once it is whole.",
            show_default=False,
        ),
    ] = True,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON object: text, fields, model, usage, finish_reason, pictures, seconds.",
        ),
    ] = False,
    format: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A file with a JSON Schema that the answer must follow, or the word json."),
    ] = None,
    detail: DetailLevel = None,
    range: Range = None,
    region: Region = None,
    tiles: Tiles = None,
    pages: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Which pages of a PDF, TIFF or DICOM file to send, such as 2-4,7. Without it: all of 20.",
        ),
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER", min=1, max=1000, help="How many frames of a video or an animation to send. Without it: 8."
        ),
    ] = None,
    draw_boxes: Annotated[
        Path | None,
        typer.Option(
            "--draw-boxes",
            metavar="OUT.png",
            help="Draw the boxes of the answer's JSON (bbox_2d, box_2d, bbox, box) on the picture, into this file.",
        ),
    ] = None,
    box_convention: BoxConventionName = None,
    choose: Choose = None,
    calibration: CalibrationFile = None,
    option: Options = None,
    option_unchecked: UncheckedOptions = None,
    think: Think = None,
    timeout: Timeout = None,
) -> None:
    from .question import read_question

    with usage_errors():
        asked = read_question(
            pictures=pictures,
            question=question,
            model=model,
            demo=demo,
            host=host,
            headers=header or [],
            cacert=cacert,
            stream=stream,
            as_json=as_json,
            labels=read_labels(choose),
            calibration=calibration,
            format=format,
            detail=None if detail is None else detail.value,
            range=range,
            region=region,
            tiles=tiles,
            pages=pages,
            frames=frames,
            draw_boxes=draw_boxes,
            box_convention=box_convention,
            options=option or [],
            options_unchecked=option_unchecked or [],
            think=think,
            timeout=timeout,
        )

    from .command import ask as answer

    raise typer.Exit(answer(asked))
