"""The video decoder (PyAV, FFmpeg): a handful of evenly spaced frames as rasters. Loaded with the first video."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...page_selection import PageRequest, PageSelection
    from ...render.raster import Raster

__all__ = ["rasters", "select_pages"]


def rasters(request: PageRequest) -> Iterator[Raster]:
    """The frames that `options.frames` or `fps` asks for, or 8, one at a time. Raises ImageError."""
    from . import sampling

    return sampling.rasters(request)


def select_pages(request: PageRequest) -> PageSelection:
    """Which frames `rasters` will give, as far as the file says. Raises ImageError."""
    from . import sampling

    return sampling.select_pages(request)
