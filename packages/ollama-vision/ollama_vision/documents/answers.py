"""Answers of document models as plain Markdown: fences taken off, HTML tables as pipe tables, boxes as figures."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

from .figures import SaveFigure, no_figure

_FENCE = re.compile(
    r"\A\s*(?P<fence>`{3,}|~{3,})[ \t]*(?:markdown|md|html|text)?[ \t]*\n(?P<inner>.*?)(?:\n(?P=fence)\s*)?\Z",
    re.DOTALL,
)
_TABLE = re.compile(r"<table\b.*?</table\s*>", re.DOTALL | re.IGNORECASE)
_NUMBERS = r"\[\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*\]"
_FIGURE = re.compile(rf"!\[(?P<label>[^\]\n]*)\]\(\s*(?:bbox_2d|box_2d|bbox|box)\s*[=:]?\s*{_NUMBERS}\s*\)")
_GROUNDED = re.compile(r"<\|ref\|>(?P<kind>.*?)<\|/ref\|><\|det\|>(?P<boxes>.*?)<\|/det\|>[ \t]*\n?", re.DOTALL)
_FOUR = re.compile(_NUMBERS)
_PICTURES = frozenset({"image", "figure", "chart"})
_WIDE_BAR = "\uff5c"
_SPECIAL = re.compile(rf"<\|/?(?:grounding|ref|det)\|>|<{_WIDE_BAR}[^{_WIDE_BAR}<>]*{_WIDE_BAR}>")


def plain_markdown(answer: str, save: SaveFigure = no_figure) -> str:
    """Of a model that answers in Markdown, perhaps within a fence, with tables in HTML, or with boxes of figures."""
    fenced = _FENCE.match(answer)
    # Of fences within, none is left open: else the first one is of a piece of the page, and stays.
    if fenced and len(re.findall(rf"^{fenced['fence']}", fenced["inner"], re.MULTILINE)) % 2 == 0:
        answer = fenced["inner"]

    def figure(found: re.Match[str]) -> str:
        return save(_box(found.groups()[1:]), found["label"].strip())

    made = _TABLE.sub(lambda found: markdown_table(found[0]), _FIGURE.sub(figure, answer))
    return re.sub(r"\n{3,}", "\n\n", made).strip()


def with_grounding(answer: str, save: SaveFigure = no_figure) -> str:
    """Of DeepSeek-OCR, which says of each piece what it is and where: `<|ref|>text<|/ref|><|det|>[[...]]<|/det|>`."""

    def placed(found: re.Match[str]) -> str:
        if found["kind"].strip().lower() not in _PICTURES:
            return ""
        saved = [save(_box(box.groups()), "") for box in _FOUR.finditer(found["boxes"])]
        return "".join(f"{words}\n" for words in saved if words)

    return plain_markdown(_SPECIAL.sub("", _GROUNDED.sub(placed, answer)), save)


def _box(numbers: tuple[str | None, ...]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(number or 0) for number in numbers)
    return left, top, right, bottom


def pipe_table(rows: list[list[str]]) -> str:
    """A Markdown table, of which the first row is the head; empty without a cell."""
    width = max((len(row) for row in rows), default=0)
    if not width:
        return ""
    lines = ["| " + " | ".join([*(_cell(cell) for cell in row), *[""] * (width - len(row))]) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def markdown_table(html: str) -> str:
    """A table in HTML as a Markdown table; what spans several cells stands in the first of them."""
    reader = _TableReader()
    reader.feed(html)
    reader.close()
    table = pipe_table(reader.rows())
    return f"\n\n{table}\n\n" if table else ""


class _TableReader(HTMLParser):
    """The cells of a table, by row and column."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._cells: dict[tuple[int, int], str] = {}
        self._row, self._at = -1, (0, 0)
        self._spans: dict[int, int] = {}
        """Of the next rows, by column: how many more a cell from above takes."""
        self._text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._end_cell()
            self._row += 1
            self._column = 0
        elif tag in ("td", "th"):
            self._end_cell()
            self._begin_cell(dict(attrs))
        elif tag == "br" and self._text is not None:
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def _begin_cell(self, attributes: dict[str, str | None]) -> None:
        if self._row < 0:
            self._row, self._column = 0, 0
        while (self._row, self._column) in self._cells:
            self._column += 1
        across, down = _span(attributes.get("colspan")), _span(attributes.get("rowspan"))
        for row in range(self._row, self._row + down):
            for column in range(self._column, self._column + across):
                self._cells[row, column] = ""
        self._at, self._text = (self._row, self._column), []
        self._column += across

    def _end_cell(self) -> None:
        if self._text is not None:
            self._cells[self._at] = unescape("".join(self._text))
        self._text = None

    def rows(self) -> list[list[str]]:
        if not self._cells:
            return []
        height, width = (max(place[axis] for place in self._cells) + 1 for axis in (0, 1))
        return [[self._cells.get((row, column), "") for column in range(width)] for row in range(height)]


def _span(told: str | None) -> int:
    """What a model made up is held to what a page has."""
    return min(int(told), 100) if told is not None and told.isdecimal() and int(told) else 1
