"""The line before a question about tiles: which image is the whole, and which part of it each other one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .prepared import PreparedImage
from .regions import Tile

_ACROSS = {1: ("",), 2: ("left", "right"), 3: ("left", "middle", "right")}
_DOWN = {1: ("",), 2: ("top", "bottom"), 3: ("top", "middle", "bottom")}


def with_tiles_named(text: str, media: Sequence[Any]) -> str:
    """A question with the line before it that names the tiles among its pictures; without any, the question alone.

    Images count from 1 in the order of `media`; sounds count for none.
    """
    line = name_tiles(media)
    return f"{line}\n\n{text}" if line else text


def name_tiles(media: Sequence[Any]) -> str:
    """That line; empty without tiles."""
    pictures = [item for item in media if isinstance(item, PreparedImage)]
    return " ".join(_sentences(pictures)) if any(picture.tile for picture in pictures) else ""


def _sentences(pictures: Sequence[PreparedImage]) -> Iterator[str]:
    number = 0
    while number < len(pictures):
        parts: list[str] = []
        for behind, picture in enumerate(pictures[number + 1 :], number + 2):
            # The next picture's first tile begins another grid.
            if picture.tile is None or ((picture.tile.column, picture.tile.row) == (1, 1) and parts):
                break
            parts.append(f"image {behind} {_place(picture.tile)}")
        several = "one picture" if len(parts) + 1 < len(pictures) else "the picture"
        if not parts:
            yield f"Image {number + 1} is a picture by itself."
        else:
            tiles = f"images {number + 2} to {number + 1 + len(parts)}"
            yield f"Image {number + 1} is the whole of {several}, {tiles} are parts of it, closer: {'; '.join(parts)}."
        number += 1 + len(parts)


def _place(tile: Tile) -> str:
    """`top left`, or of a larger grid `row 2, column 4`, which cannot be said in such words."""
    across, down = _ACROSS.get(tile.columns), _DOWN.get(tile.rows)
    if across is None or down is None:
        return f"row {tile.row} of {tile.rows}, column {tile.column} of {tile.columns}"
    words = f"{down[tile.row - 1]} {across[tile.column - 1]}".strip()
    return "middle" if words == "middle middle" else words
