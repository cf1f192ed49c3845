"""How large a picture leaves, decided from its size alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .mapping import Size
from .options import ImageOptions

LONGEST_JPEG_SIDE = 65_500
"""What JPEG encoders take; a longer picture leaves as PNG."""


@dataclass(frozen=True)
class Plan:
    """The size to scale to, and the canvas that it is put on, at its top left; equal unless padded."""

    content: Size
    canvas: Size


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
