"""Draws examples/pictures and truth.json, which says what is in them; the same files every time.

Run it with `.venv/bin/python examples/draw_pictures.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from ollama_embedded import Shape, draw_scene

FOLDER = Path(__file__).parent / "pictures"
ORIENTATION = 0x0112
"""The EXIF tag that says how to hold a picture."""
TURN_RIGHT = 6
"""Its value for "turn me by 90 degrees clockwise", as a phone held upright writes it."""


@dataclass(frozen=True)
class Picture:
    name: str
    shapes: tuple[Shape, ...]
    size: tuple[int, int] = (224, 224)
    magnify: int = 1
    turned: bool = False
    """Stored lying on its side, with a note in EXIF that says so."""
    saving: dict[str, Any] = field(default_factory=dict)


PICTURES = (
    Picture("one-shape.png", (Shape("red", "circle", "middle center", "large"),)),
    Picture(
        "two-shapes.jpg",
        (Shape("blue", "square", "top left", "large"), Shape("green", "triangle", "bottom right", "large")),
        size=(400, 400),
        saving={"quality": 90},
    ),
    Picture(
        "three-shapes.webp",
        (
            Shape("yellow", "star", "top right", "large"),
            Shape("purple", "circle", "middle left", "large"),
            Shape("black", "square", "bottom right", "small"),
        ),
        size=(320, 320),
        saving={"lossless": True},
    ),
    Picture(
        "wide.png",
        (Shape("white", "square", "middle left", "large"), Shape("red", "star", "middle right", "large")),
        size=(640, 360),
    ),
    Picture(
        "large.jpg",
        (Shape("red", "triangle", "top left", "large"), Shape("blue", "circle", "bottom right", "large")),
        size=(1000, 750),
        magnify=4,
        saving={"quality": 75},
    ),
    Picture(
        "turned-by-exif.jpg",
        (Shape("red", "square", "top left", "large"), Shape("blue", "star", "bottom left", "large")),
        size=(300, 400),
        turned=True,
        saving={"quality": 90},
    ),
)


def draw(picture: Picture, folder: Path) -> None:
    image = draw_scene(*picture.shapes, size=picture.size)
    if picture.magnify > 1:
        image = image.resize([side * picture.magnify for side in image.size], Image.Resampling.BICUBIC)
    saving = dict(picture.saving)
    if picture.turned:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[ORIENTATION] = TURN_RIGHT
        saving["exif"] = exif
    image.save(folder / picture.name, **saving)


def photograph_a_drawing(path: Path) -> tuple[Shape, ...]:
    """Felt pens on ruled paper, under a lamp at one side, a little turned, as a phone takes it."""
    width, height = 900, 1200
    random = Random(path.name)  # noqa: S311 (the same drawing every time)
    page = Image.new("RGB", (width, height), "#f7f3e6")
    pen = ImageDraw.Draw(page)
    for y in range(90, height, 60):
        pen.line((0, y, width, y), fill="#cddbe6", width=3)
    circle = [(320 + 190 * math.cos(a), 330 + 182 * math.sin(a)) for a in (math.tau * k / 60 for k in range(60))]
    _fill_by_hand(pen, random, circle, "#27ae60", "#14532d")
    _fill_by_hand(pen, random, [(650, 730), (815, 1010), (470, 985)], "#d62728", "#5f1111")
    page = page.rotate(3, Image.Resampling.BICUBIC, fillcolor="#f7f3e6")
    lamp = (
        Image.linear_gradient("L")
        .rotate(90)
        .resize((width, height))
        .point([150 + value * 105 // 255 for value in range(256)])
    )
    lit = ImageChops.multiply(page, Image.merge("RGB", (lamp, lamp, lamp))).filter(ImageFilter.GaussianBlur(1.5))
    grain = Image.frombytes("L", lit.size, random.randbytes(width * height)).convert("RGB")
    Image.blend(lit, grain, 0.04).save(path, quality=80)
    return Shape("green", "circle", "top left", "large"), Shape("red", "triangle", "bottom right", "large")


def _fill_by_hand(
    pen: ImageDraw.ImageDraw, random: Random, corners: Sequence[tuple[float, float]], fill: str, line: str
) -> None:
    shaken = [(x + random.uniform(-5, 5), y + random.uniform(-5, 5)) for x, y in corners]
    pen.polygon(shaken, fill=fill)
    pen.line([*shaken, *shaken[:2]], fill=line, width=12, joint="curve")


def take_a_screenshot(path: Path) -> tuple[Shape, ...]:
    """A slide with a graded ground and things of unlike sizes, off any grid, without smooth edges."""
    width, height = 1280, 720
    down = Image.linear_gradient("L").resize((width, height))
    slide = Image.composite(Image.new("RGB", down.size, "#bbdefb"), Image.new("RGB", down.size, "#ffffff"), down)
    pen = ImageDraw.Draw(slide)
    pen.rounded_rectangle((90, 150, 510, 570), 40, fill="#6a1b9a")
    pen.regular_polygon((1010, 520, 130), 4, rotation=45, fill="#ff9800", outline="#000000", width=8)
    slide.save(path, optimize=True)
    return Shape("purple", "square", "middle left", "large"), Shape("orange", "diamond", "bottom right", "large")


def truth(shapes: Sequence[Shape]) -> list[dict[str, str]]:
    return [{"color": shape.colour, "shape": shape.kind, "place": shape.place} for shape in shapes]


BY_HAND = {"drawing-on-paper.jpg": photograph_a_drawing, "screenshot.png": take_a_screenshot}


def draw_all(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Draw them into a folder; the shapes of each."""
    for picture in PICTURES:
        draw(picture, folder)
    drawn = {picture.name: truth(picture.shapes) for picture in PICTURES}
    return drawn | {name: truth(take(folder / name)) for name, take in BY_HAND.items()}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    table = draw_all(FOLDER)
    (FOLDER / "truth.json").write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
