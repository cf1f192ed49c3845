"""GIF's blocks, walked to their end: its frames, their palettes and disposal methods."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from ..frames import Size
from .header import ByteReader, DamagedFile

_HEADER, _PICTURE = "its header", "its picture data"
_CONTROL = b"\xf9"
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
