"""Two halves of a page, read apart with an overlap, as one text: what both have is there once. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

UPPER, LOWER = (0.0, 0.0, 1.0, 0.56), (0.0, 0.44, 1.0, 1.0)
"""Which parts of the page are asked about: an eighth of it is in both, at least two lines of any print."""
_SHARE = 0.4
"""So much of each half, in words, may be what both have."""
_FEW = 12
"""Words: of a short text all may be."""
_LEAST_WORDS = 3
"""Fewer equal ones in a row may stand twice on a page."""
_WORD = re.compile(r"\S+")


def joined(upper: str, lower: str) -> str:
    """The text of the page. At the edge of each half a line is cut through: there the other half is believed."""
    first, second = list(_WORD.finditer(upper)), list(_WORD.finditer(lower))
    tail = first[-max(_FEW, round(len(first) * _SHARE)) :]
    head = second[: max(_FEW, round(len(second) * _SHARE))]
    match = SequenceMatcher(None, [_key(word) for word in tail], [_key(word) for word in head], autojunk=False)
    found = match.find_longest_match()
    if found.size < min(_LEAST_WORDS, len(tail), len(head)) or not found.size:
        return "\n\n".join(part.strip() for part in (upper, lower) if part.strip())
    # Behind the last word that both have, so that a line broken off at the upper half's end is the lower one's.
    end, start = tail[found.a + found.size - 1].end(), head[found.b + found.size - 1].end()
    return (upper[:end] + lower[start:]).strip()


def _key(word: re.Match[str]) -> str:
    return re.sub(r"[\W_]+", "", word[0]).casefold() or word[0]
