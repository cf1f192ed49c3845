"""Zooming as a tool (visual search): pictures that a model may name, and the part that it asks to see closer. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ollama_vision.pictures import ImageOptions, Region, checked_region

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class PicturesAtHand:
    """The pictures that a model may look at, each by its number or its file's name.

    It can name no other: what a model says is never taken for a path or an address.
    """

    def __init__(self, pictures: Sequence[Any]) -> None:
        if isinstance(pictures, (str, os.PathLike, bytes)) or not pictures:
            raise TypeError("pictures is a list of what may be looked at, and holds one at least")
        self._pictures = list(pictures)
        names = [_name_of(picture) for picture in self._pictures]
        self._names = [name if name and names.count(name) == 1 else "" for name in names]

    def find(self, named: Any) -> Any:
        """The picture of that number, from 1, or of that name. Raises ValueError with those that there are."""
        said = str(named).strip()
        if said in self._names and said:
            return self._pictures[self._names.index(said)]
        if said.isdecimal() and 1 <= int(said) <= len(self._pictures):
            return self._pictures[int(said) - 1]
        raise ValueError(f"There is no picture {said!r}; there {self.in_words()}.")

    def in_words(self) -> str:
        """`is 1 (plan.png)`, or `are 1 (hall.png) and 2`."""
        each = [f"{at} ({name})" if name else str(at) for at, name in enumerate(self._names, 1)]
        return f"is {each[0]}" if len(each) == 1 else f"are {', '.join(each[:-1])} and {each[-1]}"

    def description(self) -> str:
        """What the tool is for, in words for the model."""
        return (
            "Look closer at a part of a picture: it is cut out and enlarged, and your question about it answered. "
            "Use it for what is too small to be seen in the whole picture. picture: its number or name; there "
            f"{self.in_words()}. region: [left, top, right, bottom] in fractions of the picture's width and height, "
            "such as [0.5, 0.0, 1.0, 0.5] for the upper right quarter. question: what is asked about that part."
        )


def _name_of(picture: Any) -> str:
    """The name of its file, as far as that is told without reading it."""
    node = getattr(picture, "node", picture)
    metadata = getattr(node, "metadata", None)
    path = (metadata or {}).get("file_path") if isinstance(metadata, dict) else None
    for held in (picture, path, getattr(node, "image_path", None), getattr(node, "path", None)):
        if isinstance(held, (str, os.PathLike)) and held:
            return Path(str(held).partition("?")[0]).name
    return ""


def options_for(options: ImageOptions, sides: Any) -> ImageOptions:
    """These options for a part that a model named: models write 0 and 1 beside fractions, or all of it as text.

    Numbers that are none above 1 are fractions, other whole ones pixels. Raises ValueError that says what a region is.
    """
    if isinstance(sides, str):
        sides = [float(number) if "." in number else int(number) for number in _NUMBER.findall(sides)]
    return options.model_copy(update={"region": _region_of(sides), "tiles": None})


def _region_of(sides: Any) -> Region:
    numbers = list(sides) if isinstance(sides, (list, tuple)) else []
    if numbers and all(isinstance(side, (int, float)) for side in numbers):
        if max(numbers) <= 1:
            numbers = [float(side) for side in numbers]
        elif all(float(side).is_integer() for side in numbers):
            numbers = [int(side) for side in numbers]
    return checked_region(numbers)
