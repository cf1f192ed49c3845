"""`ollama-vision compare`: its arguments and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..common.options import usage_errors

HELP = """\
Of each model, detail and prompt: how good it is, and whether it differs from others by more than chance.

The labels are a CSV file with a column path (as in the results, or a name that only one picture has) or sha256, and one
for label, text or each field of a schema. Pictures without a label, labels without a picture and doubled labels are
named.

\b
Examples:
  ollama-vision compare results.jsonl --labels truth.csv
  ollama-vision compare small.jsonl large.jsonl --labels truth.csv --html compared.html
  ollama-vision compare results.jsonl --labels truth.csv --calibrate cal.json

The exit code is 0 with a comparison, 2 when nothing can be compared.
"""


def compare(
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS.jsonl", show_default=False, hidden=True)],
    labels: Annotated[
        Path, typer.Option(metavar="TRUTH.csv", help="What is true of each picture.", show_default=False)
    ],
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Compare texts as they are. Without it: in one case, without white space around them and without a "
            "final full stop.",
        ),
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="PAGE.html", help="Write a page with plots and the pictures that the runs differ on."),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The folder that relative paths in the results are counted from, for the page's pictures. Without "
            "it: the current one.",
        ),
    ] = None,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            metavar="CAL.json",
            help="Fit one number by which the probabilities of one run mean what they say, for --calibration.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as one JSON object.")] = False,
) -> None:
    from ..common.access import UsageError

    with usage_errors():
        # A slip of the hand must not put a page in a picture's place.
        if html is not None and html.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"A page's name ends in .html: {html.stem}.html, say.")
        if calibrate is not None and calibrate.suffix.lower() != ".json":
            raise UsageError(f"A calibration's name ends in .json: {calibrate.stem}.json, say.")
        if root is not None and not root.is_dir():
            raise UsageError(f"--root {root}: there is no such folder.")

    from .command import compare as write

    raise typer.Exit(write(results, labels, exact=exact, page=html, root=root, calibration=calibrate, as_json=as_json))
