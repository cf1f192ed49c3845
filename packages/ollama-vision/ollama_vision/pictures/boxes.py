"""Box mapping: coordinates in the sent picture to pixels of the original, through scaling, EXIF and padding."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

BoxConvention = Literal["pixels", "0-1000", "0-1000 yx", "0-1"]
"""How a model counts the corners of a box: see `PreparedImage.to_original`."""
Size = tuple[int, int]
Crop = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels."""

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

    def to_original(self, box: Sequence[float], convention: BoxConvention) -> tuple[int, int, int, int]:
        """The box as (left, top, right, bottom) in the original's stored pixels, clipped to the picture.

        Raises ValueError for an unknown convention, or when the box is not four finite numbers.
        """
        if convention not in get_args(BoxConvention):
            known = ", ".join(repr(name) for name in get_args(BoxConvention))
            raise ValueError(f"Unknown box convention {convention!r}; there are {known}.")
        values = [float(value) for value in box]
        if len(values) != 4 or not all(math.isfinite(value) for value in values):
            raise ValueError(f"A box is four finite numbers, and this is {box!r}.")
        if convention == "0-1000 yx":
            values = [values[1], values[0], values[3], values[2]]
        unit_x, unit_y = {
            "pixels": (1.0, 1.0),
            "0-1": (self.sent_size[0], self.sent_size[1]),
        }.get(convention, (self.sent_size[0] / 1000, self.sent_size[1] / 1000))
        corners = []
        for x, y in ((values[0], values[1]), (values[2], values[3])):
            upright_x = min(max(x * unit_x / self.content_size[0], 0.0), 1.0)
            upright_y = min(max(y * unit_y / self.content_size[1], 0.0), 1.0)
            corners.append(_TO_STORED[self.orientation](upright_x, upright_y))
        # Models also answer with swapped corners, and turning swaps them anyway.
        shown = self.crop or (0, 0, *self.original_size)
        left, right = sorted(round(shown[0] + x * (shown[2] - shown[0])) for x, _ in corners)
        top, bottom = sorted(round(shown[1] + y * (shown[3] - shown[1])) for _, y in corners)
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
            crop=_crop(description.get("crop")),
        )


def _crop(sides: Sequence[int] | None) -> Crop | None:
    if sides is None:
        return None
    left, top, right, bottom = map(int, sides)
    return left, top, right, bottom
