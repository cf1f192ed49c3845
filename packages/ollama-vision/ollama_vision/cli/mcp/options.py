"""`ollama-vision mcp`: its options and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..common.options import (
    CACert,
    Demo,
    Header,
    Host,
    OneModel,
    Options,
    Think,
    Timeout,
    UncheckedOptions,
    usage_errors,
)

HELP = """\b
Tools:
  look             ask about a picture, or closer about a part of it
  describe_folder  ask the same about each picture in a folder
  read_document    read pages to Markdown, with a verdict for each
  find_pictures    list the pictures in a folder
  prove_sight      whether the model sees what it is sent

Only what is below --root is read; links that lead out are not followed. Pictures there are resources as well. A program
that speaks MCP starts the command itself, and talks with it over standard input and output. With --http it listens on
this machine, and says at which address on standard error.

\b
Examples:
  ollama-vision mcp --root ~/Pictures
  ollama-vision mcp --root ~/Pictures --root ~/Scans --model gemma3:4b
  ollama-vision mcp --root examples/pictures --demo --http 127.0.0.1:0

The exit code is 0 when the other side is done, 1 when the address is taken, 2 for a wrong command line, 130 after
Ctrl-C.
"""


def mcp(
    root: Annotated[
        list[Path],
        typer.Option(
            "--root",
            metavar="DIR",
            help="A folder below which everything may be read. Can be given again.",
            show_default=False,
        ),
    ],
    model: OneModel = None,
    demo: Demo = False,
    host: Host = None,
    header: Header = None,
    cacert: CACert = None,
    http: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS:PORT",
            help="Listen for streamable HTTP on this machine, such as 127.0.0.1:8000; port 0 is any free one.",
        ),
    ] = None,
    sight_check: Annotated[
        bool | None,
        typer.Option(
            "--sight-check/--no-sight-check",
            help="Have the model prove that it sees before every first picture, or never. Without it: before folders "
            "and documents.",
            show_default=False,
        ),
    ] = None,
    option: Options = None,
    option_unchecked: UncheckedOptions = None,
    think: Think = None,
    timeout: Timeout = None,
) -> None:
    from .arguments import read_serving

    with usage_errors():
        serving = read_serving(
            roots=root,
            model=model,
            demo=demo,
            host=host,
            headers=header or (),
            cacert=cacert,
            http=http,
            sight_check=sight_check,
            options=option or (),
            options_unchecked=option_unchecked or (),
            think=think,
            timeout=timeout,
        )

    from .command import serve

    raise typer.Exit(serve(serving))
