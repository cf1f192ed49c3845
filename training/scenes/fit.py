"""Preprocessing as llama.cpp does it, in Pillow: a picture scaled and padded into the square that the model sees."""

from __future__ import annotations

import math

from PIL import Image

from training.scenes.draw import PADDING


def fitted_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size inside the square, in pixels; the sides are rounded up."""
    scale = min(side / size[0], side / size[1])
    return (min(math.ceil(size[0] * scale), side), min(math.ceil(size[1] * scale), side))


def fit(picture: Image.Image, side: int) -> Image.Image:
    """Scale into a square and fill the rest up; a picture of that very size is left as it is."""
    if picture.size == (side, side):
        return picture
    inner = fitted_size(picture.size, side)
    whole = Image.new("RGB", (side, side), PADDING)
    whole.paste(picture.resize(inner, Image.Resampling.BICUBIC), ((side - inner[0]) // 2, (side - inner[1]) // 2))
    return whole
