"""`ollama-vision doctor`: its options and its help."""

from __future__ import annotations

from typing import Annotated

import typer

from ..common.options import CACert, Header, Host, complete_model, read_one_access

HELP = """\
One of the models has to prove that it sees, by small questions about drawn pictures. Each line is ok, warn or fail;
warn is also what could not be checked. With --json, `sight` is the proof: questions, answers, and what was sent.

\b
Examples:
  ollama-vision doctor
  ollama-vision doctor --host http://192.168.0.10:11434 --model gemma3:4b
  ollama-vision doctor --json > doctor.json

The exit code is 0 when nothing failed, 1 when something did, 2 for a wrong command line, 130 after Ctrl-C.
"""

SHOWS_PROBLEMS = True
"""With settings that are wrong."""


def doctor(
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            autocompletion=complete_model,
            help="The model to try. Without it: OLLAMA_VISION_MODEL, else one that sees.",
        ),
    ] = None,
    host: Host = None,
    header: Header = None,
    cacert: CACert = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
) -> None:
    access = read_one_access(host, header, cacert)

    from .command import doctor as look

    raise typer.Exit(look(access, model, as_json=json))
