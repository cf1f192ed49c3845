"""Hashes within so many bits are all found, and not by comparing each with all."""

from __future__ import annotations

import random

import pytest

from ollama_vision.batch.copying import hash_index
from ollama_vision.batch.copying.hash_index import HashIndex


def drawn(count: int, seed: int = 1) -> list[int]:
    """Hashes in clusters, so that there are some within reach of each other."""
    chance = random.Random(seed)
    centres = [chance.getrandbits(64) for _ in range(count // 4)]
    hashes = []
    for _ in range(count):
        dhash = chance.choice(centres)
        for bit in chance.sample(range(64), chance.randrange(20)):
            dhash ^= 1 << bit
        hashes.append(dhash)
    return hashes


@pytest.mark.parametrize("bits", [0, 1, 4, 5, 9, 10, 16])
def test_it_finds_what_comparing_with_all_finds(bits: int) -> None:
    hashes = drawn(400)
    index = HashIndex(bits)
    for dhash in hashes:
        index.add(dhash)
    found = 0
    for dhash in drawn(400)[::8] + drawn(40, seed=2):
        compared = [((dhash ^ other).bit_count(), number) for number, other in enumerate(hashes)]
        within = sorted(each for each in compared if each[0] <= bits)
        assert index.near(dhash) == within
        found += len(within)
    assert found >= 50


def test_few_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20,000 hashes by lot; each with all that came before would be 200 million times."""
    compared = 0

    def counted(one: int, other: int) -> int:
        nonlocal compared
        compared += 1
        return (one ^ other).bit_count()

    monkeypatch.setattr(hash_index, "differing_bits", counted)
    chance, index, count = random.Random(3), HashIndex(4), 20_000
    for _ in range(count):
        dhash = chance.getrandbits(64)
        assert index.near(dhash) == []
        index.add(dhash)
    assert compared / count < 12
