"""Preparing pictures (image preprocessing): any file, bytes, URL, page or frame -> JPEG or PNG that Ollama accepts.

What it cannot prepare is an ImageError that names it. Other rooms import from here, and from no module within.
"""

from typing import TYPE_CHECKING

from .._lazy import lazy_names
from .async_files import awaited
from .forms import accept
from .mapping import BoxConvention, BoxMapping, Size
from .options import ImageOptions
from .patience import ended_by
from .prepared import PreparedAudio, PreparedImage

if TYPE_CHECKING:
    from .blob import Blob
    from .formats import EXTRAS, PDF, PICTURE_SUFFIXES, PICTURES, VIDEO_SUFFIXES, VIDEOS, suffixes_needing
    from .geometry import plan_size
    from .original import PictureSource
    from .page_selection import PageSelection
    from .preparing import (
        aprepare_image,
        legacy_bytes,
        prepare_block,
        prepare_documents,
        prepare_image,
        prepare_legacy,
    )
    from .refusing import image_error, missing_path_hint, sentence
    from .same_pixels import with_other_bytes
    from .sources import from_block_fields, image_block

__all__ = [
    "EXTRAS",
    "PDF",
    "PICTURES",
    "PICTURE_SUFFIXES",
    "VIDEOS",
    "VIDEO_SUFFIXES",
    "Blob",
    "BoxConvention",
    "BoxMapping",
    "ImageOptions",
    "PageSelection",
    "PictureSource",
    "PreparedAudio",
    "PreparedImage",
    "Size",
    "accept",
    "aprepare_image",
    "awaited",
    "ended_by",
    "from_block_fields",
    "image_block",
    "image_error",
    "legacy_bytes",
    "missing_path_hint",
    "plan_size",
    "prepare_block",
    "prepare_documents",
    "prepare_image",
    "prepare_legacy",
    "sentence",
    "suffixes_needing",
    "with_other_bytes",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Blob": "blob",
        "EXTRAS": "formats",
        "PDF": "formats",
        "PICTURES": "formats",
        "PICTURE_SUFFIXES": "formats",
        "PageSelection": "page_selection",
        "PictureSource": "original",
        "VIDEOS": "formats",
        "VIDEO_SUFFIXES": "formats",
        "aprepare_image": "preparing",
        "from_block_fields": "sources",
        "image_block": "sources",
        "image_error": "refusing",
        "legacy_bytes": "preparing",
        "missing_path_hint": "refusing",
        "plan_size": "geometry",
        "prepare_block": "preparing",
        "prepare_documents": "preparing",
        "prepare_image": "preparing",
        "prepare_legacy": "preparing",
        "sentence": "refusing",
        "suffixes_needing": "formats",
        "with_other_bytes": "same_pixels",
    },
)
"""Every format's reader stands behind these: a third of what importing the client costs."""
