"""What is to be drawn: things of any size anywhere on a ground, as a value that every program can draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

Colours = Mapping[str, Sequence[str]]

FILLS: Colours = {
    "red": ("#ff0000", "#e53935", "#d62728", "#c0392b", "#b71c1c"),
    "green": ("#008000", "#2e7d32", "#4caf50", "#27ae60", "#2ca02c"),
    "blue": ("#0000ff", "#1565c0", "#2196f3", "#1f77b4", "#2a4bd7"),
    "yellow": ("#ffff00", "#ffeb3b", "#fdd835", "#f7dc1f"),
    "orange": ("#ffa500", "#ff9800", "#f57c00", "#ff7f0e"),
    "purple": ("#800080", "#9c27b0", "#6a1b9a", "#8e44ad"),
    "black": ("#000000", "#111111", "#1a1a1a"),
    "white": ("#ffffff", "#fdfdfd"),
}
KINDS = ("circle", "square", "triangle", "star", "cross", "diamond")
PLAIN = ("#ffffff", "#f5f5f5", "#eeeeee", "#cccccc", "#9e9e9e", "#37474f", "#000000", "#e3f2fd", "#fff3e0", "#fce4ec")
VIVID = ("#1b5e20", "#0d47a1", "#795548", "#b2dfdb", "#c8e6c9", "#bbdefb", "#f8bbd0", "#607d8b", "#ffe082", "#4a148c")
PAPERS = ("#fdfcf7", "#f6f1e1", "#f4ecd8", "#ffffff")
GROUNDS = ("even", "graded", "textured", "paper", "photograph")
SIZES: Mapping[str, tuple[float, float]] = {
    "radius 2.5 to 6 % of the shorter side": (0.025, 0.06),
    "radius 6 to 9 %": (0.06, 0.09),
    "radius 9 to 15 %": (0.09, 0.15),
    "radius 15 to 21 %": (0.15, 0.21),
    "radius 21 to 30 %": (0.21, 0.30),
    "radius 30 to 45 %": (0.30, 0.45),
}
STYLES = ("plain", "outlined", "round corners", "turned")
CANVASES = ((224, 224), (640, 480), (512, 512), (480, 640), (800, 450), (450, 800), (600, 400), (1000, 700))
_PLAINLY = 110.0
"""So far from every colour of its ground, in RGB, is a thing that anybody sees."""
_CORNER = 1.42
"""No shape's corner is further from its middle, in radii."""


@dataclass(frozen=True)
class Mark:
    """A thing: lengths in pixels, `turn` in degrees. Without a `line` it has no outline."""

    colour: str
    kind: str
    fill: str
    x: float
    y: float
    radius: float
    turn: float = 0.0
    line: str = ""
    width: float = 0.0
    rounded: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.colour} {self.kind}"


@dataclass(frozen=True)
class Ground:
    """A ground: colours from one end to the other, or its own and that of its pattern, or those of a photograph."""

    kind: str
    colours: tuple[str, ...]
    angle: float = 0.0
    step: float = 24.0
    pattern: str = ""
    photograph: str = ""
    """A PNG in base64."""


@dataclass(frozen=True)
class Sketch:
    """A picture that is still to be drawn."""

    size: tuple[int, int]
    ground: Ground
    marks: tuple[Mark, ...]
    seed: int

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(mark.name for mark in self.marks)


def random_sketch(
    rng: Random,
    count: int,
    ground: str,
    sizes: Sequence[tuple[float, float]],
    style: str,
    photographs: Sequence[Ground],
) -> Sketch:
    """`count` things of these radii, in parts of the shorter side, all in one style, where they do not touch."""
    size = rng.choice(CANVASES)
    while True:
        on = rng.choice(photographs) if ground == "photograph" else _ground(rng, ground, size)
        spots = _spots(rng, size, [rng.uniform(*sizes[number % len(sizes)]) for number in range(count)])
        fills = [(colour, fill) for colour in FILLS for fill in FILLS[colour] if _stands_out(fill, on.colours)]
        if spots and fills:
            break
    marks: list[Mark] = []
    for x, y, radius in spots:
        kind, (colour, fill) = rng.choice(KINDS), rng.choice(fills)
        while any(mark.name == f"{colour} {kind}" for mark in marks):
            kind, (colour, fill) = rng.choice(KINDS), rng.choice(fills)
        marks.append(_styled(rng, Mark(colour, kind, fill, x, y, radius), style))
    return Sketch(size, on, tuple(marks), rng.randrange(2**31))


def _styled(rng: Random, mark: Mark, style: str) -> Mark:
    turn = line = width = rounded = None
    if style == "turned":
        turn = rng.choice((-1, 1)) * rng.uniform(5, 15)
    elif style == "outlined":
        line = "#000000" if _distance(mark.fill, "#000000") > _PLAINLY else "#ffffff"
        width = max(1.0, mark.radius * rng.uniform(0.05, 0.12))
    elif style == "round corners":
        rounded = mark.radius * rng.uniform(0.08, 0.16)
    return Mark(
        mark.colour,
        mark.kind,
        mark.fill,
        mark.x,
        mark.y,
        mark.radius,
        turn or 0.0,
        line or "",
        width or 0.0,
        rounded or 0.0,
    )


def _spots(rng: Random, size: tuple[int, int], radii: Sequence[float]) -> list[tuple[float, float, float]]:
    """A place for each, the largest first; none at all if there is no room."""
    short = min(size)
    spots: list[tuple[float, float, float]] = []
    for radius in sorted((part * short for part in radii), reverse=True):
        reach = min(radius * 1.25, short * 0.497)
        for _ in range(60):
            x, y = rng.uniform(reach, size[0] - reach), rng.uniform(reach, size[1] - reach)
            far = (math.hypot(x - at[0], y - at[1]) - _CORNER * (radius + at[2]) for at in spots)
            if all(gap > short * 0.01 for gap in far):
                spots.append((x, y, radius))
                break
        else:
            return []
    rng.shuffle(spots)
    return spots


def _ground(rng: Random, kind: str, size: tuple[int, int]) -> Ground:
    step = min(size) * rng.uniform(0.04, 0.1)
    if kind == "even":
        return Ground(kind, (rng.choice((*PLAIN, *PLAIN, *VIVID)),))
    if kind == "graded":
        return Ground(kind, tuple(rng.sample((*PLAIN, *VIVID), 2)), angle=rng.uniform(0, 360))
    if kind == "textured":
        first = rng.choice((*PLAIN, *VIVID))
        near = [other for other in (*PLAIN, *VIVID) if 10 < _distance(first, other) < 90]
        pattern = rng.choice(("stripes", "checks", "dots", "noise"))
        return Ground(kind, (first, rng.choice(near or [first])), rng.choice((0, 45, 90)), step, pattern)
    return Ground("paper", (rng.choice(PAPERS),), step=step, pattern=rng.choice(("", "ruled", "squared")))


def rgb(colour: str) -> tuple[int, int, int]:
    """Of "#rrggbb"."""
    return (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))


def _distance(one: str, other: str) -> float:
    return math.dist(rgb(one), rgb(other))


def _stands_out(fill: str, ground: Sequence[str]) -> bool:
    if len(ground) != 2:
        return all(_distance(fill, colour) > _PLAINLY for colour in ground)
    # Between two colours lie all that a gradient passes.
    (one, other) = (rgb(colour) for colour in ground)
    steps = [tuple(a + (b - a) * part / 8 for a, b in zip(one, other, strict=True)) for part in range(9)]
    return all(math.dist(rgb(fill), step) > _PLAINLY for step in steps)
