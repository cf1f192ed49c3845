"""`ollama-vision eyetest`: its arguments and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..common.options import CACert, Demo, Header, Host, Options, Timeout, complete_model, usage_errors

HELP = """\
Pictures of 2240x2240 pixels with one thing or one word on them are sent at detail low, auto and high, and at auto in
tiles. Of each is told what size is still told 24 times in a row, in pixels of the original, how many tokens and seconds
a question takes, and how to send pictures to that model.

\b
Examples:
  ollama-vision eyetest gemma3:4b
  ollama-vision eyetest gemma3:4b --html eyes.html
  ollama-vision eyetest --demo --json

The exit code is 0 with figures, 1 without, also where the model does not see, 2 for a wrong command line, 130 after
Ctrl-C.
"""


def eyetest(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", autocompletion=complete_model, show_default=False, hidden=True),
    ] = None,
    demo: Demo = False,
    host: Host = None,
    header: Header = None,
    cacert: CACert = None,
    html: Annotated[Path | None, typer.Option(metavar="PAGE.html", help="Write a page with plots.")] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Draw the same pictures again. Without it: others each time.", min=0),
    ] = None,
    option: Options = None,
    timeout: Timeout = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    from ..common.access import UsageError, model_of_environment, read_access, read_option

    with usage_errors():
        # A slip of the hand must not put a page in a picture's place.
        if html is not None and html.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"A page's name ends in .html: {html.stem}.html, say.")
        if html is not None and not html.absolute().parent.is_dir():
            raise UsageError(f"--html {html}: there is no folder {html.parent}.")
        access = read_access(demo=demo, hosts=() if host is None else (host,), headers=header or (), cacert=cacert)
        options = dict(read_option(text) for text in option or ())

    from .command import eyetest as test

    named = model or model_of_environment(demo=demo)
    raise typer.Exit(test(named, access, page=html, seed=seed, options=options, timeout=timeout, as_json=as_json))
