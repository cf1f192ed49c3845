"""Decodes a video: the frames nearest to evenly spaced times, as rasters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...formats.kinds import MPEG_TS
from ...page_selection import PageRequest, PageSelection
from ...render.raster import Raster
from ...render.size import check_size
from .frames import by_packets, by_seeking
from .opening import WITHOUT_DESCRIPTION, opened
from .pixels import raster_of
from .survey import Survey, survey_of, wanted_of
from .transparency import alpha_of, has_alpha_apart


def rasters(request: PageRequest) -> Iterator[Raster]:
    """Its frames, one at a time. Raises ImageError."""
    with opened(request.blob, request.kind) as container:
        survey = survey_of(container, request.blob, request.kind, request.options, request.fps)
        yield from _rasters(container, survey, request)


def select_pages(request: PageRequest) -> PageSelection:
    """Which frames `rasters` will give, as far as the file says: one that does not say how many frames it has may have
    fewer. Raises ImageError."""
    with opened(request.blob, request.kind) as container:
        wanted = wanted_of(container, request.blob, request.kind, request.options)
    return PageSelection(wanted, tuple(range(1, wanted + 1)))


def _rasters(container: Any, survey: Survey, request: PageRequest) -> Iterator[Raster]:
    blob, kind = request.blob, request.kind
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
        check_size(blob, (shown.frame.width, shown.frame.height), request.options, kind)
        aspect = survey.aspect.of(shown.frame, shown.aspect)
        raster = raster_of(shown, aspect, blob, number, len(survey.times), alpha)
        if survey.scenes:
            raster.steps[0] += f", where {survey.scenes[number - 1]} begins"
        yield raster
