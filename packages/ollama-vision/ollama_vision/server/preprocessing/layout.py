"""What the server makes of one picture: its cost in tokens, and the frame that the model sees it in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from .facts import VisionFacts
from .sizes import Box, Size, centred


class Way(Enum):
    """How a picture gets into what the model sees."""

    CENTRED = "scaled by one factor, and centred with bars in a frame whose shape is near to the picture's"
    SQUARE = "scaled by one factor, and centred with bars in a square"
    STRETCHED = "scaled to the frame, each side by its own factor"
    TILED = "seen as a whole, and once more cut into tiles when it is large"


@dataclass(frozen=True)
class Layout:
    """How one picture is laid out for the model."""

    tokens: int
    """Of the picture itself, with what llama.cpp puts within it to end rows."""
    markers: int
    """Text tokens around the picture and between its tiles."""
    canvas: Size | None
    """The frame, bars included; the sent picture's own size where it is tiled; `None` where it is not known."""
    content: Box | None
    """Where in the frame the picture lies."""
    tiles: Size | None = None
    """Columns and rows, beside the overview; `None` for a picture that is not cut."""

    @property
    def cost(self) -> int:
        """About how many tokens of context: the markers count where they are more than a fiftieth of the picture."""
        return self.tokens + (self.markers if 50 * self.markers > self.tokens else 0)


class Rule(Protocol):
    """How the pictures of one family are laid out."""

    @property
    def way(self) -> Way: ...

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        """`None` when the file lacks a number without which llama.cpp does not load it."""


def framed(way: Way, size: Size, canvas: Size, tokens: int, markers: int) -> Layout:
    """Of a picture that is seen whole: all of the frame where it is stretched to it, else between bars."""
    content = (0, 0, *canvas) if way is Way.STRETCHED else centred(size, canvas)
    return Layout(tokens, markers, canvas, content)


def tiled(size: Size, grid: Size | None, tokens: int, markers: int) -> Layout:
    """Of tiles and overview none alone is the frame: what is said of places is said of the picture as it was sent."""
    return Layout(tokens, markers, size, (0, 0, *size), grid)
