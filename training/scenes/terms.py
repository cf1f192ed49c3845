"""Words of place and size for things that stand anywhere: what drawing, answers and evaluation agree on."""

from __future__ import annotations

from ollama_embedded.scenes import PLACES

_GRID = 3
SMALL, LARGE = 0.24, 0.325
"""A thing's diameter in parts of the picture's shorter side: below the first it is small, above the second large."""


def place_at(x: float, y: float) -> str:
    """The cell of a 3x3 grid that a thing's middle is nearest to; `x` and `y` are parts of the picture's sides."""
    column, row = (min(max(int(at * _GRID), 0), _GRID - 1) for at in (x, y))
    return PLACES[row * _GRID + column]


def size_of(diameter: float) -> str:
    """The size of a thing whose outer circle has this diameter, in parts of the picture's shorter side."""
    if diameter < SMALL:
        return "small"
    return "large" if diameter > LARGE else "medium"


def reading_order(x: float, y: float) -> tuple[int, float]:
    """What things are sorted by: the cells are read like a page, and within one cell from the left."""
    return (PLACES.index(place_at(x, y)), x)
