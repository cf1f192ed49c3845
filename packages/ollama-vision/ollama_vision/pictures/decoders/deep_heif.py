"""AVIF and HEIC of 10 and 12 bits (HDR), of which Pillow's plugins give 8; those of 8 bits are decoded in decode.py."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO

from ..formats.kinds import AVIF, Kind
from ..frames import Size

if TYPE_CHECKING:
    from PIL import Image

Pair = tuple["Image.Image", "Image.Image"]
"""High and low bytes of 16-bit colour, both of mode RGB."""


def deep_colours(kind: Kind, file: BinaryIO, size: Size) -> Pair | None:
    """The primary picture as its decoder gives it, not cropped; AVIF is not turned.

    `None` when it has 8 bits, when it is put together of tiles, and for AVIF without the extra `video`: of the
    libraries at hand only FFmpeg hands all bits of AV1 out.
    """
    file.seek(0)
    return _by_ffmpeg(file, size) if kind is AVIF else _by_libheif(file, size)


def _by_ffmpeg(file: BinaryIO, size: Size) -> Pair | None:
    try:
        import av
    except ImportError:
        return None
    try:
        with av.open(file, "r", format="mov") as container:
            for stream in container.streams.video:
                if stream.disposition & av.stream.Disposition.default and (stream.width, stream.height) == size:
                    frame: Any = next(container.decode(stream))
                    if (frame.width, frame.height) != size or frame.format.components[0].bits <= 8:
                        return None
                    plane = frame.reformat(format="rgb48le").planes[0]
                    return _bytes_apart(bytes(plane), size, plane.line_size)
    except (av.FFmpegError, StopIteration, ValueError):
        return None
    return None


def _by_libheif(file: BinaryIO, size: Size) -> Pair | None:
    import pillow_heif

    deep: Any = pillow_heif.open_heif(io.BytesIO(file.read()), convert_hdr_to_8bit=False)
    if deep.mode not in ("RGB;16", "RGBA;16") or deep.size != size:
        return None
    # What libheif gives is scaled to 16 bits.
    return _bytes_apart(bytes(deep.data), size, deep.stride, len(deep.mode) - 3)


def _bytes_apart(data: bytes, size: Size, stride: int, channels: int = 3) -> Pair:
    from PIL import Image as pil

    mode = "RGB" if channels == 3 else "RGBA"
    high, low = (
        pil.frombytes(mode, size, data[first::2], "raw", mode, stride // 2, 1).convert("RGB") for first in (1, 0)
    )
    return high, low
