"""File headers: what a JPEG or PNG says of itself, a reader that notices the end, and the error for a damaged file."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Literal

from ..frames import Size

PIECE = 1 << 18
"""Bytes read at a time."""


class DamagedFile(ValueError):
    """The file is cut short or broken; says how, to follow after the picture's name, and what to do."""

    def __init__(self, problem: str, way_out: str = "Get the whole file again, or save it anew.") -> None:
        super().__init__(problem)
        self.way_out = way_out


@dataclass(frozen=True)
class FileHeader:
    """What the headers of a JPEG or PNG file say, once all of it was walked through."""

    size: Size
    """Width and height as stored."""
    orientation: int
    """EXIF orientation, 1 to 8; 1 also when the file says nothing, or nonsense."""
    colours: Literal["grey", "rgb", "other"]
    baseline: bool
    """8-bit, no alpha, palette or CMYK: what Ollama's decoder (stb_image) shows as intended."""
    profile: bytes | None = None
    """The ICC profile."""
    animated: bool = False
    transparent: tuple[int, ...] | None = None
    """The grey or colour that stands for transparent; values of less than 8 bits are scaled to 8."""


class ByteReader:
    """Reads a file forwards, and raises DamagedFile where it ends too early."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def take(self, count: int, part: str) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise DamagedFile(f"is cut short: it ends inside {part}")
        return data

    def some(self, count: int) -> bytes:
        """Up to `count` bytes; none at the end."""
        return self._file.read(count)

    def skip(self, count: int, part: str) -> None:
        if count:
            # Seeking beyond the end succeeds; reading the last byte does not.
            self._file.seek(count - 1, 1)
            self.take(1, part)

    def ends_with(self, last: bytes) -> bool:
        """Whether these are the file's last bytes; moves there."""
        self._file.seek(-len(last), 2)
        return self._file.read(len(last)) == last

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, position: int) -> None:
        self._file.seek(position)


def exif_orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, in an EXIF block; 1 when it has none, or none that means anything."""
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, first)
        for entry in range(first + 2, first + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == 0x0112:
                return value if kind == 3 and 1 <= value <= 8 else 1
    except struct.error:  # the block points outside itself: such EXIF turns nothing, in any viewer
        return 1
    return 1
