"""Perceptual hash of a picture (dHash, the difference hash): by it and by its colours, near-duplicates are known."""

from __future__ import annotations

from dataclasses import dataclass

from .picture import prepare
from .prepared import PreparedImage
from .source import PictureSource

HASH_BITS = 64
_COLUMNS, _ROWS = 8, 8
"""A bit for each of them: whether it grows lighter from one column to the next."""
_PIXELS = 16_384
"""What a picture is made smaller to at first: of a JPEG its decoder does most of that."""
_CELLS = 16
_LEAST_CONTRAST = 16
"""Between the lightest and the darkest of the hash's 72 greys. With less it is a hash of what a code left: that of all
blank pages is one, and that of any even colour."""
_MOST_UNLIKE = 64
"""Of 255, in one colour of a cell. What was rescaled, brightened by 15 %, coded anew or cropped by 2 % differs
by 55 at the most; unlike pictures with near hashes, of another colour or shape, by 83 and more."""


@dataclass(frozen=True)
class Likeness:
    """What a picture looks like from afar, upright and as the model sees it: of its region, on its background."""

    dhash: int
    """64 bits, row by row, the first in the highest place: `int(str(imagehash.dhash(picture)), 16)`."""
    cells: bytes
    """Red, green and blue of 16 x 16 cells."""

    def is_like(self, other: Likeness) -> bool:
        """Whether nothing of it has another colour or brightness: a hash knows neither, nor a circle from a square."""
        return all(-_MOST_UNLIKE <= one - two <= _MOST_UNLIKE for one, two in zip(self.cells, other.cells, strict=True))


def differing_bits(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def likeness_of(source: PictureSource) -> Likeness | None:
    """`None` for a picture that is too even to be told from others so, and for what is not one picture.

    It is decoded, in as few pixels as its format allows. Raises ImageError.
    """
    if isinstance(source.held, PreparedImage):
        return None
    options = source.options.model_copy(
        update={"max_pixels": _PIXELS, "min_side": 1, "format": "png", "tiles": None, "server_sizes": None}
    )
    pictures = prepare(source.held, options)
    return _likeness(pictures[0]) if len(pictures) == 1 else None


def _likeness(picture: PreparedImage) -> Likeness | None:
    from PIL import Image

    with picture.open() as file, Image.open(file) as opened:
        shown = opened.convert("RGB")
    grey = shown.convert("L").resize((_COLUMNS + 1, _ROWS), Image.Resampling.LANCZOS).tobytes()
    if max(grey) - min(grey) < _LEAST_CONTRAST:
        return None
    dhash = 0
    for row in range(_ROWS):
        for column in range(_COLUMNS):
            at = row * (_COLUMNS + 1) + column
            dhash = dhash << 1 | (grey[at + 1] > grey[at])
    return Likeness(dhash, shown.resize((_CELLS, _CELLS), Image.Resampling.BOX).tobytes())
