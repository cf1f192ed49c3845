"""Sequence alignment of two lists of words: where they are equal, where they differ, and which runs stand elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from .edits import indel_opcodes

_SHORTEST_RUN = 3
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

    @property
    def other_length(self) -> int:
        return self.other_end - self.other_start

    def shifted(self, by: int, other_by: int) -> Span:
        return Span(self.start + by, self.end + by, self.other_start + other_by, self.other_end + other_by)


@dataclass(frozen=True)
class Alignment:
    differences: tuple[Span, ...]
    moved: tuple[Span, ...] = ()
    """Runs of equal words that stand in another order."""


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


def have_runs_in_common(first: Sequence[str], second: Sequence[str], spans: Sequence[Span]) -> bool:
    """Whether words that are missing in one place are too many in another."""
    missing = {word for span in spans for word in first[span.start : span.end]}
    return any(word in missing for span in spans for word in second[span.other_start : span.other_end])


def align_in_any_order(first: Sequence[str], second: Sequence[str]) -> Alignment:
    """The longest equal runs wherever they stand (greedy string tiling), and what is left between them."""
    tiles = sorted(_tiles(first, second), key=lambda tile: tile.other_start)
    in_order = _heaviest_in_order(tiles)
    differences = [
        inner.shifted(gap.start, gap.other_start)
        for gap in _gaps(tiles, len(first), len(second))
        for inner in differences_in_order(first[gap.start : gap.end], second[gap.other_start : gap.other_end])
    ]
    moved = _joined(tile for number, tile in enumerate(tiles) if number not in in_order)
    return Alignment(tuple(differences), tuple(moved))


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
