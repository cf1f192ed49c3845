"""What an eye test asks: where one small thing is, and which word stands there; drawn by lot on a large picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from .questions import Question
from .scenes import COLOURS, CORNERS, GROUND, KINDS, SPANS, Scene, Thing, draw
from .word import WORD_PROMPT, draw_by_lot, gives_back

if TYPE_CHECKING:
    from PIL import Image

SIDE = 2240
"""Pixels of an original's sides: 5 megapixels, more than any detail sends unscaled."""
THINGS = (448, 320, 224, 160, 112, 80, 56, 40, 28, 20, 14, 10, 7)
"""Sizes in pixels of the original: a thing's larger side, in steps of about the square root of two."""
LETTERS = (160, 112, 80, 56, 40, 28, 20, 14, 10, 7)
"""The same of capital letters: their height."""
_STRAY = SIDE / 12
"""So far from the middle of its cell a thing may stand: where the grids of model and server fall on it is by lot."""
_REFERENCE = 200


@dataclass(frozen=True)
class Sight:
    """One picture, what is asked about it, and which answers are right."""

    prompt: str
    draw: Callable[[], Image.Image]
    """Never on an event loop."""
    is_right: Callable[[str], bool]
    question: Question | None = None
    """Held by a schema to one of some labels; `None` where a word is to be read."""


def thing(seed: int, px: int, number: int) -> Sight:
    """One thing of that size in one of four corners, and where it is."""
    lot = Random(f"thing {seed} {px} {number}")  # noqa: S311
    corner = lot.choice(list(CORNERS))
    shown = Thing(lot.choice(list(COLOURS)), lot.choice(KINDS), CORNERS[corner])
    row, column = shown.cell
    centre = tuple(
        min(max((at + 0.5) * SIDE / 3 + lot.uniform(-_STRAY, _STRAY), px / 2), SIDE - px / 2) for at in (column, row)
    )
    question = Question(
        "place", f"Where is the {shown.colour} {shown.kind}?", tuple(CORNERS), (Scene((shown,)),), shown
    )

    def picture() -> Image.Image:
        from PIL import Image, ImageDraw

        made = Image.new("RGB", (SIDE, SIDE), GROUND)
        draw(ImageDraw.Draw(made), shown.kind, (centre[0], centre[1]), px / SPANS[shown.kind], COLOURS[shown.colour])
        return made

    return Sight(question.prompt, picture, lambda text: question.read(text) == corner, question)


def word(seed: int, px: int, number: int) -> Sight:
    """A word in capitals of that height, black on white, somewhere; it has to be given back."""
    lot = Random(f"word {seed} {px} {number}")  # noqa: S311
    text = draw_by_lot(lot)
    across, down = lot.random(), lot.random()

    def picture() -> Image.Image:
        from PIL import Image, ImageDraw, ImageFont

        made = Image.new("RGB", (SIDE, SIDE), (255, 255, 255))
        font = ImageFont.load_default(px * _REFERENCE / _height_of_capitals())
        left, top, right, bottom = font.getbbox(text)
        margin = SIDE / 20
        place = (
            margin + across * (SIDE - 2 * margin - (right - left)) - left,
            margin + down * (SIDE - 2 * margin - (bottom - top)) - top,
        )
        ImageDraw.Draw(made).text(place, text, (0, 0, 0), font)
        return made

    return Sight(WORD_PROMPT, picture, lambda said: gives_back(said, text))


def _height_of_capitals() -> float:
    """Of the font at its reference size, in pixels."""
    from PIL import ImageFont

    _, top, _, bottom = ImageFont.load_default(_REFERENCE).getbbox("E")
    return bottom - top
