"""The options that commands share, each declared once, and what a wrong command line comes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ollama_vision.exits import WRONG_COMMAND_LINE

Host = Annotated[
    str | None,
    typer.Option(
        "--host", metavar="URL", help="The server's address. Without it: OLLAMA_HOST, else http://localhost:11434."
    ),
]
Header = Annotated[
    list[str] | None,
    typer.Option("--header", metavar='"NAME: VALUE"', help="A header for each request. Can be given again."),
]
CACert = Annotated[
    Path | None,
    typer.Option("--cacert", metavar="FILE", help="Certificates (PEM) to trust instead of the usual ones."),
]


@contextmanager
def right_arguments() -> Iterator[None]:
    """What cannot be meant as it was typed ends the command with one sentence and exit code 2."""
    from ollama_vision.arguments import WrongArgument

    try:
        yield
    except WrongArgument as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(WRONG_COMMAND_LINE) from error
