"""A drawn word, for models that answer no questions: those that only transcribe give it back."""

from __future__ import annotations

import re
from random import Random

from .scenes import SIDE, encoded

WORD_PROMPT = "Read the text in this picture."
_PIXELS = 40


def word_png(word: str, nonce: int) -> bytes:
    """The word in black on white; draws and encodes, so never run on an event loop."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (SIDE, SIDE), (255, 255, 255))
    font = ImageFont.load_default(_PIXELS)
    ImageDraw.Draw(picture).text((SIDE / 2, SIDE / 2), word, (0, 0, 0), font, anchor="mm")
    return encoded(picture, nonce)


def draw_by_lot(lot: Random) -> str:
    """A word that is none: no model can guess it."""
    return "".join(lot.choice(("BDFKLMNPRT", "AEU")[at % 2]) for at in range(6))


def gives_back(text: str, word: str) -> bool:
    """Whether the word stands in the text, whatever stands around it."""
    return word.casefold() in re.findall(r"[a-z]+", text.casefold())
