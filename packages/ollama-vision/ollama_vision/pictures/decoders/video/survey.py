"""Video inspection before decoding: duration, completeness, and the times at which frames are taken."""

from __future__ import annotations

import io
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from ...blob import Blob
from ...formats.header import DamagedFile
from ...formats.kinds import FLV, MATROSKA, MP4, MPEG_TS, Kind
from ...options import ImageOptions
from ...page_selection import USUAL_FRAMES
from ...render.size import check_size
from .attributes import Aspect
from .integrity import ends_with_a_tag
from .opening import WITHOUT_DESCRIPTION, WITHOUT_INDEX, holds_picture, packets_of, picture_stream
from .packets import Packet, Packets
from .programs import codings

MOST_BY_RATE = 64
"""A block's `fps` may ask for so many frames; more have to be asked for by number."""
_LONG_PART = 0.1
"""Of a file, without pictures where there should be some."""
_LOOK = 4 << 20
"""Bytes of such a part that are looked at."""
_SLACK = 1.0
"""Seconds by which what a file says of its length may miss its last packet."""


@dataclass(frozen=True)
class Survey:
    """Where the wanted frames are."""

    stream: Any
    times: tuple[float, ...]
    """In seconds from the first picture on."""
    aspect: Aspect
    start: float = 0.0
    """The time of the first picture by the file's own clock, in seconds."""
    packets: Packets | None = None
    """Of a file without an index, which had to be read through."""


def survey_of(container: Any, blob: Blob, kind: Kind, options: ImageOptions, fps: int | None) -> Survey:
    """Raises DamagedFile and ImageError; reads a file without an index to its end."""
    stream = _checked(container, blob, kind, options)
    aspect = Aspect(None, None) if kind in WITHOUT_DESCRIPTION else Aspect.said(stream)
    if kind in WITHOUT_INDEX:
        packets = Packets.of(_listed(container, stream))
        if kind is FLV:
            _check_end(container, blob, packets.length)
        if kind is MPEG_TS:
            _check_streams(container, blob, stream, packets)
        times = _evenly(packets.length, _wanted(blob, options, fps, packets.length, 0))
        if kind is MPEG_TS:
            _check_codings(blob, stream, packets, times)
        return Survey(stream, times, aspect, packets=packets)
    start, duration = _span(container, stream, kind)
    times = _evenly(duration, _wanted(blob, options, fps, duration, stream.frames))
    return Survey(stream, times, aspect, start)


def wanted_of(container: Any, blob: Blob, kind: Kind, options: ImageOptions) -> int:
    """How many frames are to be taken, as far as the file says; it may have fewer. Raises as `survey_of` does."""
    return _wanted(blob, options, None, 0.0, _checked(container, blob, kind, options).frames)


def _checked(container: Any, blob: Blob, kind: Kind, options: ImageOptions) -> Any:
    stream = picture_stream(container)
    check_size(blob, (stream.codec_context.width, stream.codec_context.height), options, kind)
    return stream


def _evenly(duration: float, wanted: int) -> tuple[float, ...]:
    return tuple((index + 0.5) * duration / wanted for index in range(wanted))


def _wanted(blob: Blob, options: ImageOptions, fps: int | None, duration: float, frames: int) -> int:
    wanted = options.frames or USUAL_FRAMES
    if options.frames is None and fps:
        wanted = max(1, round(duration * fps))
        if wanted > MOST_BY_RATE:
            raise blob.error(
                f"lasts {duration:.0f} s, which at fps={fps} makes {wanted} pictures",
                f"More than {MOST_BY_RATE} have to be asked for: ImageOptions(frames={wanted}), or a lower fps.",
            )
    return min(wanted, frames) if frames > 0 else wanted


def _listed(container: Any, stream: Any) -> Iterator[Packet]:
    base = float(stream.time_base)
    # Every packet of hours comes this way: what each would be asked in vain is not asked.
    theora = stream.codec_context.name == "theora"
    for packet in packets_of(container, stream):
        shown, decoded, size, place = packet.pts, packet.dts, packet.size, packet.pos
        if decoded is None and size == 0:
            return  # PyAV's own, at the end
        if decoded is None or (theora and not holds_picture(stream, packet)):
            shown = None
        elif shown is None:
            shown = decoded
        yield Packet(
            None if shown is None else shown * base,
            None if decoded is None else decoded * base,
            (packet.duration or 0) * base,
            size > 0 and packet.is_keyframe,
            -1 if place is None else place,
        )


def _check_end(container: Any, blob: Blob, reached: float) -> None:
    """Of an FLV video; of some the last picture stays, and no packet says how long."""
    import av

    declared = (container.duration or 0) / av.time_base
    if reached < declared - _SLACK:
        with blob.open() as file:
            if not ends_with_a_tag(file):
                raise _cut(declared, reached)


def _check_streams(container: Any, blob: Blob, stream: Any, packets: Packets) -> None:
    """Of a transport stream whose pictures begin late or end early: whether what comes before or after has pictures of
    its own, which nobody would see."""
    first, last, size = packets.place_near(0), packets.place_near(len(packets) - 1), container.size
    for begin, end in ((0, first), (last, size)):
        if end - begin > _LONG_PART * size and _other_pictures(blob, stream.id, begin, min(end - begin, _LOOK)):
            raise DamagedFile(
                "is joined of pieces that keep their pictures in different streams",
                "Give each piece by itself, or join them anew, for example with ffmpeg -f concat.",
            )


def _other_pictures(blob: Blob, known: int, begin: int, length: int) -> bool:
    """Whether this part of a transport stream has pictures in another stream (PID) than the known one."""
    import av

    with blob.open() as file:
        file.seek(begin)
        part = io.BytesIO(file.read(length))
    try:
        with av.open(part, "r", format=MPEG_TS.demuxer) as container:
            others = [stream for stream in container.streams.video if stream.id != known]
            return any(packet.size for packet in container.demux(others)) if others else False
    except av.FFmpegError:
        return False  # sound alone, or padding


def _check_codings(blob: Blob, stream: Any, packets: Packets, times: Sequence[float]) -> None:
    """Raises DamagedFile for a transport stream whose codec changes: FFmpeg goes on with the first one's decoder."""
    with blob.open() as file:

        def said_at(index: int) -> str:
            return next((one.codec for one in codings(file, packets.place_near(index), stream.id)), first)

        first = next((one.codec for one in codings(file, 0, stream.id)), "")
        wanted = [packets.picture(at) or 0 for at in times] if first else []
        if (other := next((index for index in (*wanted, len(packets) - 1) if said_at(index) != first), None)) is None:
            return
        before = bisect_left(range(other), True, key=lambda index: said_at(index) != first) - 1
        begins = next(one for one in codings(file, packets.place_near(before), stream.id) if one.codec != first)
    raise DamagedFile(
        f"is joined of pieces that are coded differently: {first}, and from byte {begins.place} on {begins.codec}",
        f"Give each piece by itself, or split it there: head -c {begins.place}, and tail -c +{begins.place + 1}.",
    )


def _cut(declared: float, reached: float) -> DamagedFile:
    return DamagedFile(f"is cut short: it says it lasts {declared:.1f} s and ends at {reached:.1f} s")


def _span(container: Any, stream: Any, kind: Kind) -> tuple[float, float]:
    """Start and duration in seconds. Raises DamagedFile when the file ends long before it says."""
    import av

    start = float(stream.start_time * stream.time_base) if stream.start_time is not None else 0.0
    declared = 0.0
    if stream.duration is not None and stream.duration > 0:
        declared = float(stream.duration * stream.time_base)
    elif container.duration is not None and container.duration > 0:
        declared = container.duration / av.time_base
    if declared and (kind is MP4 or (kind is MATROSKA and start)):
        reached = _end(container, start + declared) - start
        if kind is MATROSKA and reached < declared - _SLACK:
            # Some say how long it is, others at which time it ends, as FFmpeg does.
            return start, max(declared - start, reached)
        if reached < declared - _SLACK:
            raise _cut(declared, reached)
    if not declared:
        # Recordings that were cut off, and streams, do not say: their packets do.
        declared = max(_end(container, None, stream) - start, 0.0)
    return start, declared


def _end(container: Any, near: float | None, stream: Any = None) -> float:
    """The time at which the last packet is over, in seconds; of any stream when none is given."""
    import av

    if near is not None:
        container.seek(int(near * av.time_base), backward=True)
    packets = packets_of(container, stream) if stream is not None else container.demux()
    ends = (
        float((packet.pts + (packet.duration or 0)) * packet.time_base)
        for packet in packets
        if packet.pts is not None and packet.stream.type in ("video", "audio")
    )
    return max(ends, default=-inf)
