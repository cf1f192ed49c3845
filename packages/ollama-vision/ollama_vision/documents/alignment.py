"""Sequence alignment of two lists of words: where they are equal, where they differ, and which runs stand elsewhere."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .edits import indel_opcodes

_SHORTEST_RUN = 3
_MOST_ALIKE = 4
_DIGIT = re.compile(r"\d")
_MOST_PLACES = 40
"""Of three words in a row: with more of them, as in a table of zeros, time would grow with the square."""


@dataclass(frozen=True)
class Span:
    """Some words of the first list, and what stands in their place in the second; one of both may be empty."""

    start: int
    end: int
    other_start: int
    other_end: int

    @property
    def length(self) -> int:
        return self.end - self.start

    def covers(self, other: Span) -> bool:
        within = self.start <= other.start and other.end <= self.end
        return within and self.other_start <= other.other_start and other.other_end <= self.other_end

    @property
    def other_length(self) -> int:
        return self.other_end - self.other_start

    def shifted(self, by: int, other_by: int) -> Span:
        return Span(self.start + by, self.end + by, self.other_start + other_by, self.other_end + other_by)


@dataclass(frozen=True)
class Move:
    """A run of equal words that stands in another order."""

    span: Span
    put_between: bool
    """Whether it was taken out of its place, and put between words that follow each other."""
    takes_place: bool
    """Whether something else stood where it stands now, or stands where it stood, or may have."""
    gone: Span
    """Its words in the first list, and where in the second they would stand in order."""
    come: Span
    """Its words in the second list, and where in the first they would stand."""


@dataclass(frozen=True)
class Alignment:
    differences: tuple[Span, ...]
    moved: tuple[Move, ...] = ()


def differences_in_order(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[Span]:
    """What has to be changed, when as many words as possible stay in their order (longest common subsequence)."""
    spans: list[Span] = []
    for tag, start, end, other_start, other_end in indel_opcodes(first, second):
        if tag == "equal":
            continue
        if spans and spans[-1].end == start and spans[-1].other_end == other_start:
            last = spans.pop()
            start, other_start = last.start, last.other_start
        spans.append(Span(start, end, other_start, other_end))
    return spans


def have_words_in_common(first: Sequence[str], second: Sequence[str], spans: Sequence[Span]) -> bool:
    """Whether words that are missing in one place are too many in another."""
    missing = {word for span in spans for word in first[span.start : span.end]}
    return any(word in missing for span in spans for word in second[span.other_start : span.other_end])


def align_in_any_order(first: Sequence[str], second: Sequence[str]) -> Alignment:
    """The longest equal runs wherever they stand (greedy string tiling), and what is left between them."""
    tiles = _tiles(first, second)
    tiles += _single_words(first, second, tiles)
    tiles.sort(key=lambda tile: tile.other_start)
    in_order = _heaviest_in_order(tiles)
    differences = [
        inner.shifted(gap.start, gap.other_start)
        for gap in _gaps(tiles, len(first), len(second))
        for inner in differences_in_order(first[gap.start : gap.end], second[gap.other_start : gap.other_end])
    ]
    moved = _joined(tile for number, tile in enumerate(tiles) if number not in in_order)
    places = _Places(tiles, in_order, first, second)
    return Alignment(tuple(differences), tuple(map(places.move, moved)))


class _Places:
    """Where each word that has a counterpart stands in the other list."""

    def __init__(
        self, tiles: Sequence[Span], in_order: Container[int], first: Sequence[str], second: Sequence[str]
    ) -> None:
        length, other_length = len(first), len(second)
        self._there = {-1: -1, other_length: length}
        self._back = {-1: -1, length: other_length}
        self._text, self._other_text = bytearray(length), bytearray(other_length)
        self._sure, self._other_sure = bytearray(length), bytearray(other_length)
        for number, tile in enumerate(tiles):
            for at in range(tile.length):
                self._there[tile.other_start + at] = tile.start + at
                self._back[tile.start + at] = tile.other_start + at
            if _is_text(first[tile.start : tile.end]):
                self._text[tile.start : tile.end] = b"\x01" * tile.length
                self._other_text[tile.other_start : tile.other_end] = b"\x01" * tile.length
            if number in in_order or self._text[tile.start]:
                self._sure[tile.start : tile.end] = b"\x01" * tile.length
                self._other_sure[tile.other_start : tile.other_end] = b"\x01" * tile.length

    def move(self, run: Span) -> Move:
        there = _Gap.between(self._there, self._text, self._sure, run.other_start - 1, run.other_end)
        back = _Gap.between(self._back, self._other_text, self._other_sure, run.start - 1, run.end)
        other = self._behind(self._back, run.start)
        at = self._behind(self._there, run.other_start)
        return Move(
            run,
            there.is_none and back.is_none,
            there.is_taken or back.is_taken,
            Span(run.start, run.end, other, other),
            Span(at, at, run.other_start, run.other_end),
        )

    def _behind(self, places: Mapping[int, int], start: int) -> int:
        """The place behind that of the last word before `start` that has one."""
        return next(places[before] for before in range(start - 1, -2, -1) if before in places) + 1


@dataclass(frozen=True)
class _Gap:
    """What one list has between the neighbours that a run has in the other one."""

    is_none: bool
    """Whether they follow each other there, with no text between."""
    is_taken: bool
    """Whether something stands beside one of them that is neither text nor in order, or they have no place there."""

    @classmethod
    def between(cls, places: Mapping[int, int], text: bytearray, sure: bytearray, before: int, behind: int) -> _Gap:
        start, end = places.get(before), places.get(behind)
        if start is None or end is None:
            return cls(is_none=True, is_taken=True)
        beside = [sure[at] for at in (start + 1, end - 1) if 0 <= at < len(sure)]
        return cls(start < end and not any(text[start + 1 : end]), not all(beside))


def _is_text(words: Sequence[str]) -> bool:
    """Whether it is no row of numbers, and no word by itself."""
    return sum(len(word) > 1 and word.isalpha() for word in words) >= _SHORTEST_RUN


def _single_words(first: Sequence[str], second: Sequence[str], tiles: Sequence[Span]) -> list[Span]:
    """Words between the tiles, and what is the same beside them: the last ones of columns.

    Such as are left as often on either side; of numbers those that are left once.
    """
    taken = _covered(len(first), [(tile.start, tile.end) for tile in tiles])
    other_taken = _covered(len(second), [(tile.other_start, tile.other_end) for tile in tiles])
    left, other_left = _left(first, taken), _left(second, other_taken)
    found = []
    for word, places in other_left.items():
        mine = left.get(word, [])
        if len(mine) != len(places) or len(mine) > (1 if _DIGIT.search(word) else _MOST_ALIKE):
            continue
        for start, other in zip(mine, places, strict=True):
            if taken[start] or other_taken[other]:
                continue
            begin, end = start, start + 1
            shift = other - start
            while begin and begin + shift and _is_free(first, second, taken, other_taken, begin - 1, begin - 1 + shift):
                begin -= 1
            while (
                end < len(first)
                and end + shift < len(second)
                and _is_free(first, second, taken, other_taken, end, end + shift)
            ):
                end += 1
            taken[begin:end] = other_taken[begin + shift : end + shift] = b"\x01" * (end - begin)
            found.append(Span(begin, end, begin + shift, end + shift))
    return found


def _is_free(
    first: Sequence[str], second: Sequence[str], taken: bytearray, other_taken: bytearray, at: int, other: int
) -> bool:
    return first[at] == second[other] and not taken[at] and not other_taken[other]


def _covered(length: int, spans: Sequence[tuple[int, int]]) -> bytearray:
    taken = bytearray(length)
    for start, end in spans:
        taken[start:end] = b"\x01" * (end - start)
    return taken


def _left(words: Sequence[str], taken: bytearray) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for at, word in enumerate(words):
        if not taken[at]:
            found[word].append(at)
    return found


def _tiles(first: Sequence[str], second: Sequence[str]) -> list[Span]:
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for start in range(len(first) - _SHORTEST_RUN + 1):
        places[tuple(first[start : start + _SHORTEST_RUN])].append(start)
    candidates = []
    for other in range(len(second) - _SHORTEST_RUN + 1):
        for start in places.get(tuple(second[other : other + _SHORTEST_RUN]), ())[:_MOST_PLACES]:
            if start and other and first[start - 1] == second[other - 1]:
                continue
            length = _SHORTEST_RUN
            most = min(len(first) - start, len(second) - other)
            while length < most and first[start + length] == second[other + length]:
                length += 1
            candidates.append((-length, abs(start - other), start, other))
    taken, other_taken = bytearray(len(first)), bytearray(len(second))
    tiles = []
    for negative, _, start, other in sorted(candidates):
        for begin, end in _free(taken, other_taken, start, other, -negative):
            taken[start + begin : start + end] = other_taken[other + begin : other + end] = b"\x01" * (end - begin)
            tiles.append(Span(start + begin, start + end, other + begin, other + end))
    return tiles


def _free(taken: bytearray, other_taken: bytearray, start: int, other: int, length: int) -> Iterator[tuple[int, int]]:
    """The parts of a run that no longer one has taken."""
    begin = 0
    for index in range(length + 1):
        if index == length or taken[start + index] or other_taken[other + index]:
            if index - begin >= _SHORTEST_RUN:
                yield begin, index
            begin = index + 1


def _heaviest_in_order(tiles: Sequence[Span]) -> set[int]:
    """The tiles that keep their order and have the most words, as numbers; `tiles` are in the second list's order."""
    best: list[tuple[int, int]] = []
    for number, tile in enumerate(tiles):
        before = max(
            ((best[other][0], other) for other in range(number) if tiles[other].end <= tile.start), default=(0, -1)
        )
        best.append((before[0] + tile.length, before[1]))
    found, at = set(), max(range(len(best)), key=lambda number: best[number][0], default=-1)
    while at >= 0:
        found.add(at)
        at = best[at][1]
    return found


def _gaps(tiles: Sequence[Span], length: int, other_length: int) -> list[Span]:
    """What no tile covers. A gap of both lists is one where the same tile stands before, or behind it."""
    firsts = sorted(tiles, key=lambda tile: tile.start)
    gaps_of_first = dict(_between([(tile.start, tile.end) for tile in firsts], length))
    gaps_of_second = list(_between([(tile.other_start, tile.other_end) for tile in tiles], other_length))
    by_end = {tile.other_end: tile.end for tile in tiles} | ({} if _starts_at_zero(tiles) else {0: 0})
    by_start = {tile.other_start: tile.start for tile in tiles} | {other_length: length}
    ends_of_first = {end: start for start, end in gaps_of_first.items()}
    gaps = []
    for start, end in gaps_of_second:
        mine = by_end.get(start) if start or 0 in by_end else None
        if mine is None or mine not in gaps_of_first:
            mine = ends_of_first.get(by_start.get(end, -1))
        if mine is not None and mine in gaps_of_first:
            stop = gaps_of_first.pop(mine)
            ends_of_first.pop(stop)
            gaps.append(Span(mine, stop, start, end))
        else:
            at = by_end.get(start, 0)
            gaps.append(Span(at, at, start, end))
    others = {tile.end: tile.other_end for tile in tiles}
    gaps += [Span(start, end, others.get(start, 0), others.get(start, 0)) for start, end in gaps_of_first.items()]
    return sorted(gaps, key=lambda gap: (gap.other_start, gap.start))


def _starts_at_zero(tiles: Sequence[Span]) -> bool:
    return any(tile.other_start == 0 for tile in tiles)


def _between(covered: Sequence[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    position = 0
    for start, end in [*covered, (length, length)]:
        if start > position:
            yield position, start
        position = max(position, end)


def _joined(tiles: Iterator[Span]) -> Iterator[Span]:
    """Tiles that follow each other in both lists, as one."""
    last: Span | None = None
    for tile in tiles:
        if last is not None and last.end == tile.start and last.other_end == tile.other_start:
            last = Span(last.start, tile.end, last.other_start, tile.other_end)
            continue
        if last is not None:
            yield last
        last = tile
    if last is not None:
        yield last
