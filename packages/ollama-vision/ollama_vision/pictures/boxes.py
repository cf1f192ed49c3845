"""Box mapping: coordinates in the sent picture to pixels of the original, through scaling, EXIF and padding."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .frames import BOX_CONVENTIONS, AnyFrame, BoxConvention, Crop, PictureFrame, Size, four_numbers

# EXIF orientation -> from upright fractions (x, y) to stored fractions.
_TO_STORED = {
    1: lambda x, y: (x, y),
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (y, 1 - x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (1 - y, x),
}


# The way back.
_TO_UPRIGHT = {**_TO_STORED, 6: _TO_STORED[8], 8: _TO_STORED[6]}
_UNITS: Mapping[str, tuple[int | None, int | None]] = {
    "model pixels": (None, None),
    "pixels": (None, None),
    "0-1000": (1000, 1000),
    "0-1000 yx": (1000, 1000),
    "0-999": (999, 999),
    "0-500": (500, 500),
    "0-1": (1, 1),
}
"""What stands for the whole width and height; `None`: they themselves."""
_KNOWN = ", ".join(repr(name) for name in _UNITS)


@dataclass(frozen=True)
class BoxMapping:
    """The geometry between the two pictures: perhaps cropped, turned by EXIF, scaled (each side by its own factor where
    pixels were not square), then perhaps padded."""

    original_size: Size
    """Width and height as stored, before EXIF turns it: what `PIL.Image.open(...).size` says."""
    orientation: int
    """EXIF orientation, 1 to 8, that was applied."""
    content_size: Size
    """The part of the sent picture, from its top left corner, that shows the original; the rest pads."""
    sent_size: Size
    crop: Crop | None = None
    """The part of the stored picture that is shown, before EXIF turns it; `None`: all of it."""

    def to_original(
        self, box: Sequence[float], convention: BoxConvention | None = None, frame: AnyFrame = None
    ) -> Crop:
        """The box as (left, top, right, bottom) in the original's stored pixels, clipped to the picture.

        `convention` and `frame`: see `PreparedImage.to_original`. Raises ValueError for a convention that there is not,
        or that cannot be told or needs a frame; when the box is not four finite numbers; when none of it is in the
        picture.
        """
        left, top, right, bottom = (round(side) for side in self.stored_box(box, convention, frame))
        return left, top, right, bottom

    def stored_box(
        self, box: Sequence[float], convention: BoxConvention | None = None, frame: AnyFrame = None
    ) -> tuple[float, float, float, float]:
        """The same before it is rounded to whole pixels."""
        frame = PictureFrame.of(frame)
        convention = _checked(convention, frame)
        values = _checked_box(box)
        if convention.endswith("yx"):
            values = [values[1], values[0], values[3], values[2]]
        # All conventions but "pixels" are of the frame where there is one.
        within = None if convention == "pixels" else frame
        places = _places(self.sent_size, self.content_size, within)
        whole = self.sent_size if within is None else within.size
        units = [1.0 if unit is None else side / unit for side, unit in zip(whole, _UNITS[convention], strict=True)]
        shares = [
            sorted((values[axis + corner] * units[axis] - start) / length for corner in (0, 2))
            for axis, (start, length) in enumerate(places)
        ]
        if any(last < 0 or first > 1 for first, last in shares):
            raise ValueError(_misses(box, convention, self.sent_size, within))
        (left, right), (top, bottom) = ([min(max(share, 0.0), 1.0) for share in pair] for pair in shares)
        corners = [_TO_STORED[self.orientation](x, y) for x, y in ((left, top), (right, bottom))]
        shown = self.crop or (0, 0, *self.original_size)
        # Models also answer with swapped corners, and turning swaps them anyway.
        left, right = sorted(shown[0] + x * (shown[2] - shown[0]) for x, _ in corners)
        top, bottom = sorted(shown[1] + y * (shown[3] - shown[1]) for _, y in corners)
        return left, top, right, bottom

    @staticmethod
    def check(convention: BoxConvention | None, frame: PictureFrame | None) -> None:
        """Raises ValueError for a convention that no box can be counted by: unknown, not certain, without its frame."""
        _checked(convention, frame)

    def from_stored(self, box: Sequence[float]) -> tuple[float, float, float, float]:
        """A box in the original's stored pixels, in pixels of what was sent; beyond its sides where it shows a part."""
        shown = self.crop or (0, 0, *self.original_size)
        corners = [
            _TO_UPRIGHT[self.orientation](
                (x - shown[0]) / (shown[2] - shown[0]), (y - shown[1]) / (shown[3] - shown[1])
            )
            for x, y in ((box[0], box[1]), (box[2], box[3]))
        ]
        left, right = sorted(x * self.content_size[0] for x, _ in corners)
        top, bottom = sorted(y * self.content_size[1] for _, y in corners)
        return left, top, right, bottom

    def describe(self) -> dict[str, Any]:
        """Plain JSON from which `from_description` makes the mapping again."""
        description: dict[str, Any] = {
            "original_size": list(self.original_size),
            "orientation": self.orientation,
            "content_size": list(self.content_size),
            "sent_size": list(self.sent_size),
        }
        if self.crop is not None:
            description["crop"] = list(self.crop)
        return description

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> BoxMapping:
        """From `mapping` of an entry of a reply's `additional_kwargs["pictures"]`."""

        def size(name: str) -> Size:
            width, height = description[name]
            return int(width), int(height)

        return cls(
            original_size=size("original_size"),
            orientation=int(description["orientation"]),
            content_size=size("content_size"),
            sent_size=size("sent_size"),
            crop=None if description.get("crop") is None else four_numbers(description["crop"]),
        )


def _checked(convention: str | None, frame: PictureFrame | None) -> BoxConvention:
    """The convention to count by: the one named, else the frame's own, else pixels of what was sent."""
    if convention is None and frame is not None and frame.convention is None:
        why = frame.doubt or "The frame does not say how its model counts."
        raise ValueError(f"{why} Name the convention: {_KNOWN}.")
    named = convention or (frame.convention if frame is not None else "pixels")
    if named not in BOX_CONVENTIONS:
        raise ValueError(f"Unknown box convention {named!r}; there are {_KNOWN}.")
    if named == "model pixels" and frame is None:
        raise ValueError(
            "'model pixels' are those of the frame that the server puts the picture into: give it, as "
            "capabilities.picture_frame(size) or the reply's pictures tell it. Pixels of what was sent are 'pixels'."
        )
    return named


def _checked_box(box: Sequence[float]) -> list[float]:
    try:
        values = [float(value) for value in box]
    except (TypeError, ValueError):
        values = []
    if len(values) != 4 or not all(math.isfinite(value) for value in values):
        raise ValueError(f"A box is four finite numbers, and this is {box!r}.")
    return values


def _places(sent: Size, content: Size, frame: PictureFrame | None) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where what is shown begins, across and down, and how long it is there: without what was padded here or there."""
    if frame is None:
        return (0.0, content[0]), (0.0, content[1])
    left, top, right, bottom = frame.content
    return (left, (right - left) * content[0] / sent[0]), (top, (bottom - top) * content[1] / sent[1])


def _misses(box: Sequence[float], convention: str, sent: Size, frame: PictureFrame | None) -> str:
    where = f"sent as {sent[0]}x{sent[1]}"
    if frame is not None:
        where += f", in a frame of {frame.size[0]}x{frame.size[1]} with the picture at {frame.content}"
    return (
        f"The box {[*box]} is nowhere in the picture ({where}), counted as {convention!r}. "
        f"Does the model count another way? There are {_KNOWN}."
    )
