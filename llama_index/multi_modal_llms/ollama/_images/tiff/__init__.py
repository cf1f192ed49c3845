"""TIFF by its tags: which of its directories are pages, what a page is, and its pixels, or its true name refused.

What does so is loaded with the first TIFF.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .lie import upright_size
    from .opening import foretell, rasters
    from .pages import Leaf, Leaves, leaves_of
    from .samples import Decoded, decode

__all__ = ["Decoded", "Leaf", "Leaves", "decode", "foretell", "leaves_of", "rasters", "upright_size"]

_ROOMS = {
    "upright_size": "lie",
    "Leaf": "pages",
    "Leaves": "pages",
    "leaves_of": "pages",
    "foretell": "opening",
    "rasters": "opening",
    "Decoded": "samples",
    "decode": "samples",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_ROOMS[name]}", __name__), name)
