"""Which range of a deep TIFF is meant to be shown, as the file itself states it: ImageJ, OME-TIFF, GDAL's nodata."""

from __future__ import annotations

import math
import re

from ...formats import tiff_tags as tags
from ...render.levels import Range
from .page import Page

_NUMBER = r"(-?[0-9]{1,12}(?:\.[0-9]{1,12})?)"


def stated_range(page: Page) -> Range | None:
    """The lowest and the highest value that ImageJ shows; `None` when it does not say.

    MinSampleValue and MaxSampleValue are no such range: TIFF 6.0 has them for statistics alone.
    """
    text = page.directory.text(tags.DESCRIPTION)
    if not text.startswith("ImageJ="):
        return None
    low, high = (re.search(rf"^{name}={_NUMBER}\s*$", text, re.MULTILINE) for name in ("min", "max"))
    if low is None or high is None:
        return None
    shown = math.floor(float(low[1])), math.ceil(float(high[1]))
    return shown if 0 <= shown[0] < shown[1] else None


def significant_bits(page: Page) -> int:
    """How many of a sample's bits are used, as OME-TIFF may say; else all of them."""
    found = re.search(r'\bSignificantBits="([0-9]{1,2})"', page.directory.text(tags.DESCRIPTION))
    return int(found[1]) if found and 9 <= int(found[1]) < page.depth else page.depth


def nodata_of(page: Page) -> int | None:
    """The value that stands for nothing in a page of one band, as GDAL writes it; `None` when no pixel can have it."""
    try:
        value = float(page.directory.text(tags.NODATA, 64))
    except ValueError:
        return None
    whole = page.samples == 1 and value.is_integer() if math.isfinite(value) else False
    return int(value) if whole and 0 <= value < 1 << page.depth else None
