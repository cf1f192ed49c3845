"""PDF pages drawn as pictures, or refused for what could not be drawn. What does so is loaded with the first PDF."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..decoding import Leaves
    from ..material import Material
    from ..options import ImageOptions
    from ..prepared import PreparedImage

__all__ = ["pdf_leaves", "pdf_pages"]


def pdf_pages(material: Material, options: ImageOptions, only: Container[int] | None = None) -> Iterator[PreparedImage]:
    """The pages that `options.pages` asks for and that are in `only`, drawn on white, one at a time.

    Raises ImageError.
    """
    from . import pages

    return pages.pdf_pages(material, options, only)


def pdf_leaves(material: Material, options: ImageOptions) -> Leaves:
    """Which pages `pdf_pages` will draw. Raises ImageError."""
    from . import pages

    return pages.pdf_leaves(material, options)
