"""When two different rows of words say the same: apart from spaces, punctuation, the order of a cell's lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from .page_words import SIGNS, Word

_MARK = rf"[^\w\s{SIGNS}]"
_NO_MATTER = re.compile(rf"(?<=[^\W\d]){_MARK}|{_MARK}(?=[^\W\d])|(?<!\d){_MARK}(?!\d)")
_STRICT = re.compile(r"@|://")
_BETWEEN = "\x00"
_BESIDE_LETTERS = re.compile(rf"(?<!\d){_BETWEEN}|{_BETWEEN}(?!\d)")
_DIGITS = re.compile(rf"\d(?:{_BETWEEN}?\d)*")
_TO_THE_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def says_the_same(true: Sequence[Word], said: Sequence[Word]) -> bool:
    """Whether letters, digits and signs are the same, however spaces part them. Numbers stay as many as they are."""
    first, second = _bare(true), _bare(said)
    plain, other = first.replace(_BETWEEN, ""), second.replace(_BETWEEN, "")
    if plain != other:
        # Of words written to the left PDFium gives some as they are shown: their last letter first.
        return plain == other[::-1] and _TO_THE_LEFT.search(plain) is not None
    return all(_same_groups(one, two) for one, two in zip(_groups(first), _groups(second), strict=True))


def _bare(words: Sequence[Word]) -> str:
    """The keys without what spaces and punctuation between letters make different, and with marks between words."""
    return _BETWEEN.join(word.key if _STRICT.search(word.key) else _NO_MATTER.sub("", word.key) for word in words)


def _groups(bare: str) -> list[list[int]]:
    """Of each row of digits, whatever words it is in: how long its pieces are."""
    joined = _BESIDE_LETTERS.sub("", bare)
    return [[len(piece) for piece in one[0].split(_BETWEEN)] for one in _DIGITS.finditer(joined)]


def _same_groups(first: list[int], second: list[int]) -> bool:
    """Whether digits are grouped alike, or in one way by thousands or one by one, and in the other not at all."""
    if first == second or max(first) == 1 or max(second) == 1:
        return True
    fewer, more = sorted((first, second), key=len)
    return len(fewer) == 1 and more[0] <= 3 and all(length == 3 for length in more[1:])


def is_same_row(true: Sequence[Word], said: Sequence[Word]) -> bool:
    """Whether a row of a table has the same words, and the same numbers in the same order.

    Where cells have several lines, a page's text goes from the first line of each to the second.
    """
    if [word.key for word in true if word.has_digits] != [word.key for word in said if word.has_digits]:
        return False
    return Counter(word.key for word in true) == Counter(word.key for word in said)
