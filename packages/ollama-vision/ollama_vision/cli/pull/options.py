"""`ollama-vision pull`: its options and its help."""

from __future__ import annotations

from typing import Annotated

import typer

from ..common.options import CACert, Header, Host, read_one_access

HELP = """\
Ctrl-C stops it and keeps what has come: the same command goes on from there.

\b
Examples:
  ollama-vision pull gemma3:4b
  ollama-vision pull qwen2.5vl:7b --host http://192.168.0.10:11434

The exit code is 0 when the model is there, 1 when not, 2 for a wrong command line, 130 after Ctrl-C.
"""


def pull(
    model: Annotated[str, typer.Argument(metavar="MODEL", show_default=False, hidden=True)],
    host: Host = None,
    header: Header = None,
    cacert: CACert = None,
) -> None:
    access = read_one_access(host, header, cacert)

    from .command import pull as get

    raise typer.Exit(get(access, model))
