"""HEIF and AVIF image sequences (bursts, animated stickers): a track of pictures, no still one, decoded with PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import repeat
from typing import Any, BinaryIO

from ...blob import Blob
from ...formats.cicp import HDR_PEAK, profile_of
from ...formats.heif import Heif, Track, alpha_track, brightest, clean_aperture, colour_codes
from ...formats.isobmff import NoBox, each_box
from ...formats.kinds import AVIF, HEIC, VIDEO_FRAMES, Kind, NeedsExtra
from ...options import ImageOptions
from ...page_selection import PageSelection, evenly, frames_of_animation
from ...render.raster import Raster
from ...render.size import check_size
from .frames import Shown
from .opening import frames_of, packets_of, picture_stream
from .pixels import raster_of

_SEQUENCES = {
    HEIC: replace(HEIC, phrase="a HEIF image sequence", extra=VIDEO_FRAMES),
    AVIF: replace(AVIF, phrase="an AVIF image sequence without a still picture", extra=VIDEO_FRAMES),
}
"""Other files of these kinds are decoded by libheif and libavif, which refuse these."""


def select_frames(kind: Kind, file: BinaryIO, track: Track, options: ImageOptions) -> PageSelection:
    """The first picture, or as many as `options.frames` asks for, evenly spaced. Decodes none."""
    with _opened(kind, file) as container:
        stream = _stream(container, track)
        # What an edit list leaves out is there to be built on, and never shown.
        count = sum(bool(packet.size) and not packet.is_discard for packet in packets_of(container, stream))
    asked = frames_of_animation(options)
    wanted = (0,) if asked is None else evenly(count, asked)
    return PageSelection(count, tuple(index + 1 for index in wanted))


def sequence_rasters(
    blob: Blob, kind: Kind, file: BinaryIO, heif: Heif, track: Track, options: ImageOptions
) -> Iterator[Raster]:
    """The same, decoded, each valid for itself. Raises what `as_image_errors` names."""
    chosen = select_frames(kind, file, track, options)
    hidden = alpha_track(heif, track)
    with blob.open() as again, _opened(kind, file) as container, _opened(kind, again) as other:
        stream = _stream(container, track)
        check_size(blob, (stream.codec_context.width, stream.codec_context.height), options, _SEQUENCES[kind])
        alphas: Any = repeat(None) if hidden is None else _frames(other, _stream(other, hidden))
        for number, (frame, alpha) in enumerate(zip(_frames(container, stream), alphas, strict=False), 1):
            if number in chosen.numbers:
                raster = _raster(frame, alpha, track, blob, number, chosen, several=options.frames is not None)
                raster.steps.insert(0, f"converted from {kind.name}")
                yield raster
            if number == chosen.numbers[-1]:
                return


@contextmanager
def _opened(kind: Kind, file: BinaryIO) -> Iterator[Any]:
    try:
        import av
    except ImportError as error:
        raise NeedsExtra(_SEQUENCES[kind]) from error
    with av.open(_Tracks(file), format="mov") as container:
        yield container


class _Tracks:
    """The file without its still pictures: beside them FFmpeg 8 does not decode the tracks, which FFmpeg 5 did."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        size = file.seek(0, 2)
        try:
            names = (box.start - 4 for box in each_box(file, 0, size) if box.name == b"meta")
            self._items = next(names, size)
        except NoBox:
            self._items = size
        file.seek(0)

    def read(self, count: int = -1) -> bytes:
        start = self._file.tell()
        data = bytearray(self._file.read(count))
        for at, letter in enumerate(b"free", self._items - start):
            if 0 <= at < len(data):
                data[at] = letter
        return bytes(data)

    def seek(self, place: int, whence: int = 0) -> int:
        return self._file.seek(place, whence)

    def tell(self) -> int:
        return self._file.tell()


def _stream(container: Any, track: Track) -> Any:
    """By the track's number: FFmpeg's own choice may be its thumbnails or its alpha."""
    found = (stream for stream in container.streams.video if stream.id == track.identity)
    return next((stream for stream in found if stream.codec_context is not None), None) or picture_stream(container)


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    for packet in packets_of(container, stream):
        yield from frames_of(stream, packet)


def _raster(
    frame: Any,
    alpha: Any,
    track: Track,
    blob: Blob,
    number: int,
    chosen: PageSelection,
    *,
    several: bool,
) -> Raster:
    # Pixels are taken for square, as of still pictures: see docs/reference/preparing.md.
    raster = raster_of(Shown(frame, 0.0), Fraction(1), blob, number, chosen.total, alpha)
    codes = colour_codes(track.properties) or (frame.color_primaries, frame.color_trc)
    word = f"frame {number} of {chosen.total}" if several else "first frame"
    return replace(
        raster,
        steps=[word] if chosen.total > 1 else [],
        page=number if several and chosen.total > 1 else None,
        seconds=None,
        profile=profile_of(*codes, peak=brightest(track.properties) or HDR_PEAK),
        crop=clean_aperture(track.properties, raster.image.size),
    )
