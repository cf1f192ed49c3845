"""PictureFrame: the canvas that the server puts a sent picture into (letterboxing), and where in it that lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

BoxConvention = Literal["model pixels", "pixels", "0-1000", "0-1000 yx", "0-999", "0-500", "0-1"]
"""How a model counts the corners of a box: see `PreparedImage.to_original`."""
BOX_CONVENTIONS: tuple[BoxConvention, ...] = get_args(BoxConvention)
Size = tuple[int, int]
Crop = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True)
class PictureFrame:
    """What the server makes of one sent picture: it scales it once more, centres it and fills up with bars.

    `ModelCapabilities.picture_frame` gives it for a size as sent.
    """

    size: Size
    """Width and height of the whole, bars included."""
    content: Crop
    """Left, top, right and bottom of the sent picture in it; all of it where nothing is filled up."""
    convention: BoxConvention | None = field(default=None, compare=False)
    """How the model's family counts the corners of a box; `None` where that is not certain."""
    doubt: str = field(default="", compare=False)
    """Where it is not certain, why, and what is likely."""

    def __post_init__(self) -> None:
        (width, height), (left, top, right, bottom) = self.size, self.content
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise ValueError(f"The content of a frame lies within it, and {self.content} does not within {self.size}.")

    def describe(self) -> dict[str, Any]:
        """Plain JSON from which `from_description` makes the frame again."""
        told: dict[str, Any] = {"size": list(self.size), "content": list(self.content), "convention": self.convention}
        return told if self.convention else {**told, "doubt": self.doubt}

    @classmethod
    def of(cls, frame: PictureFrame | Mapping[str, Any] | None) -> PictureFrame | None:
        """A frame, or what a reply's `pictures` say of it; raises ValueError for what is neither."""
        if frame is None or isinstance(frame, PictureFrame):
            return frame
        try:
            return cls.from_description(frame)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"A frame is a PictureFrame, or `frame` of an entry of a reply's pictures, and this is {frame!r:.200}."
            ) from error

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> PictureFrame:
        """From `frame` of an entry of a reply's `pictures`."""
        width, height = description["size"]
        return cls(
            (int(width), int(height)),
            four_numbers(description["content"]),
            description.get("convention"),
            str(description.get("doubt", "")),
        )


AnyFrame: TypeAlias = "PictureFrame | Mapping[str, Any] | None"
"""A frame as it is, as a reply tells it, or none."""


def four_numbers(sides: Sequence[int]) -> Crop:
    """A rectangle out of JSON."""
    left, top, right, bottom = map(int, sides)
    return left, top, right, bottom
