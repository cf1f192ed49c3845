"""Scenes that sight is tested with: coloured things of moderate size on a light, even ground, with hard edges."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import cos, pi, sin
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

Rgb = tuple[int, int, int]
Cell = tuple[int, int]
"""Row and column of a 3x3 grid, from the top left."""

COLOURS: Mapping[str, Rgb] = {
    "red": (220, 30, 30),
    "green": (30, 160, 60),
    "blue": (30, 60, 220),
    "yellow": (245, 215, 30),
    "orange": (250, 140, 20),
    "purple": (140, 40, 170),
}
KINDS = ("circle", "square", "triangle", "star")
CORNERS: Mapping[str, Cell] = {"top left": (0, 0), "top right": (0, 2), "bottom left": (2, 0), "bottom right": (2, 2)}
SIDE = 224
"""Pixels of a picture's sides: a multiple of the patches of today's vision models, 14, 16 and 28."""
GROUND = (205, 205, 205)
_MIDDLE = 1
_LAST = 2


@dataclass(frozen=True)
class Thing:
    """One coloured thing."""

    colour: str
    kind: str
    cell: Cell
    size: float = 0.86
    """The part of its cell that it fills."""

    @property
    def corner(self) -> str | None:
        """The corner that it stands in; `None` for any other cell."""
        return next((name for name, cell in CORNERS.items() if cell == self.cell), None)


@dataclass(frozen=True)
class Scene:
    """What one picture shows; `nonce` makes its bytes its own, so that no cache can answer for it."""

    things: tuple[Thing, ...]
    nonce: int = 0

    def moved(self, move: Callable[[Cell], Cell]) -> Scene:
        """With each thing in another cell."""
        return replace(self, things=tuple(replace(thing, cell=move(thing.cell)) for thing in self.things))

    def png(self) -> bytes:
        """The picture; draws and encodes, so never run on an event loop."""
        from PIL import Image, ImageDraw

        picture = Image.new("RGB", (SIDE, SIDE), GROUND)
        pen = ImageDraw.Draw(picture)
        for thing in self.things:
            row, column = thing.cell
            centre = ((column + 0.5) * SIDE / 3, (row + 0.5) * SIDE / 3)
            draw(pen, thing.kind, centre, SIDE / 6 * thing.size, COLOURS[thing.colour])
        return encoded(picture, self.nonce)


def encoded(picture: Image.Image, nonce: int) -> bytes:
    """A picture as PNG, with a number of its own in it."""
    from PIL import PngImagePlugin

    notes = PngImagePlugin.PngInfo()
    notes.add_text("nonce", str(nonce))
    made = io.BytesIO()
    picture.save(made, "PNG", pnginfo=notes)
    return made.getvalue()


QUARTER_TURNS: tuple[Callable[[Cell], Cell], ...] = (
    lambda cell: (_LAST - cell[1], cell[0]),
    lambda cell: (cell[1], _LAST - cell[0]),
)
OTHER_WAYS_ROUND: tuple[Callable[[Cell], Cell], ...] = (
    lambda cell: (cell[0], _LAST - cell[1]),
    lambda cell: (_LAST - cell[0], cell[1]),
    lambda cell: (_LAST - cell[0], _LAST - cell[1]),
)
"""Mirrored, upside down, and by half a turn, which is both."""
HALVES: tuple[Callable[[Cell], int], ...] = (
    lambda cell: _MIDDLE - cell[0],
    lambda cell: cell[0] - _MIDDLE,
    lambda cell: _MIDDLE - cell[1],
    lambda cell: cell[1] - _MIDDLE,
)
"""The upper, the lower, the left and the right half: 1 for a cell in it, -1 for one outside, 0 for one that is cut."""


def draw(pen: ImageDraw.ImageDraw, kind: str, centre: tuple[float, float], radius: float, colour: Rgb) -> None:
    """One thing in a square from -radius to radius about its centre; see `SPANS` for how much of that it takes."""
    x, y = centre
    if kind == "circle":
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    else:
        pen.polygon([(x + radius * dx, y + radius * dy) for dx, dy in _OUTLINES[kind]], fill=colour)


def _star() -> tuple[tuple[float, float], ...]:
    points = ((1.0 if at % 2 == 0 else 0.42, pi * (at / 5 - 0.5)) for at in range(10))
    return tuple((reach * cos(angle), reach * sin(angle)) for reach, angle in points)


_HALF = 0.87
_OUTLINES: Mapping[str, tuple[tuple[float, float], ...]] = {
    "square": ((-_HALF, -_HALF), (_HALF, -_HALF), (_HALF, _HALF), (-_HALF, _HALF)),
    "triangle": ((0, -1), (1, 1), (-1, 1)),
    "star": _star(),
}
"""What every kind but the circle looks like, in a square from -1 to 1; y points down."""
SPANS: Mapping[str, float] = {"circle": 2.0} | {
    kind: max(max(side) - min(side) for side in zip(*outline, strict=True)) for kind, outline in _OUTLINES.items()
}
"""The larger of width and height of every kind, in radii."""
