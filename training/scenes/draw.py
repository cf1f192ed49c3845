"""Random scenes with their ground truth: one to four coloured shapes, each in a cell of a 3x3 grid."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from ollama_embedded.scenes import COLOURS, CORNERS, KINDS, PLACES, Shape

Rgb = tuple[int, int, int]

GROUNDS: dict[str, Rgb] = {
    "gray": (190, 190, 190),
    "white": (250, 250, 250),
    "black": (18, 18, 18),
    "pink": (250, 190, 205),
    "beige": (235, 220, 185),
    "brown": (110, 75, 45),
    "teal": (60, 160, 165),
}
MOST = 4
PAIRS = tuple((colour, kind) for colour in COLOURS for kind in KINDS)
RADII = {"small": (0.48, 0.66), "medium": (0.79, 0.93), "large": (1.02, 1.16)}
"""How much of its cell a shape fills, from and to; `ollama_embedded.draw_scene` draws about the middle of each."""
_GREY_SPREAD = 28
_COUNT_WEIGHTS = (3, 4, 6, 8)
_OVERSAMPLING = 2


@dataclass(frozen=True)
class Thing:
    """A shape and how it is drawn: centre as parts of the picture's sides, radius in parts of half a cell."""

    shape: Shape
    centre: tuple[float, float]
    radius: float
    turn: float
    fill: Rgb
    contour: bool = False


@dataclass(frozen=True)
class Scene:
    """What is on a picture, in reading order; `size` in pixels."""

    things: tuple[Thing, ...]
    ground: str
    ground_fill: Rgb
    size: tuple[int, int]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(thing.shape for thing in self.things)

    def unit(self) -> float:
        """Half a cell's shorter side, in pixels."""
        return min(self.size) / 6


def random_scene(
    rng: Random, count: int | None = None, shared: tuple[str, str] | None = None, *, alike: float = 0.0
) -> Scene:
    """A random scene; no two shapes share colour and kind. `shared` is a pair that it shall have if it can.

    In a part `alike` of the scenes all are of one kind, in as many all are of one colour.
    """
    ground = rng.choice(("gray", *GROUNDS))
    count = rng.choices(range(1, MOST + 1), _COUNT_WEIGHTS)[0] if count is None else count
    possible = [pair for pair in PAIRS if pair[0] != ground]
    chance = rng.random() if alike else 1.0
    if chance < 2 * alike:
        side = 1 if chance < alike else 0
        one = rng.choice(possible)[side]
        possible = [pair for pair in possible if pair[side] == one]
    pairs = rng.sample(possible, count)
    if shared in possible and shared not in pairs and pairs:
        pairs[0] = shared
    places = sorted(rng.sample(range(len(PLACES)), count))
    rng.shuffle(pairs)
    shapes = (
        Shape(colour, kind, PLACES[place], rng.choice(tuple(RADII)))
        for (colour, kind), place in zip(pairs, places, strict=True)
    )
    return Scene(tuple(_thing(rng, shape) for shape in shapes), ground, _ground_fill(rng, ground), _canvas(rng))


def _thing(rng: Random, shape: Shape) -> Thing:
    low, high = RADII[shape.size]
    radius = rng.uniform(low, high)
    play = {"small": 0.30, "medium": 0.16, "large": 0.06}[shape.size] / 6
    row, column = divmod(PLACES.index(shape.place), 3)
    centre = ((column + 0.5) / 3 + rng.uniform(-play, play), (row + 0.5) / 3 + rng.uniform(-play, play))
    turn = rng.uniform(-14, 14) if rng.random() < 0.6 else 0.0
    return Thing(shape, centre, radius, turn, _about(rng, COLOURS[shape.colour], 16), rng.random() < 0.1)


def _ground_fill(rng: Random, ground: str) -> Rgb:
    if ground == "gray":
        level = GROUNDS["gray"][0] + rng.randint(-_GREY_SPREAD, _GREY_SPREAD)
        return (level, level, level)
    return _about(rng, GROUNDS[ground], 5 if ground in {"white", "black"} else 12)


def _about(rng: Random, colour: Rgb, spread: int) -> Rgb:
    red, green, blue = (max(0, min(255, channel + rng.randint(-spread, spread))) for channel in colour)
    return (red, green, blue)


def _canvas(rng: Random) -> tuple[int, int]:
    side = rng.randint(96, 360)
    if rng.random() < 0.5:
        return (side, side)
    aspect = math.exp(rng.uniform(-math.log(1.9), math.log(1.9)))
    return (side, max(64, round(side / aspect))) if aspect > 1 else (max(64, round(side * aspect)), side)


def draw(scene: Scene) -> Image.Image:
    """The picture of a scene, undisturbed."""
    width, height = scene.size
    picture = Image.new("RGB", (width * _OVERSAMPLING, height * _OVERSAMPLING), scene.ground_fill)
    pen = ImageDraw.Draw(picture)
    for thing in scene.things:
        radius = thing.radius * scene.unit() * _OVERSAMPLING
        x, y = thing.centre[0] * picture.width, thing.centre[1] * picture.height
        dark: Rgb = (thing.fill[0] // 2, thing.fill[1] // 2, thing.fill[2] // 2)
        outline, line = (dark, max(2, round(radius / 10))) if thing.contour else (None, 1)
        if thing.shape.kind == "circle":
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=thing.fill, outline=outline, width=line)
        else:
            sine, cosine = math.sin(math.radians(thing.turn)), math.cos(math.radians(thing.turn))
            corners = [
                (x + radius * (dx * cosine - dy * sine), y + radius * (dx * sine + dy * cosine))
                for dx, dy in CORNERS[thing.shape.kind]
            ]
            pen.polygon(corners, fill=thing.fill, outline=outline, width=line)
    return picture.reduce(_OVERSAMPLING)


def disturb(picture: Image.Image, rng: Random) -> Image.Image:
    """What happens to pictures on their way: noise, another size, bars at two sides, a lossy format; often nothing."""
    if rng.random() < 0.10:
        picture = noisy(picture, rng)
    if rng.random() < 0.25:
        # From half the model's own side up: what is smaller has lost its corners.
        factor = max(math.exp(rng.uniform(math.log(0.5), math.log(3))), 52 / min(picture.size))
        size = (round(picture.width * factor), round(picture.height * factor))
        if max(size) <= 900:
            picture = picture.resize(size, rng.choice((Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)))
    if rng.random() < 0.2:
        picture = padded(picture, rng.choice((4 / 3, 3 / 4, 16 / 9, 9 / 16)))
    chance = rng.random()
    if chance < 0.35:
        return through(picture, "JPEG", quality=rng.randint(45, 95))
    return through(picture, "WEBP", quality=rng.randint(50, 95), method=0) if chance < 0.43 else picture


PADDING: Rgb = (122, 116, 104)
"""What llama.cpp fills up a picture with that is not square."""


def padded(picture: Image.Image, aspect: float) -> Image.Image:
    """Put into the middle of a wider or higher picture of this width by height."""
    width, height = picture.size
    size = (round(height * aspect), height) if width < height * aspect else (width, round(width / aspect))
    whole = Image.new("RGB", size, PADDING)
    whole.paste(picture, ((size[0] - width) // 2, (size[1] - height) // 2))
    return whole


def noisy(picture: Image.Image, rng: Random) -> Image.Image:
    """With a grain that is seen from near."""
    # Not Pillow's own noise: that draws C's random numbers, which no seed of ours reaches.
    noise = np.random.default_rng(rng.getrandbits(64))
    grain = noise.normal(128, rng.uniform(4, 14), picture.size[::-1]).clip(0, 255).astype(np.uint8)
    return Image.blend(picture, Image.fromarray(grain).convert("RGB"), 0.18)


def through(picture: Image.Image, form: str, **how: int) -> Image.Image:
    """Saved in a format, and read again."""
    file = io.BytesIO()
    picture.save(file, form, **how)
    return Image.open(file).convert("RGB")
