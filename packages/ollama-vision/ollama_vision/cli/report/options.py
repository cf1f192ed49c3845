"""`ollama-vision report`: its arguments and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..common.options import BoxConventionName, usage_errors

HELP = """\
It shows what failed as well, has a filter, and draws the boxes that answers name (bbox_2d, box_2d, bbox, box) on the
pictures. The page is one file that needs no network. From 2,000 pictures on, it is the index of a folder of pages
beside it.

\b
Examples:
  ollama-vision report results.jsonl report.html
  ollama-vision report results.jsonl report.html --root /mnt/photos --title "Photos of 2026"

The exit code is 0 with a report, 1 without one, 2 for a wrong command line.
"""


def report(
    results: Annotated[Path, typer.Argument(metavar="RESULTS.jsonl", show_default=False, hidden=True)],
    page: Annotated[Path, typer.Argument(metavar="REPORT.html", show_default=False, hidden=True)],
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The folder that relative paths in the results are counted from. Without it: the current one.",
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What stands at the top.")] = None,
    box_convention: BoxConventionName = None,
) -> None:
    from ..common.access import UsageError, read_convention

    with usage_errors():
        # A slip of the hand must not put a page in a picture's place.
        if page.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"A report's name ends in .html: {results.stem}.html, say.")
        convention = read_convention(box_convention)
        if root is not None and not root.is_dir():
            raise UsageError(f"--root {root}: there is no such folder.")

    from .command import report as write

    raise typer.Exit(write(results, page, root=root, title=title, convention=convention))
