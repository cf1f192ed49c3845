"""TIFF decoder: the pages that are asked for, one at a time, as rasters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...options import ImageOptions
from ...render.modes import check_range
from ...render.raster import Raster
from ...render.size import too_large
from .orientation import aspect_of, turn_of, upright
from .page import CMYK
from .pages import TiffPicture, TiffPictures
from .samples import decode


def rasters(
    found: TiffPictures, numbers: Sequence[int], options: ImageOptions, *, where: str, source: str
) -> Iterator[Raster]:
    """The pages of these numbers, counted from 1. Raises DamagedFile, and whatever Pillow raises."""
    count = len(found.pages)
    for number in numbers:
        check_headers(found, [number], options)
        picture = found.pages[number - 1]
        raster = _raster(picture, where, source)
        told = [f"page {number} of {count}"] if count > 1 else []
        raster.steps = ["converted from TIFF", *told, *found.steps, *raster.steps]
        raster.page = number if count > 1 else None
        yield raster


def check_headers(found: TiffPictures, numbers: Sequence[int], options: ImageOptions) -> None:
    """Raises the DamagedFile that taking these pages will raise, as far as tags tell it: nothing is decoded."""
    for number in numbers:
        picture = found.pages[number - 1]
        if (refusal := picture.refusal() or too_large(picture.page.extent, options)) is not None:
            raise refusal
        if options.range is not None and not picture.page.is_deep:
            check_range(options.range, inks=picture.page.photometric == CMYK)


def _raster(picture: TiffPicture, where: str, source: str) -> Raster:
    """A page, turned already: Pillow turns TIFF, and only TIFF, when it decodes, and boxes lead into what it gives."""
    page, decoded = picture.page, decode(picture)
    raster = Raster(upright(decoded.image, page), where, source, lossy=page.lossy)
    raster.steps = [*decoded.steps, *turn_of(page)]
    raster.aspect = aspect_of(page)
    raster.bits, raster.stated, raster.transparent = decoded.bits, decoded.stated, decoded.transparent
    raster.mask = upright(decoded.mask, page) if decoded.mask is not None else None
    if (low_bytes := decoded.low_bytes) is not None:
        raster.low_bytes = lambda: upright(low_bytes(), page)
    return raster
