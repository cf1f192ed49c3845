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
from ...frame_admission import frames_that_fit
from ...frames import Size
from ...options import ImageOptions
from ...page_selection import USUAL_FRAMES
from ...regions import RegionError
from ...render.size import check_size, sizes_as_sent, squared
from .attributes import Aspect
from .integrity import ends_with_a_tag
from .opening import WITHOUT_DESCRIPTION, WITHOUT_INDEX, holds_picture, packets_of, picture_stream
from .packets import Packet, Packets
from .programs import codings

MOST_BY_RATE = 64
"""A block's `fps` may ask for so many frames; more have to be asked for by number."""
MOST_FRAMES = 1000
"""Of one video."""
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
    scenes: tuple[str, ...] = ()
    """Which scene begins at each time, in words; none where the times are even."""


def survey_of(container: Any, blob: Blob, kind: Kind, options: ImageOptions, fps: int | None) -> Survey:
    """Raises DamagedFile and ImageError; reads a file without an index to its end, and decodes all for scenes."""
    stream = _checked(container, blob, kind, options)
    aspect = Aspect(None, None) if kind in WITHOUT_DESCRIPTION else Aspect.said(stream)
    packets: Packets | None = None
    if kind in WITHOUT_INDEX:
        packets = Packets.of(_listed(container, stream))
        if kind is FLV:
            _check_end(container, blob, packets.length)
        if kind is MPEG_TS:
            _check_streams(container, blob, stream, packets)
        start, duration, count = 0.0, packets.length, 0
    else:
        start, duration = _span(container, stream, kind)
        count = stream.frames
    begin, end = _clipped(blob, kind, options, duration)
    size = _upright_size(stream, aspect)
    if options.by_scenes:
        from .watching import begins_of_scenes

        found = begins_of_scenes(blob, kind, start, packets, begin, end)
        chosen = longest(found, most_frames(size, options, options.frame_count))
        times = tuple(found[at][0] for at in chosen)
        names = tuple(f"scene {at + 1} of {len(found)}" for at in chosen)
    else:
        wanted = _wanted(blob, options, fps, end - begin, count)
        if options.frames is None and not fps:
            wanted = most_frames(size, options, wanted)
        times, names = tuple(begin + (index + 0.5) * (end - begin) / wanted for index in range(wanted)), ()
    if kind is MPEG_TS and packets is not None:
        _check_codings(blob, stream, packets, times)
    return Survey(stream, times, aspect, start, packets, names)


def wanted_of(container: Any, blob: Blob, kind: Kind, options: ImageOptions) -> int:
    """How many frames are to be taken, as far as the file says; it may have fewer. Raises as `survey_of` does."""
    if options.by_scenes:
        return len(survey_of(container, blob, kind, options, None).times)
    stream = _checked(container, blob, kind, options)
    wanted = _wanted(blob, options, None, 0.0, stream.frames)
    if options.frames is None:
        wanted = most_frames(_upright_size(stream, Aspect.said(stream)), options, wanted)
    return wanted


def _checked(container: Any, blob: Blob, kind: Kind, options: ImageOptions) -> Any:
    stream = picture_stream(container)
    check_size(blob, (stream.codec_context.width, stream.codec_context.height), options, kind)
    return stream


def _clipped(blob: Blob, kind: Kind, options: ImageOptions, duration: float) -> tuple[float, float]:
    """From when to when. Raises ImageError for a part that is not in the video."""
    begin, end = options.clip or (0.0, None)
    if begin and begin >= duration:
        fitting = max(duration - 1, 0)
        raise blob.error(
            f"is {kind.phrase} of {duration:.1f} s, and frames from {begin:.1f} s on were asked for",
            f"Begin before that: ImageOptions(clip=({fitting:.0f}, None)).",
            kind,
        )
    return begin, duration if end is None else min(end, duration)


def _upright_size(stream: Any, aspect: Aspect) -> Size:
    """About, before a frame is decoded."""
    size = stream.codec_context.width, stream.codec_context.height
    return squared(size, float(aspect.stated or aspect.coded or 1))


def most_frames(size: Size, options: ImageOptions, wanted: int | None) -> int:
    """`wanted`, or as many as fit beside a question where that is known to be fewer."""
    try:
        fitting = frames_that_fit(sizes_as_sent(size, options))
    except RegionError:  # told when a frame is cut
        fitting = None
    return min(wanted or MOST_FRAMES, fitting or MOST_FRAMES)


def longest(scenes: Sequence[tuple[float, float]], most: int) -> list[int]:
    """The places of that many of them at the most, those that last longest, in their order."""
    by_length = sorted(range(len(scenes)), key=lambda at: (-scenes[at][1], at))
    return sorted(by_length[:most])


def _wanted(blob: Blob, options: ImageOptions, fps: int | None, duration: float, frames: int) -> int:
    wanted = options.frame_count or USUAL_FRAMES
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
        if reached > declared + _SLACK:
            # Writers that leave out pictures which stand still add up how long the others last.
            declared = max(declared, _end(container, start + declared, stream) - start)
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
