"""Wilson intervals, McNemar's exact test, Brier scores, reliability: numbers in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import NamedTuple

_Z = NormalDist().inv_cdf(0.975)
BINS = 10


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927, without a correction for continuity); 0 to 1 of nothing."""
    if not n:
        return 0.0, 1.0
    share, z2 = right / n, _Z**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # At the ends the interval touches 0 and 1, which floats miss by a hair.
    return (0.0 if right == 0 else middle - half), (1.0 if right == n else middle + half)


def mcnemar(only_a: int, only_b: int) -> float:
    """The exact two-sided p of as uneven a split of the pictures that one of two runs alone has right."""
    n = only_a + only_b
    term = tail = 1
    for count in range(min(only_a, only_b)):
        term = term * (n - count) // (count + 1)
        tail += term
    return min(1.0, 2 * tail / (1 << n))


def brier(pairs: Iterable[tuple[Mapping[str, float], str]]) -> float:
    """Squared differences summed over the labels, mean over pictures. A truth that is no label was given nothing."""
    scores = [
        math.fsum((share - (label == truth)) ** 2 for label, share in shares.items()) + (truth not in shares)
        for shares, truth in pairs
    ]
    return math.fsum(scores) / len(scores)


class Bin(NamedTuple):
    """Pictures whose label was given a probability within these bounds."""

    low: float
    high: float
    n: int
    probability: float
    """The mean one; 0 without pictures."""
    accuracy: float


def reliability(told: Sequence[tuple[float, bool]], bins: int = BINS) -> list[Bin]:
    """The calibration curve: of each probability of the chosen label, in equal bins, how often it was right."""
    found = []
    for index in range(bins):
        low, high = index / bins, (index + 1) / bins
        inside = [each for each in told if (low < each[0] <= high) or (index == 0 and each[0] == 0)]
        n = len(inside)
        mean = math.fsum(share for share, _ in inside) / n if n else 0.0
        found.append(Bin(low, high, n, mean, sum(right for _, right in inside) / n if n else 0.0))
    return found


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error: how far probability and accuracy lie apart, by the pictures of each bin."""
    n = sum(each.n for each in bins)
    return math.fsum(each.n * abs(each.probability - each.accuracy) for each in bins) / n if n else 0.0
