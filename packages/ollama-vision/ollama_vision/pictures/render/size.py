"""The size to send (resizing plan), and the limit on pixels that keeps decompression bombs out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..formats.header import DamagedFile
from ..frames import Size
from ..options import ImageOptions

if TYPE_CHECKING:
    from ..blob import Blob
    from ..formats.kinds import Kind
    from .raster import Raster

LONGEST_JPEG_SIDE = 65_500
"""What JPEG encoders take; a longer picture leaves as PNG."""
MOST_STRETCHED = 8.0
"""Pixels that claim to be longer than this many times their other side are taken for square: the most unequal ones in
use, those of anamorphic video and of faxes, stay below 3, and a claim of 65,535 is an attack on memory."""


def too_large(size: Size, options: ImageOptions) -> DamagedFile | None:
    """The error for what would fill the memory, to be raised before a pixel is decoded; else `None`."""
    pixels = size[0] * size[1]
    if pixels <= options.max_source_pixels:
        return None
    return DamagedFile(
        f"says that it is {size[0]}x{size[1]}, {pixels / 1e6:,.0f} megapixels",
        f"More than {options.max_source_pixels / 1e6:,.0f} are not decoded, since they may be an attack "
        "on memory: scale it down first, or raise ImageOptions(max_source_pixels=...).",
    )


def check_size(held: Blob | Raster, size: Size, options: ImageOptions, kind: Kind | None = None) -> None:
    """Raises ImageError, before a pixel is decoded, for what would fill the memory."""
    if (bomb := too_large(size, options)) is not None:
        raise held.error(str(bomb), bomb.way_out, kind)


@dataclass(frozen=True)
class Plan:
    """The size to scale to, and the canvas that it is put on, at its top left; equal unless padded."""

    content: Size
    canvas: Size


def squared(size: Size, aspect: float) -> Size:
    """The size once each pixel is square that was `aspect` times as wide as high (pixel aspect ratio).

    The side that is too short is lengthened, so that no row or column is lost before scaling.
    """
    width, height = size
    if not 1 / MOST_STRETCHED <= aspect <= MOST_STRETCHED:
        return size
    return (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))


def plan_size(size: Size, options: ImageOptions) -> Plan:
    """The ratio of the sides is kept; what `max_pixels` keeps thinner than `min_side` is padded."""
    width, height = size
    most = math.inf if options.max_pixels is None else options.max_pixels
    least = min(options.min_side, int(min(math.sqrt(most), LONGEST_JPEG_SIDE)))
    scale = min(1.0, math.sqrt(most / (width * height)))
    short = min(width, height)
    if short * scale < least:
        enlarged = least / short
        if math.ceil(width * enlarged) * math.ceil(height * enlarged) <= most:
            scale = enlarged
        else:
            # Too long and thin to be both small and thick enough: as large as its padded canvas may be.
            scale = min(enlarged, most / least / max(width, height))
    content = (_side(width, scale), _side(height, scale))
    canvas = (max(content[0], least), max(content[1], least))
    return Plan(content, canvas)


def _side(side: int, scale: float) -> int:
    # Rounding down keeps within max_pixels; a hair under a whole number is that number.
    return max(1, math.floor(side * scale + 1e-6))
