"""Corners of shapes around (0, 0), in radii, for programs that know no such shapes themselves; y points down."""

from __future__ import annotations

import math

Point = tuple[float, float]
HALF_SIDE = 0.87
ARM = 0.33


def corners(kind: str) -> tuple[Point, ...]:
    """A circle has none; a program draws that itself."""
    if kind == "square":
        return ((-HALF_SIDE, -HALF_SIDE), (HALF_SIDE, -HALF_SIDE), (HALF_SIDE, HALF_SIDE), (-HALF_SIDE, HALF_SIDE))
    if kind == "diamond":
        return ((0, -1), (0.85, 0), (0, 1), (-0.85, 0))
    if kind == "triangle":
        return tuple(_at(angle) for angle in (-90, 30, 150))
    if kind == "star":
        return tuple(_at(-90 + 36 * number, 1.0 if number % 2 == 0 else 0.4) for number in range(10))
    if kind == "cross":
        a = ARM
        return (
            *((-a, -1), (a, -1), (a, -a), (1, -a), (1, a), (a, a)),
            *((a, 1), (-a, 1), (-a, a), (-1, a), (-1, -a), (-a, -a)),
        )
    raise ValueError(f"no corners are known of a {kind}")


def _at(degrees: float, reach: float = 1.0) -> Point:
    return (reach * math.cos(math.radians(degrees)), reach * math.sin(math.radians(degrees)))
