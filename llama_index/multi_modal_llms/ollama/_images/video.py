"""Videos as a handful of evenly spaced frames: Ollama takes no video, and models see frames anyway."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import ImageError
from .anatomy import Damaged
from .containers import prove_video
from .convert import Raster
from .decoding import Leaves
from .formats import AVIF, GIF, MPEG_PS, MPEG_TS, OGG, VIDEOS, WEBP, Kind
from .material import Material
from .options import ImageOptions
from .pictures import check_size, pictures_of, refuse_kind, rendered, whole
from .prepared import PreparedImage
from .sources import of_fields

USUAL_FRAMES = 8
"""At the default size they cost what eight pictures cost; more needs a larger context anyway."""
MOST_BY_RATE = 64
"""A block's `fps` may ask for so many frames; more have to be asked for by number."""


def video_block(block: Any, options: ImageOptions, *, where: str) -> list[PreparedImage]:
    """A VideoBlock as `options.frames` frames, or as many as its `fps` asks for, or 8. Raises ImageError."""
    material = of_fields(block.video, block.path, block.url, options, where=where, name="VideoBlock")
    kind = material.kind()
    if kind in (GIF, WEBP, AVIF):
        return pictures_of(material, options.model_copy(update={"frames": options.frames or USUAL_FRAMES}))
    if kind.family == "picture":
        raise material.refuse(f"is {kind.phrase}, not a video", "Put it into an ImageBlock.", kind)
    return list(video_frames(material, options, block.fps))


def video_frames(
    material: Material, options: ImageOptions, fps: int | None = None, only: Container[int] | None = None
) -> Iterator[PreparedImage]:
    """Its frames, one at a time: those whose numbers are in `only`. Raises ImageError."""
    kind = material.kind()
    with _opened(material, kind) as container:
        survey = _survey(container, material, kind, options, fps)
        for raster in _frames(container, survey, material, kind):
            if only is None or raster.page in only:
                yield whole(material, rendered(raster, options))


def video_leaves(material: Material, options: ImageOptions) -> Leaves:
    """Which frames `video_frames` will give, as far as the file says: one that does not say how many frames it has
    may have fewer. Raises ImageError."""
    kind = material.kind()
    with _opened(material, kind) as container:
        wanted = _survey(container, material, kind, options, None).wanted
    return Leaves(wanted, tuple(range(1, wanted + 1)))


@contextmanager
def _opened(material: Material, kind: Kind) -> Iterator[Any]:
    """PyAV's container; what goes wrong with it is an ImageError that names the file."""
    if kind not in VIDEOS:
        raise refuse_kind(material, kind, asked="video")
    try:
        import av
    except ImportError as error:
        raise material.lacks(kind) from error
    try:
        with material.open() as file:
            prove_video(file, kind)
            with av.open(file, format=kind.demuxer) as container:
                yield container
    except ImageError:
        raise
    except Damaged as error:
        raise material.refuse(f"is {kind.phrase} that {error}", error.way_out, kind) from error
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise material.refuse(f"is {kind.phrase} that cannot be decoded: {error}", "Save it anew.", kind) from error


@dataclass(frozen=True)
class _Survey:
    """What is known of a video before a frame is decoded."""

    stream: Any
    start: float
    duration: float
    """In seconds, like `start`."""
    wanted: int
    """So many frames are to be taken."""


def _survey(container: Any, material: Material, kind: Kind, options: ImageOptions, fps: int | None) -> _Survey:
    if not container.streams.video:
        raise Damaged("has no pictures in it, only sound", "Put it into an AudioBlock, as WAV or MP3.")
    stream = container.streams.video[0]
    check_size(material, (stream.codec_context.width, stream.codec_context.height), options, kind)
    start, duration = _span(container, stream)
    return _Survey(stream, start, duration, _wanted(material, options, fps, duration, stream.frames))


def _frames(container: Any, survey: _Survey, material: Material, kind: Kind) -> Iterator[Raster]:
    stream, start, duration, wanted = survey.stream, survey.start, survey.duration, survey.wanted
    last: int | None = None
    times = [start + (index + 0.5) * duration / wanted for index in range(wanted)]
    # Without an index a seek lands anywhere, also after the last frame that others build on.
    find = _frames_in_turn if kind in (MPEG_TS, MPEG_PS, OGG) else _frames_by_seeking
    for index, (at, frame) in enumerate(zip(times, find(container, stream, times), strict=True)):
        seconds = float(frame.time or 0.0) - start
        if at - start - seconds > duration / wanted / 2 + 1.0:
            raise Damaged(f"is cut short: it says it lasts {duration:.1f} s and ends at {seconds:.1f} s")
        if frame.pts is not None and frame.pts == last:
            continue  # fewer frames than were asked for
        last = frame.pts
        yield _raster(frame, stream, material, index + 1, wanted, seconds)


def _span(container: Any, stream: Any) -> tuple[float, float]:
    """Start and duration in seconds."""
    import av

    start = float(stream.start_time * stream.time_base) if stream.start_time is not None else 0.0
    if stream.duration is not None and stream.duration > 0:
        return start, float(stream.duration * stream.time_base)
    if container.duration is not None and container.duration > 0:
        return start, container.duration / av.time_base
    # Recordings that were cut off, and streams, do not say: their packets do.
    last = max((packet.pts for packet in container.demux(stream) if packet.pts is not None), default=0)
    return start, max(float(last * stream.time_base) - start, 0.0)


def _wanted(material: Material, options: ImageOptions, fps: int | None, duration: float, frames: int) -> int:
    wanted = options.frames or USUAL_FRAMES
    if options.frames is None and fps:
        wanted = max(1, round(duration * fps))
        if wanted > MOST_BY_RATE:
            raise material.refuse(
                f"lasts {duration:.0f} s, which at fps={fps} makes {wanted} pictures",
                f"More than {MOST_BY_RATE} have to be asked for: ImageOptions(frames={wanted}), or a lower fps.",
            )
    return min(wanted, frames) if frames > 0 else wanted


def _frames_by_seeking(container: Any, stream: Any, times: list[float]) -> Iterator[Any]:
    """For each time the frame that is shown then."""
    for at in times:
        container.seek(int(max(at, 0.0) / stream.time_base), stream=stream, backward=True)
        yield from _shown(container, stream, [at])


def _frames_in_turn(container: Any, stream: Any, times: list[float]) -> Iterator[Any]:
    """The same, by decoding the whole video once."""
    container.seek(0)
    yield from _shown(container, stream, times)


def _shown(container: Any, stream: Any, times: list[float]) -> Iterator[Any]:
    """From here on, the last whole frame at or before each time; the first or last one where there is none."""
    shown = None
    left = list(times)
    for frame in container.decode(stream):
        if frame.is_corrupt:
            continue
        shown = shown or frame
        while left and frame.time is not None and frame.time > left[0] + 1e-6:
            left.pop(0)
            yield shown
        if not left:
            return
        shown = frame
    if shown is None:
        raise Damaged(f"has no frame that can be decoded at {times[0]:.1f} s")
    for _ in left:
        yield shown


def _raster(frame: Any, stream: Any, material: Material, number: int, count: int, seconds: float) -> Raster:
    image = frame.to_image()
    steps = [f"frame {number} of {count} at {seconds:.1f} s"]
    aspect = stream.sample_aspect_ratio
    if aspect and aspect != 1:
        # Pixels that are not square: every viewer stretches them.
        image = image.resize((max(1, round(image.width * float(aspect))), image.height))
        steps.append("pixels made square")
    turned = _ORIENTATIONS.get(round(frame.rotation) % 360, 1)
    return Raster(image, material.where, material.source, turned, True, steps, number, seconds)


# What a display matrix turns, counter-clockwise, in EXIF's words.
_ORIENTATIONS = {90: 8, 180: 3, 270: 6}
