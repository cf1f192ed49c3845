"""`ollama-vision search`: its arguments and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..common.options import CACert, Header, Host, Timeout, complete_model, read_one_access, usage_errors

HELP = """\
All words must be in the answer, a phrase in quotes as it stands; case and accents do not matter. Files are
results.jsonl of describe and pages.jsonl of read; the last answer about each picture or page counts. The words come
last.

With --embed they are a text, and the answers that mean about the same are found, by a model that makes embeddings.
These are kept beside the results, in results.jsonl.embeddings.db, so that the next search asks only about what is
new.

\b
Examples:
  ollama-vision search results.jsonl "red bicycle"
  ollama-vision search results.jsonl '"red bicycle" street'
  ollama-vision search results.jsonl pages.jsonl invoice --json | jq .path
  ollama-vision search results.jsonl "red bicycle" --html hits.html
  ollama-vision search results.jsonl "something to ride" --embed embeddinggemma

The exit code is 0 with a hit, 1 without one, 2 when nothing can be searched.
"""


def search(
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS.jsonl", show_default=False, hidden=True)],
    query: Annotated[str, typer.Argument(metavar="WORDS", show_default=False, hidden=True)],
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="So many hits at the most, the best. Without it: all; with --embed, 20."),
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
    embed: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", autocompletion=complete_model, help="Search by meaning, with this model's embeddings."
        ),
    ] = None,
    host: Host = None,
    header: Header = None,
    cacert: CACert = None,
    timeout: Timeout = None,
) -> None:
    from ..common.access import UsageError

    access = read_one_access(host, header, cacert)

    with usage_errors():
        # A slip of the hand must not put a page in a picture's place.
        if html is not None and html.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"A page's name ends in .html: {html.stem}.html, say.")
        if root is not None and not root.is_dir():
            raise UsageError(f"--root {root}: there is no such folder.")
        if embed is None and (host or header or cacert or timeout):
            raise UsageError(
                "--host, --header, --cacert and --timeout are for --embed: words are found without a server."
            )

    from .command import Asked
    from .command import search as find

    asked = None if embed is None else Asked(embed, access, timeout)
    raise typer.Exit(find(results, query, limit=limit, page=html, root=root, as_json=as_json, asked=asked))
