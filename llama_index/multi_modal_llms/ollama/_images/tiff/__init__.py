"""TIFF by its tags: which of its directories are pages, what a page is, and its pixels, or its true name refused."""

from __future__ import annotations

from .lie import upright_size
from .pages import Leaf, Leaves, leaves_of
from .rasters import foretell, rasters
from .samples import Decoded, decode

__all__ = ["Decoded", "Leaf", "Leaves", "decode", "foretell", "leaves_of", "rasters", "upright_size"]
