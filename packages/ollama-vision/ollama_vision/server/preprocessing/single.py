"""Single precision (IEEE 754 binary32): llama.cpp reckons sizes in it, and one bit decides a whole row of tiles."""

from __future__ import annotations

import math
import struct

_SINGLE = struct.Struct("f")


def single(value: float) -> float:
    """The nearest number of single precision.

    A sum, product, quotient or root of such numbers, reckoned in double precision and then rounded so, is what a
    processor gets in single precision: 53 bits are more than twice 24 and 2.
    """
    rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return rounded


def half_away(value: float) -> int:
    """C's `round` for what is not negative: halves go up, where Python's go to the even number."""
    return math.floor(value + 0.5)
