"""Videos as a handful of evenly spaced frames: Ollama takes no video, and models see frames anyway."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from ..blob import Blob
from ..decoding import PageSelection
from ..formats import AVIF, GIF, MPEG_TS, WEBP, Kind
from ..one_page import no_such_page
from ..options import ImageOptions
from ..patience import check_deadline
from ..pictures import check_size, prepare, rendered, verify_unchanged
from ..prepared import PreparedImage
from ..raster import Raster
from ..sources import from_block_fields
from .frames import by_packets, by_seeking
from .opening import WITHOUT_DESCRIPTION, opened
from .pixels import raster_of
from .survey import USUAL_FRAMES, Survey, survey_of, wanted_of
from .transparency import alpha_of, has_alpha_apart

__all__ = ["video_block", "video_frames", "video_selection"]


def video_block(block: Any, options: ImageOptions, *, where: str) -> list[PreparedImage]:
    """A VideoBlock as `options.frames` frames, or as many as its `fps` asks for, or 8. Raises ImageError."""
    blob = from_block_fields(block.video, block.path, block.url, options, where=where, name="VideoBlock")
    kind = blob.kind()
    if kind in (GIF, WEBP, AVIF):
        return prepare(blob, options.model_copy(update={"frames": options.frames or USUAL_FRAMES}), kind)
    if kind.family == "picture":
        raise blob.error(f"is {kind.phrase}, not a video", "Put it into an ImageBlock.", kind)
    return list(video_frames(blob, options, block.fps))


def video_frames(
    blob: Blob, options: ImageOptions, fps: int | None = None, only: Container[int] | None = None
) -> Iterator[PreparedImage]:
    """Its frames, one at a time: those whose numbers are in `only`. Raises ImageError."""
    kind = blob.kind()
    _check_no_pages(blob, kind, options)
    with opened(blob, kind) as container:
        survey = survey_of(container, blob, kind, options, fps)
        for raster in _rasters(container, survey, blob, kind, options):
            check_deadline()
            if only is None or raster.page in only:
                yield verify_unchanged(blob, rendered(raster, options))


def video_selection(blob: Blob, options: ImageOptions) -> PageSelection:
    """Which frames `video_frames` will give, as far as the file says: one that does not say how many frames it has
    may have fewer. Raises ImageError."""
    kind = blob.kind()
    _check_no_pages(blob, kind, options)
    with opened(blob, kind) as container:
        wanted = wanted_of(container, blob, kind, options)
    return PageSelection(wanted, tuple(range(1, wanted + 1)))


def _check_no_pages(blob: Blob, kind: Kind, options: ImageOptions) -> None:
    if isinstance(options.pages, tuple) and (missing := no_such_page(kind, None, options)) is not None:
        raise blob.error(missing.problem, missing.way_out, kind)


def _rasters(container: Any, survey: Survey, blob: Blob, kind: Kind, options: ImageOptions) -> Iterator[Raster]:
    if survey.packets is None:
        found = by_seeking(container, survey.stream, survey.start, survey.times)
    else:
        found = by_packets(
            lambda: opened(blob, kind),
            survey.packets,
            survey.times,
            leaps=kind is MPEG_TS,
            bare=kind in WITHOUT_DESCRIPTION,
        )
    apart = has_alpha_apart(survey.stream)
    last: float | None = None
    for number, shown in enumerate(found, 1):
        if shown.seconds == last:
            continue  # fewer frames than were asked for
        last = shown.seconds
        alpha = alpha_of(container, survey.stream, shown.frame) if apart else None
        # The first frame's size was checked, but a later piece may have another one.
        check_size(blob, (shown.frame.width, shown.frame.height), options, kind)
        yield raster_of(shown, survey.aspect.of(shown.frame, shown.aspect), blob, number, len(survey.times), alpha)
