"""Repetition: a line or a block that an answer says over and over, as a model does that has lost its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .page_words import Word

_GRAM = 3
_BLOCK = 25
"""So many words are no heading and no row of a form: that they stand there twice in a row needs no third time."""
_SHORT = 4
"""Words that count as said again when they stand anywhere else in the answer, and not only just before or behind."""
_TIMES = {_BLOCK: 2, 8: 3, 3: 6, 1: 30}
"""How often a run of at least so many words has to stand in a row. Forms and tables honestly repeat short ones."""


@dataclass(frozen=True)
class Repetition:
    start: int
    """The first word, and the one behind the last, of all of it."""
    end: int
    period: int
    """Words of what is said again and again."""

    @property
    def times(self) -> int:
        return (self.end - self.start) // self.period


def find_repetitions(words: Sequence[Word]) -> list[Repetition]:
    """Those that no honest page has: long ones twice, short ones many times in a row."""
    keys = [word.key for word in words]
    last: dict[tuple[str, ...], int] = {}
    found: list[Repetition] = []
    index = 0
    while index + _GRAM <= len(keys):
        gram = tuple(keys[index : index + _GRAM])
        before = last.get(gram)
        last[gram] = index
        if before is not None:
            period, end = index - before, index + _GRAM
            while end < len(keys) and keys[end] == keys[end - period]:
                end += 1
            one = Repetition(before, end, period)
            if _is_too_much(words, one):
                found.append(one)
                index = end
                last.clear()
                continue
        index += 1
    return found


def _is_too_much(words: Sequence[Word], one: Repetition) -> bool:
    letters = sum(word.is_of_letters for word in words[one.start : one.start + one.period])
    # Rows of numbers, dashes and single letters are what tables are made of.
    counted = one.period if letters * 2 >= one.period else min(one.period, 1)
    return one.times >= next(times for shortest, times in _TIMES.items() if counted >= shortest)


def said_again(words: Sequence[Word], start: int, end: int) -> Sequence[Word]:
    """Of words of an answer that nothing on the page stands for: those that are said again; none where they are new."""
    keys = [word.key for word in words]
    while start and keys[start - 1] == keys[end - 1]:
        # Of "A B B C" either B may be the one too many, or the end of one and the beginning of the other.
        start, end = start - 1, end - 1
    length, run = end - start, keys[start:end]
    period = _period(run)
    if length >= 2 * _SHORT and period <= length // 2:
        return words[start : start + period]
    before, behind = keys[max(0, start - length) : start], keys[end : end + length]
    anywhere = (
        at
        for at in range(len(keys) - length + 1)
        if at != start and keys[at] == run[0] and keys[at : at + length] == run
    )
    if (length >= 2 and run in (before, behind)) or (length >= _SHORT and next(anywhere, None) is not None):
        return words[start:end]
    return ()


def _period(run: Sequence[str]) -> int:
    """After how many words it begins anew, from its beginning to its end."""
    return next(
        (one for one in range(1, len(run) // 2 + 1) if run[one:] == run[:-one]),
        len(run),
    )
