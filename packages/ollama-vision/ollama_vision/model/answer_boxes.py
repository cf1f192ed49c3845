"""Bounding boxes in an answer: in its fields, else in the JSON that stands in its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from ollama_vision.protocol import json_in

if TYPE_CHECKING:
    from ollama_vision.pictures import FoundBox


def boxes_of(text: str, fields: Any = None) -> list[FoundBox]:
    """What `pictures.boxes_in` finds in an answer; `fields` where a schema was given."""
    if fields is None and not any(bracket in text for bracket in "[{"):
        return []
    from ollama_vision.pictures import boxes_in

    return boxes_in(fields) if fields is not None else boxes_in([from_json(part) for part in json_in(text)])
