"""The typer application: which commands there are, and how one of them is run.

`ollama-vision --help` answers without LlamaIndex, which alone takes more than a second to import.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from .ask import options as ask
from .common.exits import INTERRUPTED
from .compare import options as compare
from .describe import options as describe
from .doctor import options as doctor
from .export import options as export
from .eyetest import options as eyetest
from .models import options as models
from .pull import options as pull
from .report import options as report
from .serve import options as serve

app = typer.Typer(
    name="ollama-vision",
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


@app.callback()
def whole(version: Version = False) -> None:
    """What can be said to no command."""


app.command(help=ask.HELP)(ask.ask)
app.command(help=describe.HELP)(describe.describe)
app.command(help=export.HELP)(export.export)
app.command(help=report.HELP)(report.report)
app.command(help=compare.HELP)(compare.compare)
app.command(help=eyetest.HELP)(eyetest.eyetest)
app.command(help=models.HELP)(models.models)
app.command(help=pull.HELP)(pull.pull)
app.command(help=serve.HELP)(serve.serve)
app.command(help=doctor.HELP)(doctor.doctor)


def run(arguments: Sequence[str]) -> int:
    """Run a command line and give its exit code."""
    try:
        app(args=list(arguments), prog_name="ollama-vision")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0
