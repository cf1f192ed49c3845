"""`ask --draw-boxes`: the bounding boxes that an answer names, drawn on the original picture, page or frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ollama_vision.atomic_replace import replacing
from ollama_vision.model import Answer, boxes_of
from ollama_vision.pictures import (
    BoxMapping,
    PictureFrame,
    PictureSource,
    PreparedImage,
    draw_boxes,
    place_boxes,
)
from ollama_vision.server import ModelCapabilities

from .question import FORMATS, Drawing, NoAnswer


def check_drawing(drawing: Drawing, sent: Sequence[PreparedImage], capabilities: ModelCapabilities) -> None:
    """Before anything is asked: one picture, and a way to count. Raises ValueError."""
    if len(sent) != 1:
        raise ValueError(
            f"--draw-boxes draws on one picture, and {len(sent)} would be sent: name one, choose a page with --pages "
            "3, or a frame with --frames 1."
        )
    frame = capabilities.picture_frame(sent[0].size)
    if frame is None and drawing.convention is None:
        raise ValueError(
            "How this model counts boxes is not known: name it with --box-convention, such as 0-1000, or pixels of "
            "what is sent."
        )
    sent[0].mapping.check(drawing.convention, frame)


def draw_answer(drawing: Drawing, answer: Answer, original: PictureSource) -> tuple[int, tuple[str, ...]]:
    """Draw, and say how many boxes, and what could not be drawn. Raises NoAnswer, and ImageError."""
    found = boxes_of(answer.text, answer.fields)
    if not found:
        raise NoAnswer(
            "There is no box in the answer, and nothing was drawn: ask for JSON with fields bbox_2d (four numbers) and "
            'label, as in "List all cats as JSON: bbox_2d, label." or by --format.'
        )
    whole, entry = whole_picture(original), answer.pictures[0]
    frame = PictureFrame.from_description(entry["frame"]) if "frame" in entry else None
    sent = BoxMapping.from_description(entry["mapping"])
    placed = place_boxes(found, sent, whole.mapping, drawing.convention, frame)
    if not placed.boxes:
        raise NoAnswer(placed.problems[0])
    try:
        with replacing(drawing.out) as new:
            new.write_bytes(draw_boxes(whole, placed.boxes, FORMATS[drawing.out.suffix.lower()]))
    except OSError as error:
        raise NoAnswer(f"{drawing.out} cannot be written: {error.strerror or error}.") from error
    return len(placed.boxes), placed.problems


def whole_picture(original: PictureSource) -> PreparedImage:
    """What was asked about, upright and with all its pixels."""
    everything = {
        "max_pixels": None,
        "min_side": 1,
        "format": "png",
        "server_sizes": None,
        "region": None,
        "tiles": None,
    }
    (picture,) = replace(original, options=original.options.model_copy(update=everything)).pictures()
    return picture
