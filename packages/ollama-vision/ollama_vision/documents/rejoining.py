"""Dehyphenation where the rest of a word does not follow: in columns that a page's text goes through line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from .page_words import Word

_HYPHENS = ("-", "\u00ad", "\u2010")
_SHORTEST = 3
_NEAR = 2
"""Letters of a rest that is looked for within lines as well, and in how many of them."""


def rejoined(true: Sequence[Word], said: Sequence[Word]) -> list[Word]:
    """The words, with those whole again that the answer has so: "infor-", and further on "mation"."""
    begun = [at for at, word in enumerate(true) if word.shown.endswith(_HYPHENS) and word.key.isalpha()]
    if not begun:
        return list(true)
    wanted = {word.key for word in said}
    pairs = {(word.key, other.key) for word, other in pairwise(said)}
    words: list[Word | None] = list(true)
    for at in begun:
        rest = _rest(words, at, wanted, pairs)
        word, other = words[at], words[rest]
        if rest != at and word is not None and other is not None:
            shown = word.shown.rstrip("".join(_HYPHENS)) + other.shown
            words[at], words[rest] = replace(word, shown=shown, key=word.key + other.key), None
    return [word for word in words if word is not None]


def _rest(words: Sequence[Word | None], at: int, wanted: set[str], pairs: set[tuple[str, str]]) -> int:
    """Where the rest of a word stands; `at` itself where there is none, or where it is a word of two parts."""
    begun, line = words[at], -1
    for place in range(at + 1, len(words)):
        word = words[place]
        if begun is None or word is None or word.line == begun.line:
            continue
        first, line = word.line != line, word.line
        if first and (begun.key, word.key) in pairs:
            return at
        near = line <= begun.line + _NEAR and len(word.key) >= _SHORTEST
        if (first or near) and begun.key + word.key in wanted:
            return place
    return at
