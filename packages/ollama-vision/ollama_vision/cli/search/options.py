"""`ollama-vision search`: its arguments and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..common.options import usage_errors

HELP = """\
All words must be in the answer, a phrase in quotes as it stands; case and accents do not matter. Files are
results.jsonl of describe and pages.jsonl of read; the last answer about each picture or page counts. The words come
last.

\b
Examples:
  ollama-vision search results.jsonl "red bicycle"
  ollama-vision search results.jsonl '"red bicycle" street'
  ollama-vision search results.jsonl pages.jsonl invoice --json | jq .path
  ollama-vision search results.jsonl "red bicycle" --html hits.html

The exit code is 0 with a hit, 1 without one, 2 when nothing can be searched.
"""


def search(
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS.jsonl", show_default=False, hidden=True)],
    query: Annotated[str, typer.Argument(metavar="WORDS", show_default=False, hidden=True)],
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many hits at the most, the best. Without it: all.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="PAGE.html", help="Write the hits as a report, pictures beside answers.")
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The folder that relative paths in the results are counted from, for the page's pictures. Without "
            "it: the current one.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object a hit: its line of results, and its score.")
    ] = False,
) -> None:
    from ..common.access import UsageError

    with usage_errors():
        # A slip of the hand must not put a page in a picture's place.
        if html is not None and html.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"A page's name ends in .html: {html.stem}.html, say.")
        if root is not None and not root.is_dir():
            raise UsageError(f"--root {root}: there is no such folder.")

    from .command import search as find

    raise typer.Exit(find(results, query, limit=limit, page=html, root=root, as_json=as_json))
