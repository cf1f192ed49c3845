"""Preparing pictures (image preprocessing): any file, bytes, URL, page or frame -> JPEG or PNG that Ollama accepts.

What it cannot prepare is an ImageError that names it. Other rooms import from here, and from no module within.
"""

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

from .registry import accept

if TYPE_CHECKING:
    from .async_files import awaited
    from .blob import Blob
    from .box_fields import FoundBox, boxes_in
    from .boxes import BoxMapping
    from .cancellation import cancel_scope
    from .drawn_boxes import Placed, PlacedBox, draw_boxes, place_boxes
    from .error_words import image_error, missing_path_hint, sentence
    from .facts import page_facts
    from .formats.kinds import EXTRAS, PDF, PICTURE_SUFFIXES, PICTURES, VIDEO_SUFFIXES, VIDEOS, suffixes_needing
    from .frame_admission import FrameRoom, frame_room
    from .frame_words import clock, name_parts, with_parts_named
    from .frames import BOX_CONVENTIONS, BoxConvention, PictureFrame, Size
    from .inputs.forms import from_block_fields, image_block
    from .likeness import Likeness, differing_bits, likeness_of
    from .options import ImageOptions, Region, ServerSizes, Tiles, checked_region
    from .page_selection import PageSelection
    from .page_text import PageFacts
    from .photo_facts import PhotoFacts, photo_facts_of_file
    from .prepared import PreparedAudio, PreparedImage
    from .preparing import aprepare_image, legacy_bytes, prepare_block, prepare_documents, prepare_image, prepare_legacy
    from .regions import Tile
    from .render.size import plan_size, sizes_as_sent
    from .same_pixels import with_other_bytes
    from .sandbox import Confinement, confined, confinement, opener
    from .source import PictureSource
    from .texts_of_pictures import is_made_of_picture
    from .tile_admission import tile_budget
    from .tile_words import name_tiles, with_tiles_named

__all__ = [
    "BOX_CONVENTIONS",
    "EXTRAS",
    "PDF",
    "PICTURES",
    "PICTURE_SUFFIXES",
    "VIDEOS",
    "VIDEO_SUFFIXES",
    "Blob",
    "BoxConvention",
    "BoxMapping",
    "Confinement",
    "FoundBox",
    "FrameRoom",
    "ImageOptions",
    "Likeness",
    "PageFacts",
    "PageSelection",
    "PhotoFacts",
    "PictureFrame",
    "PictureSource",
    "Placed",
    "PlacedBox",
    "PreparedAudio",
    "PreparedImage",
    "Region",
    "ServerSizes",
    "Size",
    "Tile",
    "Tiles",
    "accept",
    "aprepare_image",
    "awaited",
    "boxes_in",
    "cancel_scope",
    "checked_region",
    "clock",
    "confined",
    "confinement",
    "differing_bits",
    "draw_boxes",
    "frame_room",
    "from_block_fields",
    "image_block",
    "image_error",
    "is_made_of_picture",
    "legacy_bytes",
    "likeness_of",
    "missing_path_hint",
    "name_parts",
    "name_tiles",
    "opener",
    "page_facts",
    "photo_facts_of_file",
    "place_boxes",
    "plan_size",
    "prepare_block",
    "prepare_documents",
    "prepare_image",
    "prepare_legacy",
    "sentence",
    "sizes_as_sent",
    "suffixes_needing",
    "tile_budget",
    "with_other_bytes",
    "with_parts_named",
    "with_tiles_named",
]

__getattr__ = lazy_names(
    __name__,
    {
        "frame_room": ".frame_admission",
        "clock": ".frame_words",
        "name_parts": ".frame_words",
        "with_parts_named": ".frame_words",
        "FrameRoom": ".frame_admission",
        "BOX_CONVENTIONS": ".frames",
        "Blob": ".blob",
        "BoxConvention": ".frames",
        "BoxMapping": ".boxes",
        "Confinement": ".sandbox",
        "EXTRAS": ".formats.kinds",
        "FoundBox": ".box_fields",
        "ImageOptions": ".options",
        "Likeness": ".likeness",
        "differing_bits": ".likeness",
        "likeness_of": ".likeness",
        "PDF": ".formats.kinds",
        "PICTURES": ".formats.kinds",
        "PICTURE_SUFFIXES": ".formats.kinds",
        "PageFacts": ".page_text",
        "PageSelection": ".page_selection",
        "PhotoFacts": ".photo_facts",
        "PictureFrame": ".frames",
        "PictureSource": ".source",
        "Placed": ".drawn_boxes",
        "PlacedBox": ".drawn_boxes",
        "PreparedAudio": ".prepared",
        "PreparedImage": ".prepared",
        "Region": ".options",
        "ServerSizes": ".options",
        "Size": ".frames",
        "Tile": ".regions",
        "Tiles": ".options",
        "VIDEOS": ".formats.kinds",
        "VIDEO_SUFFIXES": ".formats.kinds",
        "aprepare_image": ".preparing",
        "awaited": ".async_files",
        "boxes_in": ".box_fields",
        "cancel_scope": ".cancellation",
        "checked_region": ".options",
        "confined": ".sandbox",
        "confinement": ".sandbox",
        "draw_boxes": ".drawn_boxes",
        "from_block_fields": ".inputs.forms",
        "image_block": ".inputs.forms",
        "image_error": ".error_words",
        "is_made_of_picture": ".texts_of_pictures",
        "legacy_bytes": ".preparing",
        "missing_path_hint": ".error_words",
        "name_tiles": ".tile_words",
        "opener": ".sandbox",
        "page_facts": ".facts",
        "photo_facts_of_file": ".photo_facts",
        "place_boxes": ".drawn_boxes",
        "plan_size": ".render.size",
        "prepare_block": ".preparing",
        "prepare_documents": ".preparing",
        "prepare_image": ".preparing",
        "prepare_legacy": ".preparing",
        "sentence": ".error_words",
        "sizes_as_sent": ".render.size",
        "suffixes_needing": ".formats.kinds",
        "tile_budget": ".tile_admission",
        "with_other_bytes": ".same_pixels",
        "with_tiles_named": ".tile_words",
    },
)
"""Every format's reader stands behind these: a third of what importing the client costs."""
