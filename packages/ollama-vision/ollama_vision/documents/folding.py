"""Text normalization: what two readings of a page may differ in without saying anything else.

Unicode's composed form (NFC), ligatures, hyphens at line ends, white space, bullets, and the marks of Markdown and
HTML.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .markdown import CELL, without_marks

_LIGATURES = re.compile("[\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufdfb\ufe70-\ufefc]")
"""Signs for several letters, and the forms that Arabic letters have by their place."""
_UNSEEN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufe00-\ufe0f\x00-\x01\x03-\x08\x0e-\x1b\x7f]"
)
_LINE_ENDS = re.compile(r"\r\n?|[\n\v\f\u0085\u2028\u2029]")
_HYPHENS = "-\u00ad\u2010\u2011"
_PDFIUM_HYPHENS = "\x02\ufffe"
"""What PDFium puts in the place of a hyphen that ends a line, and of the line's end."""
_HYPHENATED = re.compile(
    rf"(?P<before>[^\W_]+)(?:[{_HYPHENS}][ \t]*\n[ \t]*|[{_PDFIUM_HYPHENS}]\s*|\u00ad)(?P<after>[^\W_]+)"
)
_BULLET_SIGNS = (
    "\u2022\u25e6\u25aa\u25ab\u2023\u25cf\u25cb\u25a0\u25a1\u25fc\u25fb\u27a2\u27a4\u25ba\u25b8\u2043\u2219\u2756\u2666"
    "\uf0b7\uf0a7\uf0d8\uf076\uf0fc"  # as the fonts Symbol and Wingdings have them
)
_BULLETS = frozenset(_BULLET_SIGNS)
_BULLET = re.compile(rf"^[ \t]*(?:[{_BULLET_SIGNS}\u00b7][ \t]*|[-*+\u2010-\u2015](?:[ \t]+|$))")
_MISREAD_BULLET = re.compile(r"^[ \t]*[\u00a2\u00a9\u00ab\u00ae\u00b0\u00bb]+[ \t]+(?=\S)", re.MULTILINE)
"""What readers take a bullet for."""
_LONE_BULLET = re.compile(rf"(?<!\S)[{_BULLET_SIGNS}](?!\S)")
_EMPTY_BOX, _CHECKED_BOX = "\u2610", "\u2611"
_BOX = re.compile(r"(?P<empty>[\u2610\uf0a8\uf06f]|\[ \])|[\u2611\u2612\u2713\u2714\u2717\u2718\uf0fd\uf0fe]|\[[xX]\]")
"""A box to check, as Unicode, the font Wingdings and Markdown have it; crossed is checked."""
_BETWEEN_CELLS = re.compile(rf"{CELL}|\t+| {{3,}}")
_UNSPACED = "\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
"""Chinese and Japanese: a space or a line's end between two of these says nothing."""
_BETWEEN_UNSPACED = re.compile(rf"(?<=[{_UNSPACED}])\s+(?=[{_UNSPACED}])")


@dataclass(frozen=True)
class Row:
    """A line that is a row of a table."""

    table: int
    """The table's number."""
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Folded:
    """A text with all of that taken away."""

    lines: tuple[str, ...]
    """Those in which anything is left, with single spaces."""
    rows: Mapping[int, Row] = field(default_factory=dict)
    """Those that are rows of a table, by the lines' numbers."""

    @property
    def text(self) -> str:
        """In one line, as it is counted."""
        return unspaced(" ".join(self.lines))


def unspaced(text: str) -> str:
    """Without the spaces between Chinese or Japanese signs, which say nothing."""
    return _BETWEEN_UNSPACED.sub("", text)


def fold(text: str, *, markdown: bool = False, beside: str = "") -> Folded:
    """A text as it is compared.

    Args:
        markdown: whether it was written by a model, in Markdown or HTML.
        beside: what it will be compared with. It tells whether a hyphen at a line's end belongs to the word:
            "well-/known" is "well-known" where that text has it so, and "infor-/mation" "information".
    """
    text = _LINE_ENDS.sub("\n", text)
    if markdown:
        text = without_marks(html.unescape(text) if "&" in text else text)
        # In a text it is a place where a word may be broken; on a page it is drawn.
        text = text.replace("\u00ad", "")
        if not _BULLETS.isdisjoint(beside):
            text = _MISREAD_BULLET.sub("", text)
    # Most pages draw their boxes, and have no sign for them among their text.
    box = _box if _BOX.search(beside) else " "
    text = _LIGATURES.sub(_decomposed, unicodedata.normalize("NFC", text))
    text = _HYPHENATED.sub(_joined_as_in(_plain(beside)), text).replace("\u00ad", "-")
    text = _UNSEEN.sub("", _BOX.sub(box, text))
    lines: list[str] = []
    rows: dict[int, Row] = {}
    table, within = 0, False
    for line in text.split("\n"):
        row = line.strip(" ").removeprefix(CELL).removesuffix(CELL)
        cells = [_clean(cell) for cell in _BETWEEN_CELLS.split(row)]
        whole = " ".join(filter(None, cells))
        table += len(cells) > 1 and not within
        within = len(cells) > 1
        if not whole:
            continue
        if within:
            rows[len(lines)] = Row(table, tuple(cells))
        lines.append(whole)
    return Folded(tuple(lines), rows)


def _clean(text: str) -> str:
    return " ".join(_LONE_BULLET.sub(" ", _BULLET.sub("", text)).split())


def _box(found: re.Match[str]) -> str:
    return f" {_EMPTY_BOX if found['empty'] else _CHECKED_BOX} "


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("\u00ad", "")


def _decomposed(sign: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", sign[0])


def _joined_as_in(beside: str) -> Callable[[re.Match[str]], str]:
    def joined(found: re.Match[str]) -> str:
        before, after = found["before"], found["after"]
        hyphenated, apart = f"{before}-{after}", f"{before}-\n{after}"
        if before[-1].isalpha() and after[0].isalpha():
            if before + after in beside:
                return before + after
            if hyphenated in beside:
                return hyphenated
            if before in beside and after in beside:
                # Where columns are written line by line, the rest of the word does not follow.
                return apart
            # A name of two parts keeps its hyphen, whatever the other text has.
            return hyphenated if after[0].isupper() != before[-1].isupper() else before + after
        return apart if before[-1].isalpha() and hyphenated not in beside else hyphenated

    return joined
