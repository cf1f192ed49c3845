"""An eye test as one HTML page: the advice, the table, and how often each size was told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ollama_vision.sight import EyeTest

from ..report.html import Html, element
from ..report.page_frame import CLOSING, opening, put_in_place, table, title_line
from .plot import shares_by_size
from .table import HEADINGS, cells, ways_of

_STYLES = ("report.css", "compare.css", "eyetest.css")


def write_page(page: Path, found: EyeTest) -> None:
    """Write the page; it is there when it is whole, and not before. Raises OSError."""
    put_in_place(page, _pieces(found))


def _pieces(found: EyeTest) -> Iterator[str]:
    title = f"How small {found.model} sees"
    ways = ways_of(found)
    width, height = found.original
    yield opening(title, _STYLES)
    yield element(
        "header",
        title_line(title),
        element(
            "p", f"{found.host}; sizes in pixels of an original of {width}x{height}; seed {found.seed}", class_="label"
        ),
    )
    yield element("section", element("p", found.advice), table(HEADINGS, map(cells, ways)), class_="compared")
    things = [(way.name, way.things.tried) for way in ways]
    letters = [(way.name, way.letters.tried if way.letters else ()) for way in ways]
    for what, rows in (("Things", things), ("Letters", letters)):
        if any(tried for _, tried in rows):
            yield _plot(what, shares_by_size(what, rows))
    yield CLOSING


def _plot(what: str, plot: Html) -> Html:
    return element(
        "section",
        element("h2", what),
        plot,
        element("p", "How often each size was told; a size is asked about until the answer is clear.", class_="label"),
        class_="compared",
    )
