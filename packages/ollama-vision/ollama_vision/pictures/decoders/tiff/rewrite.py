"""A small TIFF with a directory of our own around the pixel data of another: what Pillow, or libtiff in it, decodes.

Pillow chooses by a table of tags in which much that is valid is missing, and some is wrong; both read on in files of
many pages what nobody asked for. They are given one page at a time, in the tags that they take.
"""

from __future__ import annotations

import io
import struct
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from ...formats import tiff_tags as tags
from ...formats.header import DamagedFile
from ...formats.tiff_tags import TiffFile
from .page import Block

if TYPE_CHECKING:
    from PIL import Image

SHORT, LONG, UNDEFINED, FLOAT = 3, 4, 7, 11
Fields = Mapping[int, tuple[int, Sequence[float] | bytes]]
"""Tag -> type and values."""

_LETTERS = {SHORT: "H", LONG: "I", FLOAT: "f"}
_CLOSE = 1 << 16
"""Pieces of a file that lie no further apart are read in one go."""
_CUT = "is cut short: it ends inside its picture data"
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def open_rewritten(
    tiff: TiffFile, fields: Fields, blocks: Sequence[Block], *, tiled: bool, order: str, bits_reversed: bool = False
) -> Image.Image:
    """Pillow's picture, not decoded yet, of these blocks as the whole of a page that is described by `fields`."""
    from PIL.TiffImagePlugin import TiffImageFile

    file = _spliced(tiff, dict(fields), blocks, tiled=tiled, order=order, bits_reversed=bits_reversed)
    return TiffImageFile(cast(BinaryIO, file))


def open_in_place(tiff: TiffFile, offset: int, fields: Fields, order: str) -> Image.Image:
    """The same of a compressed page of which libtiff can read the directory at that offset as it is.

    Then it reads the file itself, which saves a copy in memory (a seventh of the time of 12 megapixels in LZW); only
    what Pillow's table has to know is rewritten.
    """
    from PIL.TiffImagePlugin import TiffImageFile

    return TiffImageFile(cast(BinaryIO, _InPlace(tiff, offset, _directory(fields, order, at=offset))))


def open_beside(tiff: TiffFile, fields: Fields) -> Image.Image:
    """The same of a page whose fields point into the file (old-style JPEG): the whole file comes along."""
    from PIL.TiffImagePlugin import TiffImageFile

    pieces = [_Piece(0, tiff.size)]
    shift = len(_directory(fields, tiff.order))
    moved = {
        tag: (kind, [int(value) + shift for value in values])
        if tag in (*tags.OLD_JPEG_OFFSETS, tags.STRIP_OFFSETS, tags.TILE_OFFSETS) and not isinstance(values, bytes)
        else (kind, values)
        for tag, (kind, values) in fields.items()
    }
    return TiffImageFile(cast(BinaryIO, _Spliced(tiff, _directory(moved, tiff.order), pieces)))


def _spliced(
    tiff: TiffFile,
    fields: dict[int, tuple[int, Sequence[float] | bytes]],
    blocks: Sequence[Block],
    *,
    tiled: bool,
    order: str,
    bits_reversed: bool,
) -> _Spliced:
    where, lengths = (tags.TILE_OFFSETS, tags.TILE_COUNTS) if tiled else (tags.STRIP_OFFSETS, tags.STRIP_COUNTS)
    fields[where] = (LONG, [0] * len(blocks))
    fields[lengths] = (LONG, [block.length for block in blocks])
    pieces = _merged(blocks)
    begin = len(_directory(fields, order))
    starts, at = [], begin
    for piece in pieces:
        starts.append(at - piece.offset)
        at += piece.length
    if at >= 1 << 32:
        raise DamagedFile("is larger than 4 GB in one page", "Cut it first: gdal_translate -srcwin 0 0 4096 4096.")
    offsets = [piece.offset for piece in pieces]
    fields[where] = (LONG, [block.offset + starts[bisect_right(offsets, block.offset) - 1] for block in blocks])
    return _Spliced(tiff, _directory(fields, order), pieces, bits_reversed)


@dataclass(frozen=True)
class _Piece:
    offset: int
    length: int


def _merged(blocks: Sequence[Block]) -> list[_Piece]:
    """The pieces of the file in which the blocks lie, none twice: never more than the file."""
    pieces: list[list[int]] = []
    for block in sorted(blocks, key=lambda each: each.offset):
        end = block.offset + block.length
        if pieces and block.offset <= pieces[-1][1] + _CLOSE:
            pieces[-1][1] = max(pieces[-1][1], end)
        else:
            pieces.append([block.offset, end])
    return [_Piece(start, end - start) for start, end in pieces]


def _directory(fields: Fields, order: str, at: int = 8) -> bytes:
    """Header and directory of a classic TIFF; as long as its fields are, whatever their values.

    The directory follows upon the header, and says that it is `at` another place.
    """
    table = struct.pack(f"{order}H", len(fields))
    behind = at + 2 + 12 * len(fields) + 4
    values = b""
    for tag, (kind, given) in sorted(fields.items()):
        data = given if isinstance(given, bytes) else struct.pack(f"{order}{len(given)}{_LETTERS[kind]}", *given)
        count = len(given)
        if len(data) > 4:
            place = struct.pack(f"{order}I", behind + len(values))
            values += data + b"\0" * (len(data) % 2)
        else:
            place = data.ljust(4, b"\0")
        table += struct.pack(f"{order}HHI", tag, kind, count) + place
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", at)
    return start + table + b"\0" * 4 + values


class _Readable(io.RawIOBase):
    """A file that is put together while it is read, as far as Pillow reads it itself."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + {0: 0, 1: self._at, 2: self._size}[whence])
        return self._at


class _InPlace(_Readable):
    """The header and directory that Pillow reads, in the place of those of a file that libtiff reads itself."""

    def __init__(self, tiff: TiffFile, offset: int, head: bytes) -> None:
        super().__init__(tiff.size)
        self._file, self._offset, self._head = tiff.file, offset, head
        if isinstance(tiff.file, io.BytesIO):
            self.getvalue = tiff.file.getvalue

    def fileno(self) -> int:
        return self._file.fileno()

    def read(self, size: int | None = -1, /) -> bytes:
        start = self._at if self._at < 8 else self._at - self._offset + 8
        data = self._head[start : len(self._head) if size is None or size < 0 else start + size]
        self._at += len(data)
        return data


class _Spliced(_Readable):
    """Reads as a file of a head of its own and pieces of another one. libtiff gets it in one read, in memory."""

    def __init__(self, tiff: TiffFile, head: bytes, pieces: Sequence[_Piece], bits_reversed: bool = False) -> None:
        self._tiff, self._head, self._pieces, self._reversed = tiff, head, pieces, bits_reversed
        self._starts = [0, len(head)]
        for piece in pieces:
            self._starts.append(self._starts[-1] + piece.length)
        super().__init__(self._starts[-1])

    def read(self, size: int | None = -1, /) -> bytes:
        """As much as is wanted, up to the next seam."""
        if size is None or size < 0:
            return self.readall()
        if self._at >= self._size:
            return b""
        index = bisect_right(self._starts, self._at) - 1
        within = self._at - self._starts[index]
        size = min(size, self._starts[index + 1] - self._at)
        if index == 0:
            data = self._head[within : within + size]
        else:
            data = self._tiff.read(self._pieces[index - 1].offset + within, size, _CUT)
            if self._reversed:
                data = data.translate(_REVERSED)
        self._at += size
        return data

    def readall(self) -> bytes:
        whole = bytearray(self._size - self._at)
        view = memoryview(whole)
        head = self._head[self._at :]
        view[: len(head)] = head
        done = len(head)
        for start, piece in zip(self._starts[1:], self._pieces, strict=False):
            skipped = max(0, self._at - start)
            if skipped < piece.length:
                self._fill(view[done : done + piece.length - skipped], piece.offset + skipped)
                done += piece.length - skipped
        self._at = self._size
        # As it is: Pillow passes any buffer on, and a copy would double what a large page takes.
        return cast(bytes, whole)

    def _fill(self, target: memoryview, offset: int) -> None:
        file = cast(io.BufferedIOBase, self._tiff.file)
        file.seek(offset)
        filled = 0
        while filled < len(target):
            count = file.readinto(target[filled:])
            if not count:
                raise DamagedFile(_CUT)
            filled += count
        if self._reversed:
            target[:] = bytes(target).translate(_REVERSED)
