"""TIFF's directories (IFDs) and their tags, classic and BigTIFF, in both byte orders: nothing but numbers and text.

Knows no pixels and no Pillow. Everything is bounded: the number of directories, of entries in one, and of values, none
of which may lie outside the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import BinaryIO

from .header import DamagedFile

NEW_SUBFILE, OLD_SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 255, 256, 257, 258, 259, 262
FILL_ORDER, DESCRIPTION, STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP = 266, 270, 273, 274, 277, 278
STRIP_COUNTS, X_RESOLUTION, Y_RESOLUTION, PLANAR, T4_OPTIONS, T6_OPTIONS = 279, 282, 283, 284, 292, 293
RESOLUTION_UNIT, PREDICTOR, COLOUR_MAP, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS = (
    296, 317, 320, 322, 323, 324, 325,
)  # fmt: skip
EXTRA_SAMPLES, SAMPLE_FORMAT, JPEG_TABLES, YCBCR_COEFFICIENTS, YCBCR_SUBSAMPLING, YCBCR_POSITIONING = (
    338, 339, 347, 529, 530, 531,
)  # fmt: skip
OLD_JPEG = (512, 513, 514, 515, 519, 520, 521)
OLD_JPEG_OFFSETS = (513, 519, 520, 521)
REFERENCE_BLACK_WHITE, IMAGE_DEPTH, TILE_DEPTH, UIC2, LEAF, PROFILE, NODATA = (
    532, 32997, 32998, 33629, 34310, 34675, 42113,
)  # fmt: skip

MOST_DIRECTORIES = 65_535
MOST_ENTRIES = 4_096
"""Of one directory; what libtiff takes for a sane one."""

# Type -> struct's letter and how many of them make one value.
_TYPES = {
    1: ("B", 1), 2: ("s", 1), 3: ("H", 1), 4: ("I", 1), 5: ("I", 2), 6: ("b", 1), 7: ("s", 1), 8: ("h", 1),
    9: ("i", 1), 10: ("i", 2), 11: ("f", 1), 12: ("d", 1), 13: ("I", 1), 16: ("Q", 1), 17: ("q", 1), 18: ("Q", 1),
    129: ("s", 1),  # EXIF 3's text in UTF-8
}  # fmt: skip
_RATIONALS = (5, 10)
_IN_HEADER = "is cut short: it ends inside its header"
_IN_TAGS = "is cut short: it ends inside its tags"


@dataclass(frozen=True)
class TiffFile:
    """An open file and how its numbers are written."""

    file: BinaryIO
    size: int
    order: str
    """`<` or `>`, as struct takes it."""
    big: bool

    @classmethod
    def of(cls, file: BinaryIO) -> TiffFile:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        if order is None or len(head) < 8:
            raise DamagedFile(_IN_HEADER)
        return cls(file, size, order, struct.unpack(f"{order}H", head[2:4])[0] == 43)

    def first(self) -> int:
        """Where the first directory is."""
        return int(self._unpack("Q" if self.big else "I", self.read(8 if self.big else 4, 8 if self.big else 4)))

    def read(self, offset: int, count: int, what: str = _IN_TAGS) -> bytes:
        if offset + count > self.size:
            raise DamagedFile(what)
        self.file.seek(offset)
        data = self.file.read(count)
        if len(data) < count:
            raise DamagedFile(what)
        return data

    def _unpack(self, letter: str, data: bytes) -> int:
        return int(struct.unpack(self.order + letter, data)[0])

    def directory(self, offset: int) -> Directory:
        """The directory that begins there. Raises DamagedFile."""
        counted, entry, pointer = ("Q", 20, "Q") if self.big else ("H", 12, "I")
        width = struct.calcsize(counted)
        count = self._unpack(counted, self.read(offset, width))
        if not 0 < count <= MOST_ENTRIES:
            raise DamagedFile(f"is broken: one of its pages has {count:,} tags")
        table = self.read(offset + width, entry * count)
        entries: dict[int, Entry] = {}
        for tag, kind, values, place in struct.iter_unpack(f"{self.order}HH{'Q8s' if self.big else 'I4s'}", table):
            # libtiff takes the first where a tag is there twice.
            entries.setdefault(tag, Entry(kind, values, place))
        following = self._unpack(pointer, self.read(offset + width + entry * count, struct.calcsize(pointer)))
        return Directory(self, offset, entries, following)

    def directories(self) -> tuple[list[Directory], bool]:
        """The chain of directories, and whether it leads back into itself, where it is taken to end.

        Raises DamagedFile when one lies outside the file, or when there are too many.
        """
        found: list[Directory] = []
        seen: set[int] = set()
        offset = self.first()
        while offset and offset not in seen:
            if len(found) == MOST_DIRECTORIES:
                raise DamagedFile(
                    f"has more than {MOST_DIRECTORIES:,} pages", "Split it first: tiffcp in.tif,0 first.tif takes one."
                )
            seen.add(offset)
            found.append(self.directory(offset))
            offset = found[-1].following
        if not found:
            raise DamagedFile("is cut short: it has no page")
        return found, bool(offset)


@dataclass(frozen=True)
class Entry:
    """One tag of a directory, its values not read yet."""

    kind: int
    count: int
    place: bytes
    """The values themselves, when they fit; else where in the file they are."""


@dataclass(frozen=True)
class Directory:
    """The tags of one page."""

    tiff: TiffFile
    offset: int
    entries: dict[int, Entry] = field(repr=False)
    following: int
    """Where the next directory is; 0 after the last."""

    def __contains__(self, tag: int) -> bool:
        return tag in self.entries

    def data(self, tag: int, most: int | None = None) -> bytes:
        """The bytes of a tag, no more than `most`; none when it is not there. Raises DamagedFile."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in _TYPES:
            return b""
        letter, each = _TYPES[entry.kind]
        length = struct.calcsize(letter) * each * entry.count
        if length <= len(entry.place):
            return entry.place[:length]
        offset = int(struct.unpack(self.tiff.order + ("Q" if self.tiff.big else "I"), entry.place)[0])
        if offset + length > self.tiff.size:
            raise DamagedFile(_IN_TAGS)
        return self.tiff.read(offset, length if most is None else min(length, most))

    def values(self, tag: int, most: int | None = None) -> tuple[float, ...]:
        """The numbers of a tag, no more than `most`; rationals as quotients, `nan` where by 0. Raises DamagedFile."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in _TYPES:
            return ()
        letter, each = _TYPES[entry.kind]
        letter = "B" if letter == "s" else letter
        width = struct.calcsize(letter) * each
        data = self.data(tag, None if most is None else most * width)
        numbers = struct.unpack(f"{self.tiff.order}{len(data) // struct.calcsize(letter)}{letter}", data)
        if entry.kind not in _RATIONALS:
            return numbers
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return tuple(above / below if below else float("nan") for above, below in pairs)

    def whole_numbers(self, tag: int, most: int | None = None) -> tuple[int, ...]:
        """The same of a tag that holds counts or codes; none when it holds anything else."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind in (*_RATIONALS, 11, 12):
            return ()
        return tuple(map(int, self.values(tag, most)))

    def number(self, tag: int, otherwise: int) -> int:
        """The first number of a tag."""
        return next(iter(self.whole_numbers(tag, 1)), otherwise)

    def text(self, tag: int, most: int = 1 << 20) -> str:
        """A text tag up to its NUL."""
        return self.data(tag, most).partition(b"\0")[0].decode("utf-8", "replace")
