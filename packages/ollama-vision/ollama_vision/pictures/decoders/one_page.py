"""Page numbers asked of what has no pages: it counts as page 1, and any other is a PageSelectionError."""

from __future__ import annotations

from typing import Any, BinaryIO

from ..formats.kinds import AVIF, HEIC, JPEG, JPEG_2000, PNM, VIDEOS, Kind
from ..options import ImageOptions
from ..page_selection import PageSelectionError
from .decode import decoder

_MAY_HOLD_MORE = (AVIF, JPEG_2000, PNM)
"""Of these the first or primary picture is read, and nothing counts the others."""
_TAKEN_OUT = {
    HEIC: ("the primary one", "Take them out with `heif-convert IN OUT.jpg`, and pass the one that you mean."),
    JPEG: ("the first one", "Take the second out with `exiftool -b -MPImage2 IN > OUT.jpg`, and pass that."),
}


def asks_for_other_pages(options: ImageOptions) -> bool:
    """Whether `options.pages` names anything but page 1, once: asked of each picture that is sent."""
    return type(options.pages) is tuple and options.pages != (1,)


def no_such_page(kind: Kind | None, file: BinaryIO | None, options: ImageOptions) -> PageSelectionError | None:
    """Why what is no document lacks the pages that the options name. `kind` and `file` are of a file; `file` is not
    needed of a video. `None` of what moves when `frames` is chosen too: then `pages` is for the documents beside it.
    Raises what decoders raise: of several pictures in it only they know."""
    assert isinstance(options.pages, tuple)  # noqa: S101
    other = next((number for number in options.pages if number != 1), 1)
    asked = f"and page {other} was asked for"
    if kind in VIDEOS and options.frames is not None:
        return None
    if kind in VIDEOS:
        return PageSelectionError(
            f"has frames and no pages, {asked}", "Choose its frames: ImageOptions(frames=1) for one."
        )
    sequence = kind in (AVIF, HEIC) and file is not None and _is_sequence(file)
    count = 1 if kind is None or file is None or sequence else _pictures_in(kind, file)
    if sequence or (count > 1 and kind is not None and kind.moving):
        if options.frames is not None:
            return None
        return PageSelectionError(
            f"has frames and no pages, {asked}", "Choose its frames: ImageOptions(frames=4) for four."
        )
    if count > 1 and kind in _TAKEN_OUT:
        read, way_out = _TAKEN_OUT[kind]
        return PageSelectionError(f"has {count} pictures, of which {read} alone is read, as page 1, {asked}", way_out)
    if other == 1:
        asked = f"and page 1 was asked for {len(options.pages)} times"
    has = "is read as one page only" if kind in _MAY_HOLD_MORE else "has one page only"
    return PageSelectionError(
        f"{has}, {asked}", "Beside documents pass prepare_image(...) of it, which pages= is not for."
    )


def _is_sequence(file: BinaryIO) -> bool:
    """Whether it has frames and no still picture, which no decoder of pictures opens."""
    from ..formats.heif import heif_of, sequence_of

    found = sequence_of(heif_of(file)) is not None
    file.seek(0)
    return found


def _pictures_in(kind: Kind, file: BinaryIO) -> int:
    image: Any
    if kind is JPEG:
        from PIL.JpegImagePlugin import jpeg_factory

        image = jpeg_factory(file, "")
    elif kind.moving or kind is HEIC:
        image = decoder(kind)(file)
    else:
        return 1
    return int(getattr(image, "n_frames", 1))
