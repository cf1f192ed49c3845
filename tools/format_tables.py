"""The tables of docs/reference/formats.md, from the code's own lists: written by `make help-copies`, held by a test.

Between two comments of the page stands what this file writes there:

    <!-- table of pictures -->      and of `videos`, `documents`: what is read, and how
    <!-- table of odd kinds -->     what is out of the ordinary within a format
    <!-- table of refused -->       what is told apart only to be refused, with its way out
    <!-- end of table -->
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ollama_vision.pictures.formats import foreign
from ollama_vision.pictures.formats.kinds import PDF, PICTURES, VIDEOS, Kind
from ollama_vision.pictures.formats.odd_kinds import ODD_KINDS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/reference/formats.md"
REGION = re.compile(r"(<!-- table of (?P<what>[a-z ]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
VERDICTS = {"right": "right", "refused": "refused", "lost": "sent, with a loss"}


def table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def read(kinds: Iterable[Kind]) -> str:
    """Formats that are read."""
    headings = ("format", "suffixes in a folder", "media type", "needs")
    return table(
        headings,
        (
            (
                kind.name,
                " ".join(f"`{suffix}`" for suffix in kind.suffixes),
                f"`{kind.media_type}`" if kind.media_type else "",
                f"extra `{kind.extra.name}` ({kind.extra.package})" if kind.extra else "",
            )
            for kind in kinds
        ),
    )


def odd_kinds() -> str:
    rows = (
        (kind.name, odd.what, VERDICTS[odd.verdict], odd.words)
        for kind in (*PICTURES, PDF, *VIDEOS)
        for odd in ODD_KINDS[kind]
    )
    return table(("format", "kind", "verdict", "what that means"), rows)


def refused() -> str:
    kinds = [kind for kind in vars(foreign).values() if isinstance(kind, Kind)]
    return table(("it is", "way out"), ((kind.phrase, kind.way_out) for kind in kinds))


def written(what: str) -> str:
    makers = {
        "pictures": lambda: read(PICTURES),
        "videos": lambda: read(VIDEOS),
        "documents": lambda: read([PDF]),
        "odd kinds": odd_kinds,
        "refused": refused,
    }
    return makers[what]()


def renewed(page: str) -> str:
    """The page with today's tables in it."""
    return REGION.sub(lambda found: f"{found[1]}\n{written(found['what'])}\n{found[3]}", page)


def main() -> None:
    old = PAGE.read_text(encoding="utf-8")
    if (new := renewed(old)) != old:
        PAGE.write_text(new, encoding="utf-8")
        print(f"{PAGE.relative_to(ROOT)}: written anew")


if __name__ == "__main__":
    main()
