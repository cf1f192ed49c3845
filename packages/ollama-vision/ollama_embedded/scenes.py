"""The plainest pictures that the demo model knows: coloured shapes on an even ground, one to a cell of a 3x3 grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 160, 60),
    "blue": (30, 60, 220),
    "yellow": (245, 215, 30),
    "orange": (250, 140, 20),
    "purple": (140, 40, 170),
    "black": (20, 20, 20),
    "white": (255, 255, 255),
}
KINDS = ("circle", "square", "triangle", "star", "cross", "diamond")
SIZES = {"small": 0.6, "medium": 0.86, "large": 1.1}
"""How much of its cell a shape fills; found by asking the demo model."""
ROWS = ("top", "middle", "bottom")
COLUMNS = ("left", "center", "right")
PLACES = tuple(f"{row} {column}" for row in ROWS for column in COLUMNS)
"""Nine cells, read like a page; "middle center" is the centre of the picture."""
GROUND = (205, 205, 205)
_GRID = 3
_OVERSAMPLING = 4


@dataclass(frozen=True)
class Shape:
    """One thing in a scene.

    >>> Shape("red", "circle", "top left")
    """

    colour: str
    kind: str
    place: str = "middle center"
    size: str = "medium"

    def __post_init__(self) -> None:
        for value, known in (
            (self.colour, COLOURS),
            (self.kind, KINDS),
            (self.place, PLACES),
            (self.size, SIZES),
        ):
            if value not in known:
                raise ValueError(f"the demo model knows no {value!r}; it knows {', '.join(known)}")

    def __str__(self) -> str:
        return f"{self.colour} {self.kind}"


def draw_scene(
    *shapes: Shape | str, size: tuple[int, int] = (224, 224), ground: tuple[int, int, int] = GROUND
) -> Image.Image:
    """Draw shapes, each in its cell. A text like "red circle" takes the next free cell.

    >>> draw_scene("red circle", Shape("blue", "star", "bottom right", "large"))
    """
    from PIL import Image, ImageDraw

    placed = _place_shapes(shapes)
    width, height = size
    picture = Image.new("RGB", (width * _OVERSAMPLING, height * _OVERSAMPLING), ground)
    pen = ImageDraw.Draw(picture)
    cell = (picture.width / _GRID, picture.height / _GRID)
    for shape in placed:
        row, column = divmod(PLACES.index(shape.place), _GRID)
        centre = ((column + 0.5) * cell[0], (row + 0.5) * cell[1])
        radius = min(cell) / 2 * SIZES[shape.size]
        _PENS[shape.kind](pen, centre, radius, COLOURS[shape.colour])
    return picture.resize(size, Image.Resampling.LANCZOS)


def random_shapes(random: Random, count: int) -> tuple[Shape, ...]:
    """So many different shapes in different cells, the same for the same seed."""
    pairs = random.sample([(colour, kind) for colour in COLOURS for kind in KINDS], count)
    places = random.sample(PLACES, count)
    # Large ones reach into the next cell: one at a time is what the model was taught.
    sizes = random.choices(("small", "medium"), k=count)
    return tuple(
        Shape(colour, kind, place, size) for (colour, kind), place, size in zip(pairs, places, sizes, strict=True)
    )


def _place_shapes(shapes: tuple[Shape | str, ...]) -> list[Shape]:
    taken = [shape.place for shape in shapes if isinstance(shape, Shape)]
    # Far apart first, so that two shapes stand in opposite corners.
    order = ("top left", "bottom right", "top right", "bottom left", "middle center")
    free = [place for place in (*order, *PLACES) if place not in taken]
    placed = []
    for shape in shapes:
        if isinstance(shape, str):
            colour, _, kind = shape.partition(" ")
            place = next((place for place in free if place not in taken), None)
            if place is None:
                raise ValueError(f"a scene has {len(PLACES)} cells: {shape!r} finds none free")
            shape = Shape(colour, kind, place)
            taken.append(place)
        placed.append(shape)
    if len({shape.place for shape in placed}) != len(placed):
        raise ValueError("two shapes are in the same cell")
    return placed


Corner = tuple[float, float]
Pen = Callable[["ImageDraw.ImageDraw", tuple[float, float], float, tuple[int, int, int]], None]


def _circle(pen: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float, colour: tuple[int, int, int]) -> None:
    x, y = centre
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _polygon(corners: tuple[Corner, ...]) -> Pen:

    def draw(
        pen: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float, colour: tuple[int, int, int]
    ) -> None:
        x, y = centre
        pen.polygon([(x + radius * dx, y + radius * dy) for dx, dy in corners], fill=colour)

    return draw


def _star_corners() -> tuple[Corner, ...]:
    reach = [1.0 if corner % 2 == 0 else 0.42 for corner in range(10)]
    angles = [math.pi * (corner / 5 - 0.5) for corner in range(10)]
    return tuple((r * math.cos(angle), r * math.sin(angle)) for r, angle in zip(reach, angles, strict=True))


_HALF_SIDE = 0.87
_ARM = 0.34
_QUARTERS: tuple[Callable[[Corner], Corner], ...] = (
    lambda at: at,
    lambda at: (-at[1], at[0]),
    lambda at: (-at[0], -at[1]),
    lambda at: (at[1], -at[0]),
)
CORNERS: Mapping[str, tuple[Corner, ...]] = {
    "square": tuple(turn((_HALF_SIDE, _HALF_SIDE)) for turn in _QUARTERS),
    "triangle": ((0, -1), (1, 1), (-1, 1)),
    "diamond": tuple(turn((0, -1)) for turn in _QUARTERS),
    "star": _star_corners(),
    "cross": tuple(turn(corner) for turn in _QUARTERS for corner in ((-_ARM, -1), (_ARM, -1), (_ARM, -_ARM))),
}
"""What every kind but the circle looks like, in a square from -1 to 1; y points down."""
_PENS: dict[str, Pen] = {"circle": _circle, **{kind: _polygon(corners) for kind, corners in CORNERS.items()}}
