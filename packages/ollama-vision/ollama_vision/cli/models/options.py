"""`ollama-vision models`: its options and its help."""

from __future__ import annotations

from typing import Annotated

import typer

from ..common.options import CACert, Header, Host, read_one_access

HELP = """\
For each: whether it sees, thinks and calls tools, its size on disk, the longest context in tokens, and, while it is
loaded, its size in memory and how much of that is on a GPU. A ? is what the server does not tell.

\b
Examples:
  ollama-vision models
  ollama-vision models --host http://192.168.0.10:11434
  ollama-vision models --json

The exit code is 0, 1 when the server cannot be asked, 2 for a wrong command line.
"""


def models(
    host: Host = None,
    header: Header = None,
    cacert: CACert = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    access = read_one_access(host, header, cacert)

    from .command import models as show

    raise typer.Exit(show(access, as_json=json))
