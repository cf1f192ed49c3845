"""Bounding boxes on a card's picture, as SVG over the thumbnail: of each answer that names some, in its own colours."""

from __future__ import annotations

from dataclasses import dataclass

from ollama_vision.model import boxes_of
from ollama_vision.pictures import BoxConvention, BoxMapping, PictureFrame, PlacedBox, place_boxes

from .html import Html, element
from .results import Answer
from .thumbnails import Sight

_LETTERS = 0.03
"""The height of a label's letters, as a share of the picture's longer side."""


@dataclass(frozen=True)
class Boxes:
    """The boxes of one answer where they are on the thumbnail, and what is to be said of others."""

    placed: tuple[PlacedBox, ...] = ()
    note: str = ""


def boxes_on(answer: Answer, sight: Sight, convention: BoxConvention | None) -> Boxes:
    """The boxes of an answer; none where the results do not say what was sent.

    Of several pages that were asked about together nothing tells which one a box is of.
    """
    if sight.mapping is None or len(answer.pictures) != 1:
        return Boxes()
    found = boxes_of(answer.text, answer.fields)
    try:
        entry = answer.pictures[0]
        frame = PictureFrame.from_description(entry["frame"]) if "frame" in entry else None
        if frame is None and convention is None:
            raise ValueError("How this model counts boxes is not known. Name the convention.")
        sent = BoxMapping.from_description(entry["mapping"])
        placed = place_boxes(found, sent, sight.mapping, convention, frame)
    except (KeyError, TypeError, ValueError) as error:  # also what somebody wrote by hand
        why = str(error).replace("Name the convention", "Name it with --box-convention")
        return Boxes(note=f"Boxes are not drawn: {why}")
    note = f"{len(placed.problems)} of {len(found)} boxes are nowhere in the picture." if placed.problems else ""
    return Boxes(placed.boxes, note)


def overlay(drawn: list[tuple[int, Boxes]], size: tuple[int, int]) -> Html | None:
    """The boxes of all answers, each by the number of who was asked; `None` where there is none."""
    groups = [
        element("g", *(_box(box, size) for box in boxes.placed), data_asking=asking)
        for asking, boxes in drawn
        if boxes.placed
    ]
    if not groups:
        return None
    return element("svg", *groups, class_="boxes", viewBox=f"0 0 {size[0]} {size[1]}", aria_hidden="true")


def _box(box: PlacedBox, size: tuple[int, int]) -> Html:
    left, top, right, bottom = box.sides
    outline = element(
        "rect",
        *([element("title", box.label)] if box.label else []),
        x=f"{left:.2f}",
        y=f"{top:.2f}",
        width=f"{max(right - left, 0.5):.2f}",
        height=f"{max(bottom - top, 0.5):.2f}",
        stroke=box.colour,
    )
    if not box.label:
        return outline
    letters = _LETTERS * max(size)
    above = top - 0.3 * letters
    label = element(
        "text",
        box.label,
        x=f"{left + 0.2 * letters:.2f}",
        y=f"{above if above > letters else top + letters:.2f}",
        font_size=f"{letters:.2f}",
        stroke=box.colour,
    )
    return element("g", outline, label)
