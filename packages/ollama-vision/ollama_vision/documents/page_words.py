"""The words of a folded text as they are compared (tokenization): each with a key that leaves out what may differ.

Left out are the punctuation around words, hyphens within them, and the shape of quotes and apostrophes. Numbers keep
their signs: what stands before, between and behind their digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from .folding import Folded

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u2043"), "-")
_CURRENCIES = r"$\u00a2-\u00a5\u20a0-\u20bf"
SIGNS = rf"{_CURRENCIES}+%&@<>=\u00a7\u00a9\u00ae\u00b0\u00b1\u00d7\u2030\u2122\u2190-\u21ff\u2200-\u22ff\u2600-\u27bf"
"""What is no letter or digit, and says something all the same; to stand in a regular expression's class."""
_OF_ONE_SIGN = (
    r"\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    r"\U00020000-\U0003ffff"
)
"""Scripts that put no spaces between words: each of their signs is taken for a word."""
_SPLIT = re.compile(rf"[{_OF_ONE_SIGN}][\u0300-\u036f\u3099\u309a]*|[^\s{_OF_ONE_SIGN}]+")
_PARTS = re.compile(r"(?<=\w)(?:[-/\\_]+|\.{2,}|[\u2026(\[{}\])<>,;:!?]+(?=[^\W\d])|(?<=[^\W\d])[,;:!?]+)(?=[^\s])")
_LEFT_OUT = re.compile(
    r"[\u0027\u0060\u00b4\u2018\u2019\u201a\u201b\u2032\u02bc\u0022\u00ab\u00bb\u201c-\u201f\u2033\u2039\u203a*#|~^\\_"
    r"\u00b7\u2022\u2026\u2024]"
)
_NOT_BEFORE = re.compile(rf"^[^\w\-{SIGNS}]+")
_NOT_BEHIND = re.compile(rf"[^\w{SIGNS}]+$")
_SPACED_OUT = re.compile(rf"(?<!\S)[^\s{_OF_ONE_SIGN}](?: [^\s{_OF_ONE_SIGN}]){{4,}}(?!\S)")
_FEWEST_SPACED = 4
"""Letters of a run: without them it may be a row of a table."""
_BRACKETS = re.compile(r"(?<=\w)(?=\()|(?<=\))(?=\w)")
_MINUS = re.compile(rf"^-+(?=[{_CURRENCIES}]?[.,]?\d)")
_POINT = re.compile(rf"^[-+(\[{_CURRENCIES}]*\.(?=\d)")
_NEGATIVE = re.compile(rf"^\([{_CURRENCIES}]?\d[\d.,]*%?\)[.,;:]*$")
_HAS_SEPARATOR = re.compile(r"\d[.,]\d|\d{3}")
_DIGIT = re.compile(r"\d")
_ADDRESS = re.compile(r"@|://|^www\.|\w\.(?:com|org|net|edu|gov|de|uk|fr|io|eu)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it stands there, and what it is compared by."""

    shown: str
    key: str
    line: int
    """Of the folded text, from 0."""
    whole: int
    """The number of what stands between two spaces: the parts of "and/or" have the same."""
    table: int = -1
    """The number of the table that it stands in; -1 where it stands in none."""
    column: int = 0

    @property
    def has_digits(self) -> bool:
        return _DIGIT.search(self.key) is not None

    @property
    def is_of_letters(self) -> bool:
        return len(self.key) > 1 and self.key.isalpha()


def words_of(folded: Folded) -> list[Word]:
    """In their order. What is punctuation alone is no word."""
    found: list[Word] = []
    whole = 0
    for number, line in enumerate(folded.lines):
        row = folded.rows.get(number)
        for column, cell in enumerate(row.cells if row else (line,)):
            for shown in _SPLIT.findall(_SPACED_OUT.sub(_together, cell)):
                table = row.table if row else -1
                found += [Word(shown, key, number, whole, table, column) for key in keys_of(shown)]
                whole += 1
    return found


def _together(run: re.Match[str]) -> str:
    """Letters that were spaced out, in one word: where the next one begins, nothing tells."""
    letters = sum(sign.isalpha() for sign in run[0])
    return run[0].replace(" ", "") if letters >= _FEWEST_SPACED else run[0]


def keys_of(shown: str) -> list[str]:
    """What a word is compared by: one key, or several where it is several words joined by a dash or slash."""
    if shown.isascii() and shown.isalnum():
        return [shown]
    text = unicodedata.normalize("NFKC", shown).translate(_DASHES).replace("\u2044", "/")
    if _ADDRESS.search(text):
        return [_LEFT_OUT.sub("", text).strip("()[]{}<>,;:!?.")]
    return [key for part in _BRACKETS.split(text) for key in _keys_within(part)]


def _keys_within(text: str) -> Iterator[str]:
    if _NEGATIVE.match(text) and _HAS_SEPARATOR.search(text):
        yield "-" + _western(text[1 : text.index(")")].rstrip(".,"))
        return
    parts = _PARTS.split(_LEFT_OUT.sub("", text))
    for part in parts:
        minus = "-" if part is parts[0] and _MINUS.match(part) else ""
        point = "." if _POINT.match(part) else ""
        if key := _NOT_BEHIND.sub("", _NOT_BEFORE.sub("", part)).strip("-"):
            yield minus + point + _western(key)


def _western(key: str) -> str:
    """With the digits 0 to 9, whatever script they were in."""
    if key.isascii():
        return key
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in key)
