"""Grounds that drawings stand on: even, graded, textured, of paper, and blurred photographs made by a program."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.scenes import palette

Pixels = NDArray[np.float32]
_LEAST, _MOST = 10.0, 95.0
"""So far apart in RGB are the two colours of a pattern."""
UNNAMED = ""
"""The name of a ground of no one colour: nobody is asked for it."""


@dataclass(frozen=True)
class Painted:
    """A ground: what it is called, if anything, and its pixels, [height, width, 3] from 0 to 255."""

    name: str
    pixels: Pixels


Size = tuple[int, int]


def random_ground(rng: Random, size: Size) -> Painted:
    kind = rng.choices(tuple(_PAINTERS), tuple(_SHARES.values()))[0]
    return _PAINTERS[kind](rng, size)


def _even(rng: Random, size: Size) -> Painted:
    name = palette.ground_name(rng)
    return Painted(name, _filled(palette.GROUNDS[name].pick(rng), size))


def _graded(rng: Random, size: Size) -> Painted:
    """From one shade to another of one colour, or between any two colours; along a line or around a middle."""
    if rng.random() < 0.55:
        name = palette.ground_name(rng)
        ends = palette.GROUNDS[name].pick(rng), palette.GROUNDS[name].pick(rng)
    else:
        name, ends = UNNAMED, (palette.any_colour(rng), palette.any_colour(rng))
    share = _ramp(rng, size)[..., None]
    first, last = (np.asarray(end, np.float32) for end in ends)
    return Painted(name, first + (last - first) * share)


def _textured(rng: Random, size: Size) -> Painted:
    """Stripes, checks, dots, lines or a grain: lighter or darker than their ground, or of another colour near it."""
    name = palette.ground_name(rng)
    base = palette.GROUNDS[name].pick(rng)
    pixels = _filled(base, size)
    depth: float | Pixels = rng.uniform(6, 34) * rng.choice((-1, 1))
    if rng.random() < 0.5:
        name, depth = UNNAMED, np.asarray(_neighbour(rng, base), np.float32) - np.asarray(base, np.float32)
    step = min(size) * rng.uniform(0.03, 0.16)
    down, across = _axes(size)
    angle = rng.choice((0.0, math.pi / 2, math.pi / 4, rng.uniform(0, math.pi)))
    along = (across * math.cos(angle) + down * math.sin(angle)) / step
    beside = (down * math.cos(angle) - across * math.sin(angle)) / step
    pattern = rng.choice(("stripes", "checks", "dots", "lines", "grid", "grain", "clouds"))
    if pattern == "stripes":
        mark = along % 1 < 0.5
    elif pattern == "checks":
        mark = (along % 1 < 0.5) ^ (beside % 1 < 0.5)
    elif pattern == "dots":
        mark = (along % 1 - 0.5) ** 2 + (beside % 1 - 0.5) ** 2 < rng.uniform(0.02, 0.12)
    elif pattern == "lines":
        mark = along % 1 < rng.uniform(0.06, 0.2)
    elif pattern == "grid":
        width = rng.uniform(0.06, 0.15)
        mark = (along % 1 < width) | (beside % 1 < width)
    elif pattern == "grain":
        grain = _noise(rng).normal(0, 0.5, (*size[::-1], 1)).astype(np.float32)
        return Painted(name, pixels + depth * grain)
    else:
        return Painted(name, pixels + depth * _clouds(rng, size, rng.randint(3, 9))[..., None])
    return Painted(name, pixels + depth * mark.astype(np.float32)[..., None])


def _neighbour(rng: Random, base: palette.Rgb) -> palette.Rgb:
    """A ground's colour that stands out from another as a pattern does, and less than a thing."""
    while True:
        other = palette.GROUNDS[palette.ground_name(rng)].pick(rng) if rng.random() < 0.7 else palette.any_colour(rng)
        if _LEAST < math.dist(other, base) < _MOST:
            return other


def _paper(rng: Random, size: Size) -> Painted:
    """White or beige, with fibres, unevenly lit, perhaps ruled."""
    name = rng.choice(("white", "white", "beige"))
    pixels = _filled(palette.GROUNDS[name].pick(rng), size)
    noise = _noise(rng)
    pixels = pixels + noise.normal(0, rng.uniform(1, 5), (*size[::-1], 1)).astype(np.float32)
    pixels = pixels + rng.uniform(1, 7) * _clouds(rng, size, rng.randint(4, 14))[..., None]
    if rng.random() < 0.4:
        down, across = _axes(size)
        step = min(size) * rng.uniform(0.05, 0.14)
        ruled = down / step % 1 < 0.08
        if rng.random() < 0.5:
            ruled = ruled | (across / step % 1 < 0.08)
        ink = np.asarray(rng.choice(((150, 180, 215), (190, 190, 190), (205, 160, 160))), np.float32)
        pixels = np.where(ruled[..., None], pixels * 0.45 + ink * 0.55, pixels)
    light = 1 - rng.uniform(0, 0.2) * _ramp(rng, size)
    return Painted(name, pixels * light[..., None])


def _photograph(rng: Random, size: Size) -> Painted:
    """What a blurred photograph looks like: a few soft masses of colour, perhaps a horizon, and some grain."""
    colours = [np.asarray(_muted(rng), np.float32) for _ in range(rng.randint(3, 5))]
    pixels = np.broadcast_to(colours[0], (*size[::-1], 3)).astype(np.float32)
    if rng.random() < 0.5:
        down, _ = _axes(size)
        soft = max(1.0, min(size) * rng.uniform(0.02, 0.15))
        above = 1 / (1 + np.exp(((down - size[1] * rng.uniform(0.3, 0.7)) / soft).clip(-30, 30)))
        pixels = pixels + (colours[1] - pixels) * above[..., None]
    for colour in colours[1:]:
        mass = (_clouds(rng, size, rng.randint(2, 6)) * rng.uniform(0.8, 2.5) + rng.uniform(-0.6, 0.2)).clip(0, 1)
        pixels = pixels + (colour - pixels) * mass[..., None]
    if rng.random() < 0.4:
        pixels = pixels + _noise(rng).normal(0, rng.uniform(1, 8), pixels.shape).astype(np.float32)
    return Painted(UNNAMED, pixels)


_PAINTERS: Mapping[str, Callable[[Random, Size], Painted]] = {
    "even": _even,
    "graded": _graded,
    "textured": _textured,
    "paper": _paper,
    "photograph": _photograph,
}
_SHARES = {"even": 34, "graded": 19, "textured": 16, "paper": 12, "photograph": 19}


def _filled(colour: palette.Rgb, size: Size) -> Pixels:
    return np.broadcast_to(np.asarray(colour, np.float32), (*size[::-1], 3))


def _axes(size: Size) -> tuple[Pixels, Pixels]:
    """How far down and how far across each pixel is, [height, 1] and [1, width]."""
    return np.arange(size[1], dtype=np.float32)[:, None], np.arange(size[0], dtype=np.float32)[None]


def _ramp(rng: Random, size: Size) -> Pixels:
    """From 0 to 1 along a line of any direction, or from a middle outwards."""
    down, across = _axes(size)
    if rng.random() < 0.3:
        x, y = size[0] * rng.uniform(0.2, 0.8), size[1] * rng.uniform(0.2, 0.8)
        far: Pixels = np.hypot(across - x, down - y)
    else:
        angle = rng.choice((0.0, math.pi / 2, rng.uniform(0, 2 * math.pi)))
        far = across * math.cos(angle) + down * math.sin(angle)
    low, high = far.min(), far.max()
    ramp: Pixels = ((far - low) / (high - low)).astype(np.float32)
    return ramp


def _clouds(rng: Random, size: Size, cells: int) -> Pixels:
    """Smooth noise around 0, of about so many cells to a side."""
    coarse = _noise(rng).normal(0, 1, (cells, cells)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse, "F").resize(size, Image.Resampling.BICUBIC), np.float32)


def _muted(rng: Random) -> palette.Rgb:
    """A colour of a photograph: seldom a pure one."""
    level = rng.uniform(20, 235)
    red, green, blue = (round(min(255, max(0, level + rng.gauss(0, 32)))) for _ in range(3))
    return (red, green, blue)


def _noise(rng: Random) -> np.random.Generator:
    return np.random.default_rng(rng.getrandbits(64))
