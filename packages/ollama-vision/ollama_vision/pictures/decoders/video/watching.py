"""Watches a video from one time to another, frame by frame and small, for its scenes (PyAV)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...blob import Blob
from ...formats.kinds import MPEG_TS, Kind
from .frames import each_by_packets, each_by_seeking
from .opening import WITHOUT_DESCRIPTION, opened, picture_stream
from .packets import Packets
from .scenes import SIZE, Look, Looker, scenes_of

_AREA = "AREA"
"""The mean of all pixels that become one: noise goes."""


def begins_of_scenes(
    blob: Blob, kind: Kind, start: float, packets: Packets | None, begin: float, end: float
) -> list[tuple[float, float]]:
    """When each scene's first clear frame comes up, and how long the scene lasts, in seconds.

    Decodes all of that part, once for each blob. Raises ImageError, and DamagedFile.
    """
    known: dict[Any, Any] = blob.found
    key = ("scenes", begin, end)
    if key not in known:
        looks = list(_looks(lambda: _frames(blob, kind, start, packets, begin), begin, end))
        firsts = [looks[scene.first].seconds for scene in scenes_of(looks, end)]
        overs = [*firsts[1:], end]
        known[key] = [(first, over - first) for first, over in zip(firsts, overs, strict=True)]
    found: list[tuple[float, float]] = known[key]
    return found


def _frames(blob: Blob, kind: Kind, start: float, packets: Packets | None, begin: float) -> Iterator[tuple[float, Any]]:
    if packets is not None:
        leaps, bare = kind is MPEG_TS, kind in WITHOUT_DESCRIPTION
        yield from each_by_packets(lambda: opened(blob, kind), packets, begin, leaps=leaps, bare=bare)
        return
    with opened(blob, kind) as container:
        stream = picture_stream(container)
        stream.thread_type = "AUTO"
        yield from each_by_seeking(container, stream, start, begin)


def _looks(frames: Callable[[], Iterator[tuple[float, Any]]], begin: float, end: float) -> Iterator[Look]:
    """From the frame that is shown at `begin` on, which may have come up before."""
    looker, before = Looker(), None
    for seconds, frame in frames():
        if seconds >= end:
            break
        if seconds > begin and before is not None:
            yield _look(looker, before, begin)
        before = None
        if seconds <= begin:
            before = frame
        else:
            yield _look(looker, frame, seconds)
    if before is not None:
        yield _look(looker, before, begin)


def _look(looker: Looker, frame: Any, seconds: float) -> Look:
    from PIL import Image

    small = frame.reformat(width=SIZE[0], height=SIZE[1], format="yuv444p", interpolation=_AREA)
    planes = [Image.frombytes("L", SIZE, bytes(each), "raw", "L", each.line_size) for each in small.planes]
    return looker.look(seconds, *planes)
