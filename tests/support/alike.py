"""Pictures that are alike and pictures that are not, drawn by lot."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

Size = tuple[int, int]


def draw_view(seed: int, size: Size = (480, 360)) -> Image.Image:
    """A sky, a ground and some things, in soft light: as much a photograph as can be drawn by lot."""
    chance = random.Random(seed)
    width, height = size

    def colour() -> tuple[int, int, int]:
        return (chance.randrange(256), chance.randrange(256), chance.randrange(256))

    view = Image.linear_gradient("L").resize(size).rotate(chance.choice((0, 180)))
    view = Image.merge("RGB", [view.point([value * share // 255 for value in range(256)]) for share in colour()])
    drawn = ImageDraw.Draw(view)
    drawn.rectangle((0, chance.randrange(height // 3, height), width, height), fill=colour())
    for _ in range(chance.randrange(3, 9)):
        left, top = chance.randrange(-40, width - 40), chance.randrange(-40, height - 40)
        box = (left, top, left + chance.randrange(60, width // 2), top + chance.randrange(60, height // 2))
        chance.choice((drawn.ellipse, drawn.rectangle))(box, fill=colour())
    return view.filter(ImageFilter.GaussianBlur(2))


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    held = io.BytesIO()
    picture.save(held, "JPEG", quality=quality)
    return Image.open(held).convert("RGB")


def _cropped(picture: Image.Image) -> Image.Image:
    across, down = picture.width // 100, picture.height // 100
    return picture.crop((across, down, picture.width - across, picture.height - down))


NEAR: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "half as large": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
    "JPEG of quality 60": lambda picture: jpeg(picture, 60),
    "a third as large, JPEG of quality 80": lambda picture: jpeg(
        picture.resize((picture.width // 3, picture.height // 3)), 80
    ),
    "15 % brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.15),
    "cropped by 2 %": _cropped,
}
