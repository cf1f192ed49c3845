"""Dispatch by family: PDF, video, or one of the picture formats of formats/kinds.py -> who decodes its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..formats.kinds import CAMERA_RAW, PDF, READABLE, VIDEOS, Kind
from ..page_selection import ONE_PAGE, PageRequest, PageSelection
from ..render.raster import Raster
from . import decode as decoding
from . import pdf, video


@dataclass(frozen=True)
class Decoder:
    """How files of a kind are taken apart. Both functions raise as `as_image_errors` expects it."""

    rasters: Callable[[PageRequest], Iterator[Raster]]
    """The pages or frames that are asked for, one at a time: each is valid until the next is taken."""
    select_pages: Callable[[PageRequest], PageSelection]
    """What `rasters` will give, without decoding it; of a video that does not say how long it is, perhaps fewer."""


def _raw_rasters(request: PageRequest) -> Iterator[Raster]:
    from . import raw  # opened with the first raw file

    return raw.rasters(request)


DECODERS: dict[Kind, Decoder] = {
    **dict.fromkeys(READABLE, Decoder(decoding.rasters, decoding.select_pages)),
    **dict.fromkeys(VIDEOS, Decoder(video.rasters, video.select_pages)),
    CAMERA_RAW: Decoder(_raw_rasters, lambda request: ONE_PAGE),
    PDF: Decoder(pdf.rasters, pdf.select_pages),
}
