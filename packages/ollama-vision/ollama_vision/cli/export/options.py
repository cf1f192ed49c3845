"""`ollama-vision export`: its arguments and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..common.options import usage_errors

HELP = """\
One row a picture, of its last line, one column for each field of a schema, nested values as JSON, and an error column.
Text that a spreadsheet would run as a formula gets a ' before it: it may come from a stranger's picture.

\b
Examples:
  ollama-vision export results.jsonl results.csv
  ollama-vision export results.jsonl - | head

The exit code is 0 with a table, 1 without one, 2 for a wrong command line.
"""


def export(
    results: Annotated[Path, typer.Argument(metavar="RESULTS.jsonl", show_default=False, hidden=True)],
    table: Annotated[str, typer.Argument(metavar="OUT.csv", show_default=False, hidden=True)],
) -> None:
    from ..common.access import STANDARD_OUTPUT, UsageError

    with usage_errors():
        # A slip of the hand must not put a table in a picture's place.
        if table != STANDARD_OUTPUT and not table.lower().endswith(".csv"):
            raise UsageError(f"A table's name ends in .csv: {results.stem}.csv, say; and - prints it.")

    from .command import export as write

    raise typer.Exit(write(results, table))
