"""Scripted models that look for a colour in the canvas that llama.cpp would show them, and answer with its box."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageChops

from ollama_embedded import Request
from ollama_vision.server import picture_layout

Colour = tuple[int, int, int]


def seen_by_the_model(data: bytes, show: dict[str, Any]) -> Image.Image:
    """The canvas as llama.cpp makes it of what was sent: scaled by one factor, centred, filled up with black."""
    with Image.open(io.BytesIO(data)) as sent:
        layout = picture_layout(sent.size, show)
        assert layout is not None
        assert layout.canvas is not None
        assert layout.content is not None
        left, top, right, bottom = layout.content
        canvas = Image.new("RGB", layout.canvas)
        canvas.paste(sent.convert("RGB").resize((right - left, bottom - top), Image.Resampling.NEAREST), (left, top))
        return canvas


def where_it_is(canvas: Image.Image, colour: Colour) -> tuple[int, int, int, int]:
    """What encloses all pixels of about that colour."""
    off = ImageChops.difference(canvas, Image.new("RGB", canvas.size, colour)).split()
    most = ImageChops.lighter(ImageChops.lighter(off[0], off[1]), off[2])
    found = most.point(lambda value: 255 * (value < 30)).getbbox()
    assert found is not None
    return found


def seeing(colour: Colour, show: dict[str, Any], of: int | None = None, **more: str) -> Callable[[Request], str]:
    """A model that answers in its canvas's pixels, or from 0 to `of`; `more` stands beside the box."""

    def answer(request: Request) -> str:
        canvas = seen_by_the_model(request.pictures[0], show)
        box: list[float] = list(where_it_is(canvas, colour))
        if of is not None:
            box = [side / canvas.size[at % 2] * of for at, side in enumerate(box)]
        return "Here it is:\n```json\n" + json.dumps([{"bbox_2d": box, **more}]) + "\n```"

    return answer
