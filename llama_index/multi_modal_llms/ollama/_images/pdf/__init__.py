"""PDF pages drawn as pictures, or refused for what could not be drawn. What does so is loaded with the first PDF."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..blob import Blob
    from ..decoding import PageSelection
    from ..options import ImageOptions
    from ..prepared import PreparedImage

__all__ = ["pdf_pages", "pdf_selection"]


def pdf_pages(blob: Blob, options: ImageOptions, only: Container[int] | None = None) -> Iterator[PreparedImage]:
    """The pages that `options.pages` asks for and that are in `only`, drawn on white, one at a time.

    Raises ImageError.
    """
    from . import pages

    return pages.pdf_pages(blob, options, only)


def pdf_selection(blob: Blob, options: ImageOptions) -> PageSelection:
    """Which pages `pdf_pages` will draw. Raises ImageError."""
    from . import pages

    return pages.pdf_selection(blob, options)
