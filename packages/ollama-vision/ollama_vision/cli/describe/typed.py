"""`ollama-vision describe`: each option, declared once; what was typed is one value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..common.options import (
    CACert,
    CalibrationFile,
    Choose,
    Demo,
    DetailLevel,
    Exclude,
    Frames,
    From,
    Header,
    Hosts,
    Jobs,
    MaxPixels,
    NearBits,
    NearDuplicates,
    Options,
    PromptFile,
    Range,
    Region,
    RetryErrors,
    System,
    Think,
    Tiles,
    Timeout,
    To,
    UncheckedOptions,
    Wait,
    complete_model,
)

DEFAULT_PROMPT = "Describe the image."


class Pages(StrEnum):
    each = "each"
    together = "together"


class Sidecar(StrEnum):
    txt = "txt"
    caption = "caption"
    xmp = "xmp"


class SidecarName(StrEnum):
    name = "name"
    stem = "stem"


@dataclass(frozen=True, eq=False, repr=False)
class DescribeOptions:
    """What was typed, not yet looked at."""

    path: Annotated[list[str], typer.Argument(metavar="PATH", show_default=False, hidden=True)]
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt", "-p", metavar="TEXT", help="What is asked about each picture.", show_default=DEFAULT_PROMPT
        ),
    ] = None
    prompt_file: PromptFile = None
    system: System = None
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            autocompletion=complete_model,
            help="The model to ask. Given again: each is asked in turn, and has its own lines. Without it: "
            "OLLAMA_VISION_MODEL, else the only one there that sees.",
        ),
    ] = None
    schema: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="What each answer must be: a file with a JSON Schema, or file.py:Class, a pydantic class in a Python "
            "file, which is run.",
        ),
    ] = None
    choose: Choose = None
    calibration: CalibrationFile = None
    confidence: Annotated[
        bool,
        typer.Option(
            "--confidence",
            help="Tell how sure the model is of each field of --schema that is an enum or a boolean.",
        ),
    ] = False
    out: Annotated[
        str, typer.Option(metavar="FILE", help="Where the lines go, and where it goes on; - prints them.")
    ] = "results.jsonl"
    append: Annotated[bool, typer.Option("--append", help="Add to lines of another request that are in the file.")] = (
        False
    )
    restart: Annotated[
        bool, typer.Option("--restart", help="Start anew; the file that is there gets another name.")
    ] = False
    retry_errors: RetryErrors = False
    prune: Annotated[bool, typer.Option("--prune", help="Take out lines of pictures that are not there any more.")] = (
        False
    )
    pages: Annotated[Pages, typer.Option(help="Ask about each page of a document, or about all in one question.")] = (
        Pages.each
    )
    together: Annotated[
        bool,
        typer.Option(
            "--together", help="The same as --pages together; of a video as many frames as fit into one question."
        ),
    ] = False
    frames: Frames = None
    from_: From = None
    to: To = None
    detail: DetailLevel = None
    max_pixels: MaxPixels = None
    range: Range = None
    region: Region = None
    tiles: Tiles = None
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Take of folders only files that fit, such as *.jpg. Can be given again."),
    ] = None
    exclude: Exclude = None
    videos: Annotated[bool, typer.Option("--videos", help="Take videos too, as frames.")] = False
    sidecar: Annotated[
        Sidecar | None,
        typer.Option(
            help="Write each answer into a file beside its picture as well: txt for its text, photo.jpg.txt; caption "
            "for one line, the keywords if there are any; xmp for XMP, merged with the sidecar that is there, of the "
            "fields title, description and keywords of --schema, or the answer as the description.",
        ),
    ] = None
    sidecar_dir: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", file_okay=False, help="Write these files there instead."),
    ] = None
    sidecar_name: Annotated[
        SidecarName | None,
        typer.Option(help="What they are called: name for photo.jpg.txt (the default), stem for photo.txt."),
    ] = None
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="With --sidecar xmp: put title and description in the place of those that are there."
        ),
    ] = False
    undo: Annotated[
        bool,
        typer.Option(
            "--undo", help="With --sidecar xmp: ask nothing, and bring back what the sidecars of these pictures were."
        ),
    ] = False
    timeline: Annotated[
        Path | None,
        typer.Option(metavar="FILE.md", help="Write the answers about each video with their times, in Markdown."),
    ] = None
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Make a page of pictures and answers at the end.")
    ] = None
    jobs: Jobs = 4
    host: Hosts = None
    timeout: Timeout = None
    wait: Wait = None
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Ask only about the first N pictures.")] = None
    near_duplicates: NearDuplicates = False
    near_bits: NearBits = None
    sight_check: Annotated[
        bool,
        typer.Option(
            "--sight-check/--no-sight-check",
            help="Have each host prove that the model sees: before the first picture, now and then, and at the end.",
        ),
    ] = True
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be asked, and how many tokens it takes; ask nothing.")
    ] = False
    list_left_out: Annotated[
        bool, typer.Option("--list-left-out", help="Name each file and folder that is left out, and why.")
    ] = False
    demo: Demo = False
    header: Header = None
    cacert: CACert = None
    option: Options = None
    option_unchecked: UncheckedOptions = None
    think: Think = None
