"""Shapes as different people draw them: proportions, round corners, turned a little, with or without an outline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

from ollama_embedded.scenes import CORNERS, Corner

_SMOOTH = 3
"""Masks are drawn so many times as large, for soft edges."""


@dataclass(frozen=True)
class Figure:
    """The form of a thing in a circle of radius 1: its corners, none for a circle, and how round they are."""

    corners: tuple[Corner, ...] = ()
    rounded: float = 0.0
    squeezed: float = 1.0
    """Width by height."""
    turn: float = 0.0

    def mask(self, centre: Corner, radius: float, *, soft: bool = True) -> tuple[Image.Image, tuple[int, int]]:
        """An L picture of the form with this centre and radius in pixels, and where its upper left corner belongs."""
        scale = _SMOOTH if soft else 1
        reach = radius * 1.45 + 2
        left, top = math.floor(centre[0] - reach), math.floor(centre[1] - reach)
        side = math.ceil(2 * reach) + 2
        picture = Image.new("L", (side * scale, side * scale))
        pen = ImageDraw.Draw(picture)
        x, y = ((at - origin) * scale for at, origin in zip(centre, (left, top), strict=True))
        size = radius * scale
        if self.corners:
            self._polygon(pen, (x, y), size)
        else:
            wide, high = size * min(1.0, self.squeezed), size * min(1.0, 1 / self.squeezed)
            pen.ellipse((x - wide, y - high, x + wide, y + high), fill=255)
        return (picture.reduce(scale) if soft else picture), (left, top)

    def _polygon(self, pen: ImageDraw.ImageDraw, centre: Corner, size: float) -> None:
        sine, cosine = math.sin(math.radians(self.turn)), math.cos(math.radians(self.turn))
        round_by = self.rounded * size
        inner = size - round_by
        corners = []
        for dx, dy in self.corners:
            dx *= self.squeezed
            corners.append(
                (centre[0] + inner * (dx * cosine - dy * sine), centre[1] + inner * (dx * sine + dy * cosine))
            )
        pen.polygon(corners, fill=255)
        if round_by >= 1:
            pen.line([*corners, corners[0]], fill=255, width=round(2 * round_by))
            for x, y in corners:
                pen.ellipse((x - round_by, y - round_by, x + round_by, y + round_by), fill=255)


def random_figure(rng: Random, kind: str) -> Figure:
    turn = rng.uniform(-16, 16) if rng.random() < 0.5 else 0.0
    squeezed = rng.uniform(0.93, 1.07) if rng.random() < 0.2 else 1.0
    if kind == "circle":
        return Figure(squeezed=squeezed, turn=turn)
    rounded = rng.uniform(0.05, 0.24 if kind in {"square", "cross"} else 0.16) if rng.random() < 0.25 else 0.0
    if kind == "diamond":
        squeezed = rng.choice((1.0, rng.uniform(0.6, 1.0)))
    return Figure(_corners(rng, kind), rounded, squeezed, turn)


def _corners(rng: Random, kind: str) -> tuple[Corner, ...]:
    if kind == "triangle":
        return rng.choice((CORNERS[kind], ((0, -1), (0.87, 0.5), (-0.87, 0.5)), ((0, -0.87), (1, 0.87), (-1, 0.87))))
    if kind == "star":
        inner = rng.choice((0.382, 0.42, rng.uniform(0.36, 0.5)))
        reach = [1.0 if corner % 2 == 0 else inner for corner in range(10)]
        angles = [math.pi * (corner / 5 - 0.5) for corner in range(10)]
        return tuple((r * math.cos(angle), r * math.sin(angle)) for r, angle in zip(reach, angles, strict=True))
    if kind == "cross":
        arm = rng.choice((0.333, rng.uniform(0.22, 0.42)))
        quarter = ((-arm, -1.0), (arm, -1.0), (arm, -arm))
        turned = list(quarter)
        for _ in range(3):
            quarter = tuple((-y, x) for x, y in quarter)  # type: ignore[assignment]
            turned += quarter
        return tuple(turned)
    return CORNERS[kind]
