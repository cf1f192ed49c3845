"""Scenes as people draw them: one to four things of any size, anywhere, on any ground; and what befalls pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image

from ollama_embedded.scenes import COLOURS, KINDS, Shape
from training.scenes import palette
from training.scenes.grounds import Pixels, random_ground
from training.scenes.outlines import Figure, random_figure
from training.scenes.palette import Rgb
from training.scenes.terms import place_at, reading_order, size_of

_COUNT_WEIGHTS = (6, 4, 4, 4)
SMALLEST, LARGEST = 0.025, 0.45
"""Radii in parts of the shorter side: things are from a twentieth to nine tenths of it across."""
_TINY = 0.055
ALIKE = 0.08
"""The part of the scenes in which all things are of one kind, and the part in which all are of one colour."""
_TWINS = 0.12
"""The part of the scenes in which two things may have both colour and kind in common."""
_WIDEST = 16 / 9
_REACH = {"triangle": 1.3, "square": 1.23}
"""How far corners are from the middle, in radii."""
_SEEN = 62.0
"""So far in RGB must a thing be from the ground about it; else an outline that is does it."""


@dataclass(frozen=True)
class Placed:
    """A thing of a free scene: its centre in parts of the sides, its radius in parts of half a cell of a 3x3 grid."""

    shape: Shape
    centre: tuple[float, float]
    radius: float


@dataclass(frozen=True)
class FreeScene:
    """What is on a picture, in reading order; `ground` is empty when its colour has no name; `size` in pixels."""

    things: tuple[Placed, ...]
    ground: str
    size: tuple[int, int]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(thing.shape for thing in self.things)


def free_scene(rng: Random, count: int | None = None) -> tuple[FreeScene, Image.Image]:
    """A scene and its picture."""
    count = rng.choices(range(1, 5), _COUNT_WEIGHTS)[0] if count is None else count
    size = _canvas(rng)
    ground = random_ground(rng, size)
    pixels = ground.pixels.clip(0, 255)
    picture = Image.fromarray(pixels.astype(np.uint8))
    kinds, colours = _kinds_and_colours(rng, count)
    twins, soft = rng.random() < _TWINS, rng.random() < 0.85
    outlined = rng.choice((0.0, 0.0, 0.0, 0.5, 1.0))
    placed: list[Placed] = []
    for kind, (x, y, radius) in zip(kinds, _spots(rng, kinds, size), strict=True):
        taken = {thing.shape.colour for thing in placed if thing.shape.kind == kind}
        about = _about(pixels, x, y, radius)
        colour, fill, seen = _fill(rng, about, [each for each in colours if twins or each not in taken])
        figure = random_figure(rng, kind)
        line = _line(rng, fill, about, seen) if rng.random() < outlined or not seen else None
        _paint(picture, figure, (x, y), radius, fill, line, soft)
        centre = (x / size[0], y / size[1])
        shape = Shape(colour, kind, place_at(*centre), size_of(2 * radius / min(size)))
        placed.append(Placed(shape, centre, radius * 6 / min(size)))
    placed.sort(key=lambda thing: reading_order(*thing.centre))
    return FreeScene(tuple(placed), ground.name, size), picture


def _kinds_and_colours(rng: Random, count: int) -> tuple[list[str], Sequence[str]]:
    """A kind for each thing, and the colours to choose from. By lot alone four circles would hardly ever come."""
    chance = rng.random()
    if chance < ALIKE:
        return [rng.choice(KINDS)] * count, tuple(COLOURS)
    if chance < 2 * ALIKE:
        return rng.sample(KINDS, count), (rng.choice(tuple(COLOURS)),)
    return [rng.choice(KINDS) for _ in range(count)], tuple(COLOURS)


def _canvas(rng: Random) -> tuple[int, int]:
    side = rng.randint(128, 380)
    chance = rng.random()
    if chance < 0.35:
        return (side, side)
    if chance < 0.6:
        aspect = rng.choice((4 / 3, 3 / 2, 16 / 9, 3 / 4, 2 / 3, 9 / 16))
    else:
        aspect = math.exp(rng.uniform(-math.log(_WIDEST), math.log(_WIDEST)))
    return (side, round(side / aspect)) if aspect > 1 else (round(side * aspect), side)


def _radius(rng: Random) -> float:
    low, high = (SMALLEST, _TINY) if rng.random() < 0.08 else (_TINY, LARGEST)
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _spots(rng: Random, kinds: Sequence[str], size: tuple[int, int]) -> list[tuple[float, float, float]]:
    """A centre and a radius in pixels for each, none touching another or the edge; large ones shrink to find room."""
    short = min(size)
    radii = [_radius(rng) * short for _ in kinds]
    order = sorted(range(len(kinds)), key=radii.__getitem__, reverse=True)
    spots: dict[int, tuple[float, float, float]] = {}
    gap = short * rng.choice((0.012, 0.012, 0.04))
    for number in order:
        radius = radii[number]
        tries = 0
        while number not in spots:
            reach = min(radius * _REACH.get(kinds[number], 1.04), short * 0.495)
            x, y = rng.uniform(reach, size[0] - reach), rng.uniform(reach, size[1] - reach)
            if all(
                math.hypot(x - other[0], y - other[1]) >= reach + other[2] * _REACH.get(kinds[at], 1.04) + gap
                for at, other in spots.items()
            ):
                spots[number] = (x, y, radius)
            tries += 1
            if tries % 12 == 0:
                radius = max(radius * 0.75, short * SMALLEST)
    return [spots[number] for number in range(len(kinds))]


def _about(pixels: Pixels, x: float, y: float, radius: float) -> Pixels:
    """Colours of the ground in a thing's middle and about it: [n, 3]."""
    angles = np.arange(8) * (math.pi / 4)
    across = np.concatenate([[x], x + radius * np.cos(angles)]).clip(0, pixels.shape[1] - 1).astype(int)
    down = np.concatenate([[y], y + radius * np.sin(angles)]).clip(0, pixels.shape[0] - 1).astype(int)
    found: Pixels = pixels[down, across]
    return found


def _contrast(colour: Rgb, about: Pixels) -> float:
    """How far a colour is from that of the ground where that is most like it, mostly."""
    far = np.sqrt(((about - np.asarray(colour, np.float32)) ** 2).sum(1))
    return float(np.partition(far, 1)[1])


def _fill(rng: Random, about: Pixels, possible: Sequence[str]) -> tuple[str, Rgb, bool]:
    """One of these colours, one of its shades, and whether it stands out from the ground."""
    best: tuple[float, str, Rgb] = (-1.0, possible[0], COLOURS[possible[0]])
    for _ in range(6):
        colour = rng.choice(possible)
        fill = palette.THINGS[colour].pick(rng) if rng.random() < 0.75 else _near(rng, COLOURS[colour])
        contrast = _contrast(fill, about)
        if contrast >= _SEEN:
            return colour, fill, True
        if contrast > best[0]:
            best = (contrast, colour, fill)
    return best[1], best[2], False


def _near(rng: Random, colour: Rgb) -> Rgb:
    red, green, blue = (max(0, min(255, channel + rng.randint(-16, 16))) for channel in colour)
    return (red, green, blue)


def _line(rng: Random, fill: Rgb, about: Pixels, seen: bool) -> tuple[Rgb, float]:
    """An outline's colour and its width in parts of the radius; where the thing itself is not seen, one that is."""
    dark: Rgb = (fill[0] // 2, fill[1] // 2, fill[2] // 2)
    colours: list[Rgb] = [(0, 0, 0), (0, 0, 0), dark, dark, (60, 60, 60), (255, 255, 255)]
    rng.shuffle(colours)
    if not seen:
        colours.sort(key=lambda colour: -min(_contrast(colour, about), math.dist(colour, fill)))
    return colours[0], rng.uniform(0.05, 0.16)


def _paint(
    picture: Image.Image,
    figure: Figure,
    centre: tuple[float, float],
    radius: float,
    fill: Rgb,
    line: tuple[Rgb, float] | None,
    soft: bool,
) -> None:
    if line is None:
        mask, at = figure.mask(centre, radius, soft=soft)
        picture.paste(fill, at, mask)
        return
    colour, width = line
    mask, at = figure.mask(centre, radius, soft=soft)
    picture.paste(colour, at, mask)
    thin = max(1.0, width * radius)
    # Sharp corners need more to keep the line as wide as elsewhere.
    inside = radius - thin * (1.0 if not figure.corners else 1.5 if len(figure.corners) == 4 else 2.0)
    if inside > 1:
        mask, at = figure.mask(centre, inside, soft=soft)
        picture.paste(fill, at, mask)
