"""Colours as people mix them: the shades that a name covers, for things and for grounds."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Shades:
    """Hue in degrees, saturation and value in parts of one: from and to."""

    hue: tuple[float, float]
    saturation: tuple[float, float]
    value: tuple[float, float]

    def pick(self, rng: Random) -> Rgb:
        hue = rng.uniform(*self.hue) % 360 / 360
        red, green, blue = colorsys.hsv_to_rgb(hue, rng.uniform(*self.saturation), rng.uniform(*self.value))
        return (round(red * 255), round(green * 255), round(blue * 255))


THINGS: Mapping[str, Shades] = {
    "red": Shades((-9, 8), (0.72, 1.0), (0.62, 1.0)),
    "green": Shades((92, 158), (0.5, 1.0), (0.38, 1.0)),
    "blue": Shades((204, 246), (0.6, 1.0), (0.48, 1.0)),
    "yellow": Shades((47, 61), (0.65, 1.0), (0.88, 1.0)),
    "orange": Shades((20, 39.5), (0.78, 1.0), (0.88, 1.0)),
    "purple": Shades((268, 302), (0.45, 1.0), (0.4, 0.85)),
    "black": Shades((0, 360), (0.0, 0.3), (0.0, 0.16)),
    "white": Shades((0, 360), (0.0, 0.03), (0.95, 1.0)),
}
"""Every shade is one that nobody would call by a neighbour's name."""
GROUNDS: Mapping[str, Shades] = {
    "gray": Shades((0, 360), (0.0, 0.05), (0.42, 0.83)),
    "white": Shades((0, 360), (0.0, 0.025), (0.94, 1.0)),
    "black": Shades((0, 360), (0.0, 0.3), (0.0, 0.13)),
    "pink": Shades((330, 356), (0.16, 0.42), (0.88, 1.0)),
    "beige": Shades((32, 48), (0.14, 0.32), (0.84, 0.98)),
    "brown": Shades((16, 32), (0.45, 0.75), (0.28, 0.55)),
    "teal": Shades((173, 187), (0.45, 1.0), (0.4, 0.75)),
    "red": Shades((-8, 8), (0.6, 0.95), (0.45, 0.9)),
    "green": Shades((95, 150), (0.15, 0.95), (0.4, 0.95)),
    "blue": Shades((205, 240), (0.12, 0.95), (0.4, 1.0)),
    "yellow": Shades((50, 60), (0.25, 0.85), (0.92, 1.0)),
    "orange": Shades((24, 37), (0.6, 0.95), (0.88, 1.0)),
    "purple": Shades((268, 300), (0.2, 0.8), (0.4, 0.92)),
}
"""The names that a ground may have."""
_COMMON = {"white": 9, "gray": 5, "black": 3, "beige": 3, "blue": 3, "green": 2}
"""How often people choose a ground, beside those that count once."""


def ground_name(rng: Random) -> str:
    return rng.choices(tuple(GROUNDS), [_COMMON.get(name, 1) for name in GROUNDS])[0]


def any_colour(rng: Random) -> Rgb:
    return (rng.randrange(256), rng.randrange(256), rng.randrange(256))
