"""Tables read column by column: their lines put together again as the rows of the other text.

That a table was read so is proven by its rows: each is the first lines of some columns, the next one the lines that
follow these. A number in another row, or in another column, breaks it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from .page_words import Word

_MOST_WAYS = 64
"""In which a row may be put together: what repeats itself is in many lines."""
_LONGEST_ROW = 60
_MOST_COLUMNS = 12
_SKIPPED = 2
"""Rows within a table that need not fit: there a cell was read otherwise."""

Lines = Sequence[Sequence[Word]]


def in_rows(parts: Sequence[Word], rows: Sequence[Word]) -> list[Word] | None:
    """The words of `parts`, with the lines that make up a row of `rows` behind each other; `None` if there are none."""
    lines, whole = _lines(parts), _lines(rows)
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        places[_keys(line)].append(number)
    followers: dict[int, list[int]] = {}
    used: set[int] = set()
    at = 0
    while at < len(whole):
        length = 0
        for columns in _ways(_keys(whole[at]), places):
            if used.isdisjoint(columns) and (length := _depth(lines, whole, columns, at)) > 1:
                for row in range(length):
                    first, *others = (column + row for column in columns)
                    if first < len(lines) and not used.intersection((first, *others)):
                        followers[first] = [other for other in others if other < len(lines)]
                        used.update((first, *others))
                break
        at += max(length, 1)
    if not followers:
        return None
    behind = {other for others in followers.values() for other in others}
    order = [
        number for first in range(len(lines)) if first not in behind for number in (first, *followers.get(first, ()))
    ]
    return [word for number in order for word in lines[number]]


def _lines(words: Sequence[Word]) -> Lines:
    return [list(line) for _, line in groupby(words, key=lambda word: word.line)]


def _keys(line: Sequence[Word]) -> tuple[str, ...]:
    return tuple(word.key for word in line)


def _ways(row: tuple[str, ...], places: dict[tuple[str, ...], list[int]]) -> Iterator[tuple[int, ...]]:
    """The lines of which a row can be put together, at least two of them."""
    if not 2 <= len(row) <= _LONGEST_ROW:
        return
    left = _MOST_WAYS
    waiting: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    while waiting and left:
        start, chosen = waiting.pop()
        if start == len(row):
            left -= 1
            if len(chosen) > 1:
                yield chosen
            continue
        if len(chosen) == _MOST_COLUMNS:
            continue
        for end in range(start + 1, len(row) + 1):
            waiting += [(end, (*chosen, number)) for number in places.get(row[start:end], ()) if number not in chosen]


def _depth(lines: Lines, whole: Lines, columns: tuple[int, ...], at: int) -> int:
    """How many rows, from this one on, the columns' lines make up; the last one fits."""
    if all(two == one + 1 for one, two in pairwise(columns)):
        return 0  # a row that was only broken
    depth, row = 1, 1
    while row - depth <= _SKIPPED and at + row < len(whole) and max(columns) + row < len(lines):
        made = [key for column in columns for key in _keys(lines[column + row])]
        if made == [*_keys(whole[at + row])]:
            depth = row + 1
        row += 1
    return depth
