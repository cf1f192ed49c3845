"""Generated pages: what stands on one, in reading order, and where each piece of text is put on the sheet."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from PIL import ImageFont

from .texts import SCRIPTS, Lot, Table

WIDTH, HEIGHT = 595, 842
"""Points: A4."""
_LEFT, _TOP, _RIGHT = 60, 770, 535
_FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
)
"""All of them have the three scripts. Debian's fonts-dejavu-core and fonts-liberation."""


def fonts() -> list[Path]:
    return [path for path in map(Path, _FONTS) if path.is_file()]


@dataclass(frozen=True)
class Element:
    """One piece of a page's text."""

    kind: str
    """"heading", "paragraph", "bullets", "table", "columns", "foot"."""
    texts: tuple[str, ...] = ()
    table: Table | None = None

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        return self.table.rows if self.table else ()


@dataclass(frozen=True)
class Placed:
    """A piece of text that is shown by one command."""

    text: str
    x: float
    y: float
    size: float


@dataclass
class Page:
    script: str
    font: Path
    elements: list[Element] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)
    """In the order of the file, which is not always that of reading."""
    rotation: int = 0
    ligatures: bool = False
    """Whether "fi" and "fl" are one sign."""


def draw_page(script: str, seed: int) -> Page:
    """A page of up to five elements, placed."""
    lot = Lot(script, seed)
    draw = lot.random
    page = Page(script, draw.choice(fonts()), rotation=draw.choice((0, 0, 0, 0, 90, 180, 270)))
    page.ligatures = draw.random() < 0.3
    writer = _Writer(page, lot, size=draw.choice((9.0, 10.0, 11.0, 12.0)))
    writer.add(Element("heading", (lot.heading(),)))
    for _ in range(draw.randrange(1, 6)):
        kind = draw.choice(("paragraph", "paragraph", "bullets", "table", "columns", "heading"))
        if kind == "table":
            element = Element(kind, table=lot.table())
        elif kind in ("bullets", "columns"):
            lengths = (1, None) if kind == "bullets" else (3, None)
            element = Element(kind, tuple(lot.paragraph(lengths[0]) for _ in range(2 if kind == "columns" else 4)))
        elif kind == "heading":
            element = Element(kind, (lot.heading(),))
        else:
            element = Element(kind, (lot.paragraph(),))
        if not writer.add(element):
            break
    writer.add(Element("foot", (f"{draw.randrange(1, 400)}",)))
    return page


def blank_page(number: str = "") -> Page:
    """A page with nothing on it but perhaps a number."""
    page = Page(SCRIPTS[0], fonts()[0])
    if number:
        page.elements.append(Element("foot", (number,)))
        page.placed.append(Placed(number, 290, 40, 11))
    return page


@cache
def _measure(path: Path) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), 100)


class _Writer:
    """Puts elements below each other."""

    def __init__(self, page: Page, lot: Lot, size: float) -> None:
        self._page, self._lot, self._size, self._y = page, lot, size, float(_TOP)
        self._pieces = lot.random.choice(("lines", "lines", "words"))

    def width(self, text: str, size: float) -> float:
        return _measure(self._page.font).getlength(text, features=["-liga", "-kern"]) * size / 100

    def add(self, element: Element) -> bool:
        """Whether there was room for it."""
        before, count = self._y, len(self._page.placed)
        if element.kind == "foot":
            self._show(element.texts[0], 290, 40, self._size)
        elif element.kind == "heading":
            self._y -= self._size
            self._lines(element.texts[0], _LEFT, _RIGHT, self._size * 1.5)
        elif element.kind == "paragraph":
            self._lines(element.texts[0], _LEFT, _RIGHT, self._size)
        elif element.kind == "bullets":
            for text in element.texts:
                self._show("\u2022", _LEFT, self._y, self._size)
                self._lines(text, _LEFT + 15, _RIGHT, self._size)
        elif element.kind == "columns":
            self._columns(element.texts)
        elif element.table is not None:
            self._table(element.table)
        if self._y < 60:
            self._y = before
            del self._page.placed[count:]
            return False
        self._page.elements.append(element)
        self._y -= self._size * 0.8
        return True

    def _show(self, text: str, x: float, y: float, size: float) -> None:
        if self._page.ligatures:
            text = text.replace("fi", "\ufb01").replace("fl", "\ufb02")
        if self._pieces == "words" and " " in text:
            for word in text.split(" "):
                self._page.placed.append(Placed(word, x, y, size))
                x += self.width(word + " ", size)
            return
        self._page.placed.append(Placed(text, x, y, size))

    def _lines(self, text: str, left: float, right: float, size: float) -> None:
        for line in self._broken(text, right - left, size):
            self._show(line, left, self._y, size)
            self._y -= size * 1.3

    def _broken(self, text: str, room: float, size: float) -> list[str]:
        lines, line = [], ""
        for word in text.split(" "):
            longer = f"{line} {word}" if line else word
            if self.width(longer, size) <= room:
                line = longer
                continue
            begin, rest = self._hyphenated(word, room - self.width(line + " -", size), size)
            if begin:
                line = f"{line} {begin}" if line else begin
            lines.append(line)
            line = rest
        return [*lines, line]

    def _hyphenated(self, word: str, room: float, size: float) -> tuple[str, str]:
        """The part of a word that still fits, with its hyphen, and the rest."""
        own = word.find("-")
        if own > 1 and word.replace("-", "").isalpha() and self.width(word[:own], size) <= room:
            return word[: own + 1], word[own + 1 :]
        if word.isalpha() and len(word) >= 8:
            for at in range(len(word) - 3, 2, -1):
                if self.width(word[:at], size) <= room:
                    return word[:at] + "-", word[at:]
        return "", word

    def _columns(self, texts: tuple[str, ...]) -> None:
        middle = (_LEFT + _RIGHT) / 2
        lefts = (_LEFT, middle + 12)
        columns = [self._broken(text, middle - 12 - _LEFT, self._size) for text in texts]
        top, step = self._y, self._size * 1.3
        placed = [(row, column, line) for column, lines in enumerate(columns) for row, line in enumerate(lines)]
        if self._lot.random.random() < 0.3:
            placed.sort()
        for row, column, line in placed:
            self._show(line, lefts[column], top - row * step, self._size)
        self._y = top - max(map(len, columns)) * step

    def _table(self, table: Table) -> None:
        wide = (_RIGHT - _LEFT) / len(table.rows[0])
        top, step = self._y, self._size * 1.6
        cells = [(row, column, cell) for row, cells in enumerate(table.rows) for column, cell in enumerate(cells)]
        if self._lot.random.random() < 0.2:
            cells.sort(key=lambda cell: (cell[1], cell[0]))
        widest = max(self.width(cell + "  ", 1) for _, _, cell in cells)
        for row, column, cell in cells:
            self._show(cell, _LEFT + column * wide, top - row * step, min(self._size * 0.9, wide / widest))
        self._y = top - len(table.rows) * step
