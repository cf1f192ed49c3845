"""The typer application: what can be said to no command, and how one of them (commands.py) is run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from .commands import LazyGroup
from .common.exits import INTERRUPTED

app = typer.Typer(
    name="ollama-vision",
    cls=LazyGroup,
    help="Ask vision models on Ollama about pictures.",
    # Plain help: rich's doubles the time that --help takes.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from ollama_vision.batch import this_version

        typer.echo(f"ollama-vision {this_version()}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version and exit.")
]

Isolated = Annotated[bool, typer.Option("--isolated", help="Read no ollama-vision.toml.")]


@app.callback()
def whole(version: Version = False, isolated: Isolated = False) -> None:
    """What can be said to no command."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line and give its exit code."""
    try:
        app(args=list(arguments), prog_name="ollama-vision")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0
