"""Search among 64-bit hashes within a Hamming distance (multi-index hashing): no hash is compared with all others."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import accumulate, combinations

from ollama_vision.pictures import differing_bits

_BANDS = (13, 13, 13, 13, 12)
"""Bits. Of hashes that differ in some bits, one band differs in a fifth of them at the most, rounded down: of 4
in none. Wider bands would be looked up more often, narrower ones hold more."""


class HashIndex:
    """Hashes by number, from 0, in the order in which they were added; about 70 bytes each."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._hashes = array("Q")
        self._bands = [
            _Band(start, width, bits // len(_BANDS))
            for start, width in zip(accumulate((0, *_BANDS)), _BANDS, strict=False)
        ]

    def __getitem__(self, number: int) -> int:
        return self._hashes[number]

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, dhash: int) -> None:
        for band in self._bands:
            band.add(dhash, len(self._hashes))
        self._hashes.append(dhash)

    def near(self, dhash: int) -> list[tuple[int, int]]:
        """How many bits differ, and the number, of those within reach: the nearest first, then the first added."""
        hashes, most = self._hashes, self._bits
        numbers = {number for band in self._bands for number in band.candidates(dhash)}
        found = ((differing_bits(hashes[number], dhash), number) for number in numbers)
        return sorted(each for each in found if each[0] <= most)


class _Band:
    """Some bits of all hashes."""

    def __init__(self, start: int, width: int, reach: int) -> None:
        self._start, self._ones = start, (1 << width) - 1
        self._flips = [
            sum(1 << bit for bit in bits) for count in range(reach + 1) for bits in combinations(range(width), count)
        ]
        self._numbers: dict[int, array[int]] = {}

    def add(self, dhash: int, number: int) -> None:
        self._numbers.setdefault(dhash >> self._start & self._ones, array("I")).append(number)

    def candidates(self, dhash: int) -> Iterator[int]:
        value = dhash >> self._start & self._ones
        for flip in self._flips:
            yield from self._numbers.get(value ^ flip, ())
