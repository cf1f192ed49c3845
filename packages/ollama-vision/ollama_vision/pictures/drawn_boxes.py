"""Bounding boxes drawn on the original, upright as a viewer shows it, in its own pixels: a PNG or JPEG."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .box_fields import FoundBox
from .boxes import BoxMapping
from .frames import BoxConvention, PictureFrame
from .prepared import PreparedImage

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

COLOURS = ("#e6194b", "#0a84ff", "#2ea043", "#f58231", "#911eb4", "#00a3a3", "#d6006e", "#7a5200")
"""Of one label all boxes have the same; they differ in brightness too, and none is that of paper."""
_THINNEST = 2
_SIDE_PER_PIXEL = 400
"""A line is as thick as the picture's longer side divided by this."""


@dataclass(frozen=True)
class PlacedBox:
    """A box where it is in a picture: left, top, right, bottom, in its pixels."""

    label: str
    sides: tuple[float, float, float, float]
    colour: str


@dataclass(frozen=True)
class Placed:
    """The boxes of an answer, and why others could not be placed."""

    boxes: tuple[PlacedBox, ...]
    problems: tuple[str, ...]


def place_boxes(
    found: Iterable[FoundBox],
    sent: BoxMapping,
    shown: BoxMapping,
    convention: BoxConvention | None,
    frame: PictureFrame | None,
) -> Placed:
    """Where boxes that a model gave for what was sent lie in another rendering of the same original.

    Raises ValueError where the convention is unknown, not certain or lacks its frame; a box that is nowhere in the
    picture is a problem of its own.
    """
    sent.check(convention, frame)
    boxes, problems = [], []
    colours: dict[str, str] = {}
    for box in found:
        colour = colours.setdefault(box.label, COLOURS[len(colours) % len(COLOURS)])
        try:
            sides = shown.from_stored(sent.stored_box(box.numbers, convention, frame))
        except ValueError as error:
            problems.append(str(error))
        else:
            boxes.append(PlacedBox(box.label, sides, colour))
    return Placed(tuple(boxes), tuple(problems))


def draw_boxes(original: PreparedImage, boxes: Sequence[PlacedBox], format_: Literal["png", "jpeg"] = "png") -> bytes:
    """The picture with the boxes and their labels on it, encoded."""
    from PIL import Image, ImageDraw, ImageFont

    with original.open() as file, Image.open(file) as opened:
        picture = opened.convert("RGB")
    longest = max(picture.size)
    line = max(_THINNEST, round(longest / _SIDE_PER_PIXEL))
    font = ImageFont.load_default(size=max(11, round(longest / 60)))
    pen = ImageDraw.Draw(picture)
    for box in boxes:
        _outline(pen, box, line, picture.size)
    for number, box in enumerate(boxes, start=1):  # above the lines of the others
        _label(pen, box, number, line, font, picture)
    out = io.BytesIO()
    picture.save(out, format_.upper(), **({"quality": 92, "subsampling": 0} if format_ == "jpeg" else {}))
    return out.getvalue()


def _outline(pen: ImageDraw.ImageDraw, box: PlacedBox, line: int, size: tuple[int, int]) -> None:
    """Its outer edge is the box's, so that what lies beside it stays to be seen; a box without an area is a line."""
    left, top, right, bottom = (round(side) for side in box.sides)
    left, top = min(left, size[0] - 1), min(top, size[1] - 1)
    pen.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=box.colour, width=line)


def _label(
    pen: ImageDraw.ImageDraw,
    box: PlacedBox,
    number: int,
    line: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    picture: Image.Image,
) -> None:
    if not box.label:
        return
    text = box.label if _has_letters(font, box.label) else f"#{number}"
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    width, height = right - left + 2 * line, bottom - top + 2 * line
    x = min(max(0, round(box.sides[0])), max(0, picture.width - width))
    above = round(box.sides[1]) - height
    y = above if above >= 0 else min(round(box.sides[1]), picture.height - height)
    pen.rectangle((x, y, x + width - 1, y + height - 1), fill=box.colour)
    pen.text((x + line - left, y + line - top), text, fill="white", font=font)


def _has_letters(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, text: str) -> bool:
    """Pillow's own font has those of western languages; for others it draws the same empty rectangle each."""
    try:
        missing = bytes(font.getmask("\uffff"))
        return all(char == " " or bytes(font.getmask(char)) != missing for char in text)
    except UnicodeEncodeError:  # without FreeType: Latin-1 alone
        return False
