"""Bounding boxes in a structured answer (object detection, grounding): four numbers under the names models use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NAMES = ("bbox_2d", "box_2d", "bbox", "box")
_LABELS = ("label", "name", "class", "category", "object", "text", "text_content", "title")
_LONGEST_LABEL = 80


@dataclass(frozen=True)
class FoundBox:
    """A box as the model wrote it, and what it says is there."""

    label: str
    numbers: tuple[float, float, float, float]


def boxes_in(value: Any) -> list[FoundBox]:
    """The boxes in what JSON can hold, in its order: fields called `bbox_2d`, `box_2d`, `bbox` or `box`.

    Each is four numbers, or a list of such. What else may be called so, such as a box of cardboard, is none.
    """
    return list(_walk(value, ""))


def _walk(value: Any, above: str) -> Iterator[FoundBox]:
    if isinstance(value, Mapping):
        label = next((named for name in _LABELS if isinstance(named := value.get(name), str) and named.strip()), above)
        for name, inner in value.items():
            if name in NAMES:
                for numbers in _boxes(inner):
                    yield FoundBox(" ".join(label.split())[:_LONGEST_LABEL], numbers)
            else:
                yield from _walk(inner, label if label != above else str(name))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _walk(inner, above)


def _boxes(value: Any) -> Iterator[tuple[float, float, float, float]]:
    if not isinstance(value, (list, tuple)):
        return
    if len(value) == 4 and all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in value):
        left, top, right, bottom = map(float, value)
        yield left, top, right, bottom
    else:
        for inner in value:
            yield from _boxes(inner)
