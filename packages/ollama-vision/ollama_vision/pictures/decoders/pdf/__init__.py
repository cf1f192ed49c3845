"""The PDF decoder (PDFium): pages drawn as rasters, or what could not be drawn. Loaded with the first PDF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...page_selection import PageRequest, PageSelection
    from ...render.raster import Raster

__all__ = ["rasters", "select_pages"]


def rasters(request: PageRequest) -> Iterator[Raster]:
    """The pages that `options.pages` asks for, drawn on white, one at a time. Raises ImageError."""
    from . import pages

    return pages.rasters(request)


def select_pages(request: PageRequest) -> PageSelection:
    """Which pages `rasters` will draw. Raises ImageError."""
    from . import pages

    return pages.select_pages(request)
