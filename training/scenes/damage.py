"""What befalls users' pictures: made smaller, blurred, dark, noisy, saved with loss; some so much that nobody can tell.

A picture that was damaged beyond telling keeps its truth. A model that is asked for it again and again learns how
often each answer is right, so its probabilities say how sure one may be; it never learns to be certain.
"""

from __future__ import annotations

import math
from random import Random

import numpy as np
from PIL import Image, ImageFilter

from training.scenes.draw import padded, through

_SOUND = 0.35
"""The part of the pictures that is left as it was drawn, their format aside."""
SEVERE = 0.1
"""The part that is damaged so much that often nobody could tell."""
_SMALLEST = 24
"""Pixels of the shorter side below which no picture is made."""


def damage(picture: Image.Image, rng: Random) -> Image.Image:
    """The picture as it arrives: in half of the cases after one or two mishaps, now and then after grave ones."""
    chance = rng.random()
    if chance < SEVERE:
        picture = severe(picture, rng)
    elif chance > SEVERE + _SOUND:
        for mishap in rng.sample((_smaller, _blurred, _darker, _noisy, _smaller), rng.choice((1, 1, 2, 3))):
            picture = mishap(picture, rng)
    if rng.random() < 0.06:
        picture = padded(picture, rng.choice((4 / 3, 3 / 4, 16 / 9, 9 / 16)))
    chance = rng.random()
    if chance < 0.4:
        return through(picture, "JPEG", quality=rng.randint(38, 95))
    return through(picture, "WEBP", quality=rng.randint(45, 95), method=0) if chance < 0.46 else picture


def severe(picture: Image.Image, rng: Random) -> Image.Image:
    """Down to an eighth, noise of up to .4 of the range, and .3 of the light, each or all of them."""
    if rng.random() < 0.7:
        picture = scaled(picture, math.exp(rng.uniform(math.log(0.1), math.log(0.5))))
    if rng.random() < 0.5:
        picture = dimmed(picture, rng.uniform(0.25, 0.8))
    return grained(picture, rng, rng.uniform(0.05, 0.42) * 255)


def _smaller(picture: Image.Image, rng: Random) -> Image.Image:
    return scaled(picture, math.exp(rng.uniform(math.log(0.35), math.log(1.6))), rng)


def _blurred(picture: Image.Image, rng: Random) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(min(picture.size) * rng.uniform(0.002, 0.014)))


def _darker(picture: Image.Image, rng: Random) -> Image.Image:
    return dimmed(picture, rng.uniform(0.3, 1.15))


def _noisy(picture: Image.Image, rng: Random) -> Image.Image:
    return grained(picture, rng, math.exp(rng.uniform(math.log(4), math.log(48))))


def scaled(picture: Image.Image, factor: float, rng: Random | None = None) -> Image.Image:
    """By this factor, but never to less than can be called a picture."""
    factor = max(factor, min(1.0, _SMALLEST / min(picture.size)))
    filters = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX)
    size = (round(picture.width * factor), round(picture.height * factor))
    return picture.resize(size, rng.choice(filters) if rng else Image.Resampling.BICUBIC)


def dimmed(picture: Image.Image, light: float) -> Image.Image:
    return picture.point([min(255, round(level * light)) for level in range(256)] * 3)


def grained(picture: Image.Image, rng: Random, deviation: float) -> Image.Image:
    """With noise of this standard deviation, of each channel or of all alike."""
    noise = np.random.default_rng(rng.getrandbits(64))
    depth = 3 if rng.random() < 0.6 else 1
    pixels = np.asarray(picture, np.float32)
    grain = noise.standard_normal((*pixels.shape[:2], depth), np.float32) * np.float32(deviation)
    return Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8))
