"""Draws examples/pictures and truth.json, which says what is in them; the same files every time.

Run it with `.venv/bin/python examples/draw_pictures.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

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


def draw(picture: Picture) -> None:
    image = draw_scene(*picture.shapes, size=picture.size)
    if picture.magnify > 1:
        image = image.resize([side * picture.magnify for side in image.size], Image.Resampling.BICUBIC)
    saving = dict(picture.saving)
    if picture.turned:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[ORIENTATION] = TURN_RIGHT
        saving["exif"] = exif
    image.save(FOLDER / picture.name, **saving)


def truth(picture: Picture) -> list[dict[str, str]]:
    return [{"color": shape.colour, "shape": shape.kind, "place": shape.place} for shape in picture.shapes]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for picture in PICTURES:
        draw(picture)
    table = {picture.name: truth(picture) for picture in PICTURES}
    (FOLDER / "truth.json").write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
