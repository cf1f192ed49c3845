"""SGI decoder (Silicon Graphics, .rgb): Pillow refuses run-length coded ones of other writers.

FFmpeg's are such ("buffer overrun when reading image file", Pillow 13.0); and of 16 bits it gives the high bytes alone.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from PIL import Image, ImageFile

from ..formats.header import DamagedFile

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_HEADER = 512
_INSIDE = "is cut short: it ends inside its picture data"


class SgiFile(ImageFile.ImageFile):
    """Opened as Pillow's own are: the header at once, the pixels with `load`. Raises DamagedFile."""

    format = "SGI"
    low_bytes: Callable[[], Image.Image] | None = None
    """Of 16-bit colour, of which the image has the high bytes: gives the low ones as RGB."""

    def _open(self) -> None:
        file = self._file = cast("BinaryIO", self.fp)
        head = file.read(_HEADER)
        if len(head) < _HEADER:
            raise DamagedFile("is cut short: it ends inside its header")
        coded, self._wide, dimension, width, height, depth = struct.unpack_from(">BBHHHH", head, 2)
        (colours,) = struct.unpack_from(">I", head, 104)
        self._size = width, 1 if dimension == 1 else height
        self._depth = 1 if dimension < 3 else depth
        if colours or coded > 1 or self._wide not in (1, 2) or self._depth not in _MODES:
            kind = "a palette or dithering" if colours else f"{self._depth} channels of {self._wide} bytes"
            raise DamagedFile(f"has {kind}, which cannot be read here", "ImageMagick may: `convert IN OUT.png`.")
        self._mode = _MODES[self._depth]
        if self._wide == 2:
            self._mode = {1: "I;16", 2: "RGBA"}.get(self._depth, self._mode)
            if self._depth > 1:
                self.low_bytes = self._low_bytes
        self._rows = self._table(file, coded=bool(coded))
        self._coded = bool(coded)

    def _table(self, file: BinaryIO, *, coded: bool) -> list[tuple[int, int]]:
        """Where each row of each channel begins, and how long it is."""
        width, height = self._size
        end, count = file.seek(0, 2), height * self._depth
        if coded:
            file.seek(_HEADER)
            if _HEADER + 8 * count > end:
                raise DamagedFile(_INSIDE)
            numbers = struct.unpack(f">{2 * count}I", file.read(8 * count))
            rows = list(zip(numbers[:count], numbers[count:], strict=True))
        else:
            length = width * self._wide
            rows = [(_HEADER + row * length, length) for row in range(count)]
        if any(start + length > end for start, length in rows):
            raise DamagedFile(_INSIDE)
        return rows

    def load(self) -> Any:
        if self._im is None:
            if self.mode == "I;16":
                plane = self._channels(slice(None))[0]
                image = Image.frombytes("I;16", self.size, plane, "raw", "I;16B", 0, -1)
            else:
                image = self._merged(slice(0, None, self._wide))
            self.im = image.im
        return Image.Image.load(self)

    def _low_bytes(self) -> Image.Image:
        return self._merged(slice(1, None, 2)).convert("RGB")

    def _merged(self, part: slice) -> Image.Image:
        bands = [Image.frombytes("L", self.size, data, "raw", "L", 0, -1) for data in self._channels(part)]
        image = bands[0] if len(bands) == 1 else Image.merge(_MODES[self._depth], bands)
        return image if self.mode == image.mode else image.convert(self.mode)

    def _channels(self, part: slice) -> list[bytes]:
        """Of each channel the samples, or their high or low bytes, from the lowest row up."""
        height = self._size[1]
        rows = [self._row(start, length)[part] for start, length in self._rows]
        return [b"".join(rows[at : at + height]) for at in range(0, len(rows), height)]

    def _row(self, start: int, length: int) -> bytes:
        self._file.seek(start)
        data = self._file.read(length)
        return _expanded(data, self._size[0], self._wide) if self._coded else data


def _expanded(data: bytes, width: int, wide: int) -> bytes:
    """A run-length coded row. A sample has `wide` bytes, and so has each count."""
    row, at, needed = bytearray(), 0, width * wide
    while len(row) < needed and at + wide <= len(data):
        told = data[at + wide - 1]
        count, at = (told & 0x7F) * wide, at + wide
        if not count:
            break
        if told & 0x80:
            row += data[at : at + count]
            at += count
        else:
            row += data[at : at + wide] * (count // wide)
            at += wide
    if len(row) != needed:
        raise DamagedFile("is broken: one of its rows is not as long as the others")
    return bytes(row)
