"""Videos as a handful of evenly spaced frames: Ollama takes no video, and models see frames anyway."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from ..decoding import PageSelection
from ..formats import AVIF, GIF, MPEG_TS, WEBP, Kind
from ..material import Material
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
    material = from_block_fields(block.video, block.path, block.url, options, where=where, name="VideoBlock")
    kind = material.kind()
    if kind in (GIF, WEBP, AVIF):
        return prepare(material, options.model_copy(update={"frames": options.frames or USUAL_FRAMES}), kind)
    if kind.family == "picture":
        raise material.refuse(f"is {kind.phrase}, not a video", "Put it into an ImageBlock.", kind)
    return list(video_frames(material, options, block.fps))


def video_frames(
    material: Material, options: ImageOptions, fps: int | None = None, only: Container[int] | None = None
) -> Iterator[PreparedImage]:
    """Its frames, one at a time: those whose numbers are in `only`. Raises ImageError."""
    kind = material.kind()
    _check_no_pages(material, kind, options)
    with opened(material, kind) as container:
        survey = survey_of(container, material, kind, options, fps)
        for raster in _rasters(container, survey, material, kind, options):
            check_deadline()
            if only is None or raster.page in only:
                yield verify_unchanged(material, rendered(raster, options))


def video_selection(material: Material, options: ImageOptions) -> PageSelection:
    """Which frames `video_frames` will give, as far as the file says: one that does not say how many frames it has
    may have fewer. Raises ImageError."""
    kind = material.kind()
    _check_no_pages(material, kind, options)
    with opened(material, kind) as container:
        wanted = wanted_of(container, material, kind, options)
    return PageSelection(wanted, tuple(range(1, wanted + 1)))


def _check_no_pages(material: Material, kind: Kind, options: ImageOptions) -> None:
    if isinstance(options.pages, tuple) and (missing := no_such_page(kind, None, options)) is not None:
        raise material.refuse(missing.problem, missing.way_out, kind)


def _rasters(container: Any, survey: Survey, material: Material, kind: Kind, options: ImageOptions) -> Iterator[Raster]:
    if survey.packets is None:
        found = by_seeking(container, survey.stream, survey.start, survey.times)
    else:
        found = by_packets(
            lambda: opened(material, kind),
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
        check_size(material, (shown.frame.width, shown.frame.height), options, kind)
        yield raster_of(shown, survey.aspect.of(shown.frame, shown.aspect), material, number, len(survey.times), alpha)
