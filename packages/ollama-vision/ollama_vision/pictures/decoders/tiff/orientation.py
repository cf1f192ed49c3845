"""TIFF orientation and pixel aspect ratio: how a page is turned and stretched to be seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ...formats import tiff_tags as tags
from ...frames import Size
from ...render.convert import TURNS
from .page import Page

if TYPE_CHECKING:
    from PIL import Image

_HARDLY = 0.01
"""Resolutions this close to each other are the same, rounded."""


def upright_size(page: Page) -> Size:
    """Width and height once turned: what Pillow says of a TIFF that it opens."""
    width, height = page.size
    return (height, width) if page.orientation >= 5 else (width, height)


def aspect_of(page: Page) -> float:
    """Width of a pixel of the upright page over its height, from XResolution and YResolution; 1 for a square.

    A fax in standard resolution has 204 dots an inch across and 98 down.
    """
    across, down = (next(iter(page.directory.values(tag, 1)), 0.0) for tag in (tags.X_RESOLUTION, tags.Y_RESOLUTION))
    if not (math.isfinite(across) and math.isfinite(down) and across > 0 and down > 0):
        return 1.0
    aspect = down / across
    if abs(aspect - 1) < _HARDLY:
        return 1.0
    return 1 / aspect if page.orientation >= 5 else aspect


def upright(image: Image.Image, page: Page) -> Image.Image:
    """The stored picture turned as its Orientation says."""
    from PIL.Image import Transpose

    turn = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(page.orientation)
    return image if turn is None else image.transpose(turn)


def turn_of(page: Page) -> list[str]:
    """The step that says so; none for a page that is upright."""
    return [TURNS[page.orientation]] if page.orientation in TURNS else []
