"""TIFF by its tags: which of its directories are pages, what a page is, and its pixels, or its true name refused.

What does so is loaded with the first TIFF.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

if TYPE_CHECKING:
    from .opening import check_headers, rasters
    from .orientation import upright_size
    from .pages import TiffPicture, TiffPictures, read_pictures
    from .samples import Decoded, decode

__all__ = [
    "Decoded",
    "TiffPicture",
    "TiffPictures",
    "check_headers",
    "decode",
    "rasters",
    "read_pictures",
    "upright_size",
]

__getattr__ = lazy_names(
    __name__,
    {
        "upright_size": ".orientation",
        "TiffPicture": ".pages",
        "TiffPictures": ".pages",
        "read_pictures": ".pages",
        "check_headers": ".opening",
        "rasters": ".opening",
        "Decoded": ".samples",
        "decode": ".samples",
    },
)
