"""The size to send (resizing plan), and the limit on pixels that keeps decompression bombs out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..formats.header import DamagedFile
from ..frames import Size
from ..options import ImageOptions
from ..regions import parts_of

if TYPE_CHECKING:
    from ..blob import Blob
    from ..formats.kinds import Kind
    from .raster import Raster

LONGEST_JPEG_SIDE = 65_500
"""What JPEG encoders take; a longer picture leaves as PNG."""
_MOST_CHANGED = math.log(1.03)
"""How much the ratio of the sides may change: models are trained on pictures brought to such sizes, without bars."""
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


def plan_size(size: Size, options: ImageOptions, *, drawn: bool = False) -> Plan:
    """The ratio of the sides is kept; what `max_pixels` keeps thinner than `min_side` is padded.

    What is scaled anyway is scaled to a size that the server leaves alone, where `server_sizes` says which: then the
    ratio changes by a step of these sizes, or where that is more than 3 %, is kept, and the rest padded. What was
    `drawn` for the size that it leaves in is padded alone: scaled, its letters would lose their edges.
    """
    if drawn and fits_server(stepped := in_steps(size, options), options):
        return Plan(size, stepped)
    width, height = size
    limit = options.most_pixels
    most = math.inf if limit is None else limit
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
    plan = Plan(content, (max(content[0], least), max(content[1], least)))
    if plan.canvas == size or options.server_sizes is None:
        return plan
    return _left_alone(size, plan, options, least) or plan


def in_steps(size: Size, options: ImageOptions) -> Size:
    """The least canvas for it whose sides are multiples of what the server takes."""
    step = options.server_sizes.multiple if options.server_sizes else 1
    return math.ceil(size[0] / step) * step, math.ceil(size[1] / step) * step


def fits_server(canvas: Size, options: ImageOptions) -> bool:
    """Whether the server leaves it alone, and the limit on pixels allows it."""
    sizes = options.server_sizes
    return sizes is not None and canvas in sizes and canvas[0] * canvas[1] <= most_canvas(options)


def most_canvas(options: ImageOptions) -> float:
    """The most pixels of what leaves: the limit, and no more than the server takes.

    At the least that the server leaves alone there is hardly a size of each shape: an eighth more is allowed.
    """
    most = math.inf if options.most_pixels is None else options.most_pixels
    if (sizes := options.server_sizes) is None:
        return most
    return min(most * 9 / 8 if most == sizes.min_pixels else most, sizes.max_pixels)


def _left_alone(size: Size, plan: Plan, options: ImageOptions, least: int) -> Plan | None:
    """A plan whose canvas the server leaves alone; `None` where there is none within the limits."""
    canvases = list(_canvases(size, plan, options, least))
    if not canvases:
        return None
    wanted, shape = plan.canvas[0] * plan.canvas[1], size[0] / size[1]

    def changed(canvas: Size) -> float:
        return abs(math.log(canvas[0] / canvas[1] / shape))

    # A quarter of the pixels is worth 7 % of the shape.
    best = min(canvases, key=lambda canvas: changed(canvas) + abs(math.log(canvas[0] * canvas[1] / wanted)) / 4)
    if changed(best) <= _MOST_CHANGED:
        return Plan(best, best)
    shown = {canvas: min(canvas[0] / size[0], canvas[1] / size[1]) for canvas in canvases}
    canvas = max(canvases, key=lambda canvas: (shown[canvas], -canvas[0] * canvas[1]))
    return Plan((_side(size[0], shown[canvas]), _side(size[1], shown[canvas])), canvas)


def _canvases(size: Size, plan: Plan, options: ImageOptions, least: int) -> Iterator[Size]:
    """Sizes that the server leaves alone, of about the plan's shape and area, and within the limits."""
    sizes = options.server_sizes
    if sizes is None:
        return
    step, lengthened = sizes.multiple, max(size) / min(size)
    area = min(max(plan.canvas[0] * plan.canvas[1], sizes.min_pixels), sizes.max_pixels)
    most = most_canvas(options)
    for short in _steps_about(math.sqrt(area / lengthened) / step, math.ceil(least / step)):
        row = short * step * step
        for long in {*_steps_about(short * lengthened, short), math.floor(most / row)}:
            canvas = (long * step, short * step) if size[0] >= size[1] else (short * step, long * step)
            if fits_server(canvas, options):
                yield canvas


def _steps_about(number: float, least: int) -> range:
    """Whole numbers from an eighth below it to the next one above it."""
    return range(max(least, math.floor(number * 7 / 8)), max(least, math.ceil(number)) + 1)


def _side(side: int, scale: float) -> int:
    # Rounding down keeps within max_pixels; a hair under a whole number is that number.
    return max(1, math.floor(side * scale + 1e-6))


def sizes_as_sent(size: Size, options: ImageOptions, pixels: Size | None = None) -> list[Size]:
    """Width and height of all that is sent of one upright picture: of itself or its region, and of its tiles.

    `pixels` are those that there are to be seen of a drawn page. Raises RegionError for a region that is not in it.
    """
    across, down = (pixels[0] / size[0], pixels[1] / size[1]) if pixels else (1.0, 1.0)
    shown = [part.region or (0, 0, *size) for part in parts_of(size, options, pixels)]
    sides = [(max(1, round((each[2] - each[0]) * across)), max(1, round((each[3] - each[1]) * down))) for each in shown]
    return [plan_size(each, options).canvas for each in sides]
