"""A video opened with PyAV (FFmpeg): which demuxer, which stream, and its packets and frames without the empty ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ollama_vision.errors import ImageError

from ...blob import Blob
from ...cancellation import check_deadline
from ...formats.header import DamagedFile
from ...formats.integrity import check_video
from ...formats.kinds import ASF, FLV, MPEG_PS, MPEG_TS, OGG, Kind
from .integrity import check_by_header, check_last_page

WITHOUT_INDEX = frozenset({MPEG_TS, MPEG_PS, OGG, ASF, FLV})
"""Kinds in which a seek lands anywhere, also after the last frame that others build on, and times may begin anew."""
WITHOUT_DESCRIPTION = frozenset({MPEG_TS, MPEG_PS, FLV})
"""Kinds whose container says nothing of what its pictures are like: they do it themselves."""
_ALL = 48
"""FFmpeg's word for a stream of which nothing is wanted: sound is not put together then."""


@contextmanager
def opened(blob: Blob, kind: Kind) -> Iterator[Any]:
    """PyAV's container; what goes wrong with it is an ImageError that names the file."""
    try:
        import av
    except ImportError as error:
        raise blob.missing_extra(kind) from error
    try:
        with blob.open() as file:
            check_video(file, kind)
            check_by_header(file, kind)
            if kind is OGG:
                check_last_page(file)
            with av.open(file, format=kind.demuxer) as container:
                yield container
    except ImageError:
        raise
    except DamagedFile as error:
        raise blob.error(f"is {kind.phrase} that {error}", error.way_out, kind) from error
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise blob.error(f"is {kind.phrase} that cannot be decoded: {error}", "Save it anew.", kind) from error


def picture_stream(container: Any) -> Any:
    """The stream of pictures that a player shows. Raises DamagedFile when there is none that can be decoded.

    As FFmpeg's program chooses: the one marked as the default, then the one with the most pixels.
    """
    from av.stream import Disposition

    aside = Disposition.attached_pic | Disposition.timed_thumbnails
    films = [stream for stream in container.streams.video if not stream.disposition & aside]
    if not films and container.streams.audio:
        raise DamagedFile("has no pictures in it, only sound", "Put it into an AudioBlock, as WAV or MP3.")
    if not films:
        raise DamagedFile("has no pictures in it")
    decoded = [stream for stream in films if stream.codec_context is not None]
    if not decoded:
        raise DamagedFile("is coded in a way that this FFmpeg has no decoder for", "Save it as H.264 in MP4.")
    return max(
        decoded,
        key=lambda stream: (
            bool(stream.disposition & Disposition.default),
            stream.codec_context.width * stream.codec_context.height,
        ),
    )


def packets_of(container: Any, stream: Any) -> Iterator[Any]:
    """The packets from here to the end, then PyAV's last one, which makes the decoder give what it still holds."""
    for other in container.streams:
        if other is not stream and hasattr(other, "discard"):  # PyAV 18
            other.discard = _ALL
    for packet in container.demux(stream):
        check_deadline()
        yield packet


def frames_of(stream: Any, packet: Any) -> Iterator[Any]:
    """The whole frames that a packet completes."""
    # Of an empty packet the picture before is shown again; sent to a decoder it would mean the end.
    again = packet.size == 0 and packet.dts is not None
    if again or _theora_header(stream, packet) == _COMMENT:
        return
    for frame in packet.decode():
        if not frame.is_corrupt:
            yield frame


_COMMENT = 0x81
"""The one of Theora's three headers that decoders refuse when it comes in the middle of a file."""


def is_header(stream: Any, packet: Any) -> bool:
    """Whether it changes how the packets after it are decoded, and so must not be left out.

    Theora has three packets that hold no picture at the start of each piece of a chain; of other codecs such news
    comes as side data.
    """
    return _theora_header(stream, packet) != 0 or packet.has_sidedata("new_extradata")


def holds_picture(stream: Any, packet: Any) -> bool:
    return packet.dts is not None and not _theora_header(stream, packet)


def _theora_header(stream: Any, packet: Any) -> int:
    """Its first byte; 0 when it is none."""
    if stream.codec_context.name != "theora" or packet.size == 0:
        return 0
    first = memoryview(packet)[0]
    return first if first & 0x80 else 0
