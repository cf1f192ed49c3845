"""JPEG 2000 decoder (ISO 15444-1): Pillow's, with the check that all tile-parts are there, profile and bit depth."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from ..formats.header import ByteReader, DamagedFile
from ..frames import Size
from ..render.levels import shifted

if TYPE_CHECKING:
    from PIL import Image

_HEADER, _INSIDE = "its header", "its picture data"
_SOC, _SIZ, _COD, _SOT, _EOC = 0xFF4F, 0xFF51, 0xFF52, 0xFF90, 0xFFD9
_ENUMERATED, _RESTRICTED_ICC, _ANY_ICC = 1, 2, 3
_SPACES = (0, 12, 15, 16, 17, 18)
"""Black and white, CMYK, sRGB, grey, sYCC."""
_IMAGEMAGICK = "Convert it first, for example with ImageMagick: `convert IN -depth 8 OUT.png`."


@dataclass(frozen=True)
class _Codestream:
    size: Size
    bits: int
    """Of the deepest channel."""
    lossy: bool
    """Whether its wavelet is the irreversible one."""


class _AsStored(Jpeg2KImageFile):
    """Grey of 9 to 15 bits with its values as they are stored: Pillow scales them to 16."""

    bits = 16

    def load_end(self) -> None:
        super().load_end()
        if self.mode == "I;16" and self.bits < 16:
            self.im = shifted(self._new(self.im), self.bits - 16).im


def open_jpeg2000(file: BinaryIO) -> Image.Image:
    """Opened, not decoded. Raises DamagedFile, and whatever Pillow raises."""
    stream, profile = _proven(file)
    size = stream.size
    file.seek(0)
    image = _AsStored(file)
    image.bits = max(stream.bits, 9)
    if image.size != size:
        raise DamagedFile(f"is broken: it is {size[0]}x{size[1]}, and its header says {image.size[0]}x{image.size[1]}")
    image.info["lossy"] = stream.lossy
    if profile:
        image.info["icc_profile"] = profile
    return image


def _proven(file: BinaryIO) -> tuple[_Codestream, bytes]:
    """What is in a file that is whole, and its ICC profile."""
    end, walker = file.seek(0, 2), ByteReader(file)
    walker.seek(0)
    if walker.take(4, _HEADER) == b"\xff\x4f\xff\x51":
        return _codestream(walker, 0, end), b""
    profile = b""
    for name, start, stop in _boxes(walker, 0, end):
        if name == b"jp2h":
            profile = _profile(walker, start, stop)
        elif name == b"jp2c":
            return _codestream(walker, start, stop), profile
    raise DamagedFile("is cut short: it ends before any picture")


def _boxes(walker: ByteReader, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while at + 8 <= end:
        walker.seek(at)
        length, name = struct.unpack(">I4s", walker.take(8, _HEADER))
        start = at + 8
        if length == 1:
            length, start = struct.unpack(">Q", walker.take(8, _HEADER))[0], at + 16
        stop = end if length == 0 else at + length
        if stop < start:
            raise DamagedFile("is broken: a part of it claims to be shorter than its own length field")
        if stop > end:
            raise DamagedFile(f"is cut short: it ends inside {_INSIDE if name == b'jp2c' else _HEADER}")
        yield name, start, stop
        at = stop


def _profile(walker: ByteReader, at: int, end: int) -> bytes:
    for name, start, stop in _boxes(walker, at, end):
        if name == b"colr" and stop - start > 3:
            walker.seek(start)
            method = walker.take(3, _HEADER)[0]
            if method == _ENUMERATED and stop - start >= 7:
                _check_colours(struct.unpack(">I", walker.take(4, _HEADER))[0])
                return b""
            return walker.take(stop - start - 3, _HEADER) if method in (_RESTRICTED_ICC, _ANY_ICC) else b""
    return b""


def _check_colours(space: int) -> None:
    if space not in _SPACES:
        raise DamagedFile(f"has colours of a kind (number {space}) that cannot be shown here", _IMAGEMAGICK)


def _size(siz: bytes) -> tuple[Size, int]:
    """Width and height, and bits of a channel. Raises DamagedFile for what Pillow would misread."""
    _, width, height, left, top, *_, count = struct.unpack_from(">HIIIIIIIIH", siz)
    components = [struct.unpack_from("BBB", siz, 36 + 3 * index) for index in range(count)]
    if any(precision & 0x80 for precision, _, _ in components):
        raise DamagedFile(
            "has values below zero, which have no natural brightness", "Scale them to 8 bit, 0 to 255, first."
        )
    if any((across, down) != (1, 1) for _, across, down in components):
        # Pillow 13.0 gives other colours then.
        raise DamagedFile("has colours at half its size, which Pillow misreads", _IMAGEMAGICK)
    bits = max((precision + 1 for precision, _, _ in components), default=8)
    if count > 1 and bits > 8:
        # Pillow 13.0 rounds up, beyond 255, and what is white comes out black.
        raise DamagedFile("has more than 8 bits a channel in colour, which Pillow misreads", _IMAGEMAGICK)
    return (width - left, height - top), bits


def _codestream(walker: ByteReader, at: int, end: int) -> _Codestream:
    """Walks markers and tile-parts to the end mark."""
    walker.seek(at)
    if struct.unpack(">H", walker.take(2, _HEADER))[0] != _SOC:
        raise DamagedFile("is broken: its codestream does not begin as one")
    at += 2
    size, bits, lossy = None, 8, False
    while True:
        if at + 4 > end:
            # The end mark has two bytes, every other part more.
            walker.seek(at)
            if at + 2 <= end and struct.unpack(">H", walker.take(2, _INSIDE))[0] == _EOC and size:
                return _Codestream(size, bits, lossy)
            raise DamagedFile(f"is cut short: it ends inside {_INSIDE}")
        walker.seek(at)
        marker, length = struct.unpack(">HH", walker.take(4, _INSIDE))
        if marker == _EOC and size:
            return _Codestream(size, bits, lossy)
        if marker == _SIZ:
            size, bits = _size(walker.take(length - 2, _HEADER))
        if marker == _COD:
            lossy = walker.take(10, _HEADER)[9] == 0
        if marker == _SOT:
            _, length = struct.unpack(">HI", walker.take(6, _INSIDE))
            if length == 0:  # this part goes on to the end mark
                walker.seek(end - 2)
                if size and struct.unpack(">H", walker.take(2, _INSIDE))[0] == _EOC:
                    return _Codestream(size, bits, lossy)
                raise DamagedFile(f"is cut short: it ends inside {_INSIDE}")
            if length < 12:
                raise DamagedFile("is broken: a part of it claims to be shorter than its own header")
            at += length
        elif marker >> 8 != 0xFF or length < 2:
            raise DamagedFile("is broken: there is something between its parts that is none")
        else:
            at += 2 + length
        if at > end:
            raise DamagedFile(f"is cut short: it ends inside {_INSIDE}")
