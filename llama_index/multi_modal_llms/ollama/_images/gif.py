"""GIF: its blocks, walked to their end, and its frames, laid over each other as browsers do.

Pillow composes frames too, but gives what no frame covers, and what is cleared again, a colour of the palette, and lets
a frame without a disposal method inherit that of the one before.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from .anatomy import ByteReader, DamagedFile
from .geometry import too_large
from .mapping import Size
from .options import ImageOptions

if TYPE_CHECKING:
    from PIL import Image

_HEADER, _PICTURE = "its header", "its picture data"
_CONTROL = b"\xf9"
_CLEAR, _BRING_BACK, _BRING_BACK_TOO = 2, 3, 4
_GREYS = bytes(value for value in range(256) for _ in range(3))


@dataclass(frozen=True)
class Frame:
    """One picture, and what is done with its place before the next one (`disposal`)."""

    at: tuple[int, int]
    size: Size
    palette: bytes
    interlaced: bool
    disposal: int
    key: int | None
    """The index that stands for transparent."""
    start: int
    end: int
    """Where its picture data are in the file."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        return (*self.at, self.at[0] + self.size[0], self.at[1] + self.size[1])

    @property
    def grey(self) -> bool:
        """Whether an index is its own brightness, as Pillow has it too."""
        return _GREYS.startswith(self.palette)

    def alone(self, file: BinaryIO) -> bytes:
        """This frame as a GIF file of its own size."""
        size = struct.pack("<HH", *self.size)
        bits = max(len(self.palette) // 3 - 1, 1).bit_length() - 1
        file.seek(self.start)
        return b"".join(
            (
                b"GIF89a" + size + bytes([0x80 | bits if self.palette else 0, 0, 0]) + self.palette,
                b"" if self.key is None else b"!\xf9\x04\x01\x00\x00" + bytes([self.key, 0]),
                b"," + bytes(4) + size + (b"\x40" if self.interlaced else b"\x00"),
                file.read(self.end - self.start) + b";",
            )
        )


@dataclass(frozen=True)
class Gif:
    screen: Size
    frames: tuple[Frame, ...]

    @property
    def size(self) -> Size:
        """Of the canvas: a first frame that is larger than the screen enlarges it, a later one is cut."""
        _, _, right, bottom = self.frames[0].box
        return max(self.screen[0], right), max(self.screen[1], bottom)


def walk_gif(walker: ByteReader) -> Gif:
    """The file's frames. Raises DamagedFile when it is cut short."""
    walker.seek(0)
    width, height, flags = struct.unpack_from("<HHB", walker.take(13, _HEADER), 6)
    shared = _palette(walker, flags, _HEADER)
    frames: list[Frame] = []
    control = b""
    while block := walker.some(1):
        if block == b"!":
            label = walker.take(1, _PICTURE)
            first = _first_of_blocks(walker)
            if label == _CONTROL and len(first) >= 4:
                control = first
        elif block == b",":
            *place, flags = struct.unpack("<4HB", walker.take(9, _PICTURE))
            palette = _palette(walker, flags, _PICTURE) or shared
            start = walker.tell()
            walker.take(1, _PICTURE)
            _first_of_blocks(walker)
            frames.append(
                Frame(
                    (place[0], place[1]),
                    (place[2], place[3]),
                    palette,
                    bool(flags & 0x40),
                    disposal=control[0] >> 2 & 7 if control else 0,
                    key=control[3] if control and control[0] & 1 else None,
                    start=start,
                    end=walker.tell(),
                )
            )
            control = b""
        else:
            # Its end, or no block: what comes after a last frame, decoders leave alone. Many leave the end out.
            break
    if not frames:
        raise DamagedFile("is cut short: it ends before any picture")
    return Gif((width, height), tuple(frames))


def _palette(walker: ByteReader, flags: int, part: str) -> bytes:
    return walker.take(3 << (flags & 7) + 1, part) if flags & 0x80 else b""


def _first_of_blocks(walker: ByteReader) -> bytes:
    """Takes a chain of blocks to its end, and gives the first of them."""
    first = b""
    while length := walker.take(1, _PICTURE)[0]:
        block = walker.take(length, _PICTURE)
        first = first or block
    return first


def covered(image: Any, options: ImageOptions) -> Image.Image | None:
    """The mask of the first frame's place on a canvas that it does not cover; `None` where Pillow sees to it."""
    from PIL import Image as pil

    extent = image.tile[0].extents
    if extent == (0, 0, *image.size) or "transparency" in image.info:
        return None
    _check_size(image.size, options)
    mask = pil.new("L", image.size)
    mask.paste(255, extent)
    return mask


def composed(
    file: BinaryIO, gif: Gif, numbers: Collection[int], options: ImageOptions
) -> Iterator[tuple[int, Image.Image]]:
    """What is seen at the frames of these numbers, counted from 1: transparent where nothing is. Raises DamagedFile."""
    from PIL import Image as pil

    _check_size(gif.size, options)
    grey = all(frame.grey for frame in gif.frames)
    canvas = pil.new("LA" if grey else "RGBA", gif.size)
    for number, frame in enumerate(gif.frames[: max(numbers)], 1):
        before = canvas.copy() if frame.disposal in (_BRING_BACK, _BRING_BACK_TOO) else None
        if all(frame.size):
            _check_size(frame.size, options)
            picture = _decoded(file, frame).convert(canvas.mode)
            canvas.paste(picture, frame.at, None if frame.key is None else picture.getchannel("A"))
        if number in numbers:
            bare = canvas.getchannel("A").getextrema() != (255, 255)
            yield number, canvas.copy() if bare else canvas.convert("L" if grey else "RGB")
        if before is not None:
            canvas = before
        elif frame.disposal == _CLEAR:
            canvas.paste((0,) * len(canvas.getbands()), frame.box)


def _decoded(file: BinaryIO, frame: Frame) -> Image.Image:
    from PIL.GifImagePlugin import GifImageFile

    return GifImageFile(io.BytesIO(frame.alone(file)))


def _check_size(size: Size, options: ImageOptions) -> None:
    if (bomb := too_large(size, options)) is not None:
        raise bomb
