"""JPEG parser: markers walked to the end, what the header says, and the check that the file is complete."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from typing import BinaryIO, cast

from .header import PIECE, DamagedFile, FileHeader, exif_orientation

_SOI, _EOI, _SOS, _DQT, _DHT = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_LS = 0xF7
_HIERARCHICAL = frozenset({0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
# In picture data, FF 00 is a stuffed FF, FF D0 to D7 are restarts, and FF FF is a fill byte.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


_AHEAD = 16 * 1024
"""Bytes that are read at a time of what stands before picture data."""


def walk_jpeg(file: BinaryIO) -> FileHeader:
    """Walk a JPEG from its first byte to its end marker, or to its only scan where the file ends as one does.

    Bytes after the end marker are allowed: motion photos have them.
    Raises DamagedFile when it is cut short or has no picture. That every component got a scan and that the end
    marker is there does not prove that no byte in between was changed; nothing short of the sender's checksum
    does.
    """
    return JpegWalk(file).run()


_OTHER_READER = (
    "Make a PNG of it: `pip install imagecodecs`, then "
    "`python -c \"import imagecodecs as c; c.imwrite('OUT.png', c.imread('IN'))\"`."
)
"""FFmpeg 5.1 reads JPEG-LS in colour as black and lossless JPEG of 16 bits as noise; ImageMagick 6.9 reads neither."""


def read_jpeg_header(file: BinaryIO) -> FileHeader:
    """Walk it to its first picture data: of a kind that is not read, or cut before, it raises DamagedFile."""
    return JpegWalk(file).run(header_only=True)


class JpegWalk:
    """One walk, and what it has seen. What it reads, it reads far ahead: a header is twenty parts of few bytes each."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._held, self._at = b"", 0
        """What was read, and how much of it was looked at."""
        self.frame: bytes | None = None
        self.frame_marker = 0
        self.orientation: int | None = None
        self.adobe_transform: int | None = None
        self.jfif = False
        self.profile_pieces: dict[int, bytes] = {}
        self.quantisation: set[int] = set()
        self.huffman: set[int] = set()
        self.longest_table = b""
        self.scanned: set[int] = set()
        self.odd = False

    def run(self, *, header_only: bool = False) -> FileHeader:
        """With `header_only` no more is known than what stands before the first picture data."""
        if self._take(2, "its first bytes") != b"\xff\xd8":
            raise DamagedFile("does not begin as a JPEG")
        while (marker := self._next_marker()) != _EOI:
            if marker in _STANDALONE or marker == 0:
                continue
            if marker == _SOI:
                raise DamagedFile("is broken: a second picture begins inside the first")
            self._segment(marker)
            if marker == _SOS and header_only:
                # A picture that comes colour by colour has one of them in its first scan.
                assert self.frame is not None  # noqa: S101 - a scan before it was refused
                self.scanned.update(self.frame[6 : 6 + 3 * self.frame[5] : 3])
                break
            if marker == _SOS and self.ends_with_its_only_scan():
                break
            if marker == _SOS:
                self._skip_picture_data()
        return self._anatomy()

    def tell(self) -> int:
        """How far it has come."""
        return self._file.tell() - len(self._held) + self._at

    def _take(self, count: int, part: str) -> bytes:
        end = self._at + count
        if end > len(self._held):
            left = self._held[self._at :]
            self._held, self._at, end = left + self._file.read(max(count - len(left), _AHEAD)), 0, count
            if end > len(self._held):
                raise DamagedFile(f"is cut short: it ends inside {part}")
        data = self._held[self._at : end]
        self._at = end
        return data

    def _skip(self, count: int, part: str) -> None:
        if self._at + count <= len(self._held):
            self._at += count
            return
        # Seeking beyond the end succeeds; reading the last byte does not.
        self._seek(self.tell() + count - 1)
        self._take(1, part)

    def _seek(self, position: int) -> None:
        self._file.seek(position)
        self._held, self._at = b"", 0

    def _next_marker(self) -> int:
        part = "its picture data" if self.scanned else "its header"
        two = self._take(2, part)
        if two[0] == 0xFF != two[1]:
            return two[1]
        self._at -= 2
        while self._take(1, part) != b"\xff":
            # Some writers pad between parts. Decoders skip it, each in its own way: not to be passed through.
            self.odd = True
        while (code := self._take(1, part)[0]) == 0xFF:
            pass
        return code

    def _segment(self, marker: int) -> None:
        part = "its header" if not self.scanned else "its picture data"
        (length,) = struct.unpack(">H", self._take(2, part))
        if length < 2:
            raise DamagedFile("is broken: a part of it claims to be shorter than its own length field")
        length -= 2
        if marker == _JPEG_LS:
            raise DamagedFile("is coded as JPEG-LS, which is not read", _OTHER_READER)
        if marker in _HIERARCHICAL:
            raise DamagedFile("is hierarchical, which is not read", "Save it as PNG or as an ordinary JPEG first.")
        if marker in _FRAMES:
            self._frame(marker, self._take(length, part))
        elif marker == _SOS:
            self._scan(self._take(length, part))
        elif marker == _DQT:
            self._tables(self._take(length, part), self.quantisation, _quantisation_length)
        elif marker == _DHT:
            self._tables(self._take(length, part), self.huffman, _huffman_length)
        elif marker == 0xE0:
            self.jfif |= self._take(length, part).startswith(b"JFIF\x00")
        elif marker in (0xE1, 0xE2, 0xEE):
            self._application(marker, self._take(length, part))
        else:
            self._skip(length, part)

    def _application(self, marker: int, body: bytes) -> None:
        if marker == 0xE1 and body.startswith(b"Exif\x00") and self.orientation is None:
            self.orientation = exif_orientation(body[6:])
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\x00") and len(body) > 14:
            self.profile_pieces[body[12]] = body[14:]
        elif marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
            self.adobe_transform = body[11]

    def _frame(self, marker: int, body: bytes) -> None:
        if self.frame is not None:
            raise DamagedFile("is broken: it declares its size twice")
        if len(body) < 6 or len(body) < 6 + 3 * body[5] or body[5] == 0:
            raise DamagedFile("is broken: its size declaration is cut short")
        if body[0] != 8:
            more = f" Of that, ImageOptions(range=(0, {(1 << body[0]) - 1})) shows all." if 8 < body[0] < 16 else ""
            raise DamagedFile(f"has {body[0]} bits a sample, where 8 are read", _OTHER_READER + more)
        self.frame, self.frame_marker = body, marker

    def _scan(self, body: bytes) -> None:
        if self.frame is None:
            raise DamagedFile("is broken: picture data comes before its size")
        count = body[0] if body else 0
        if not 1 <= count <= 4 or len(body) < 1 + 2 * count + 3:
            raise DamagedFile("is broken: a scan declares no components")
        for at in range(1, 1 + 2 * count, 2):
            self.scanned.add(body[at])
            if self.frame_marker in (0xC0, 0xC1):
                direct, alternating = body[at + 1] >> 4, body[at + 1] & 15
                self.odd |= not {direct, 16 + alternating} <= self.huffman

    def _tables(self, body: bytes, known: set[int], length_of: Callable[[bytes, int], int]) -> None:
        at = 0
        while at < len(body):
            known.add(body[at])
            start, at = at, at + length_of(body, at)
            if at - start > len(self.longest_table) and known is self.huffman:
                self.longest_table = body[start:at]
        if at != len(body):
            raise DamagedFile("is broken: one of its decoding tables is cut short")

    def _skip_picture_data(self) -> None:
        self._seek(self.tell())
        kept = b""
        while True:
            position = self._file.tell() - len(kept)
            piece = self._file.read(PIECE)
            if not piece:
                raise DamagedFile("is cut short: it ends inside its picture data")
            data = kept + piece
            if found := _MARKER.search(data):
                self._seek(position + found.start())
                return
            kept = b"\xff" if data.endswith(b"\xff") else b""

    def ends_with_its_only_scan(self) -> bool:
        """Whether the first scan is the whole picture and the file ends with it, told without a walk through it.

        Within a scan FF is never followed by D9, so a file that ends with both was not cut there. Two things could
        stand behind it and end so: parts between scans, where tables and comments hold any bytes, which is why
        pictures of several scans are walked; and another picture, as after a download that was resumed and began
        anew. That one is told by its tables. They also come again behind a whole picture, in a gain map: the walk
        knows which it is. A half before a picture with other tables than its own is not told.
        """
        if self.odd or self.frame is None or self.frame_marker not in (0xC0, 0xC1):
            return False
        if not set(self.frame[6 : 6 + 3 * self.frame[5] : 3]) <= self.scanned:
            return False
        position = self.tell()
        self._file.seek(-2, 2)
        whole = self._file.read(2) == b"\xff\xd9" and not self._comes_again(self.longest_table, position)
        self._seek(position)
        return whole

    def _comes_again(self, table: bytes, position: int) -> bool:
        """Whether a table comes again behind a place: by the longest, for which the search takes the longest steps."""
        self._seek(position)
        # One place for all pieces: for each new one the kernel would have to find memory.
        room = bytearray(len(table) - 1 + PIECE)
        with memoryview(room) as view:
            kept = 0
            while count := cast(io.BufferedIOBase, self._file).readinto(view[kept:]):
                end = kept + count
                if room.find(table, 0, end) >= 0:
                    return True
                kept = min(len(table) - 1, end)
                view[:kept] = bytes(view[end - kept : end])
        return False

    def _anatomy(self) -> FileHeader:
        if self.frame is None or not self.scanned:
            raise DamagedFile("is broken: it ends before any picture")
        precision, height, width, count = struct.unpack_from(">BHHB", self.frame)
        names, samplings, tables = (self.frame[first : 6 + 3 * count : 3] for first in (6, 7, 8))
        if width == 0 or height == 0:
            # A height of 0 is legal and comes later (DNL), but no decoder in reach follows it.
            raise DamagedFile("is broken: it says that it has no width or height")
        if not self.scanned.issuperset(names):
            raise DamagedFile("is cut short: it ends before all its colours were there")
        plain_rgb = count == 3 and names != b"RGB" and (self.adobe_transform in (None, 1) or self.jfif)
        colours = {1: "grey", 3: "rgb"}.get(count, "other")
        return FileHeader(
            size=(width, height),
            orientation=self.orientation or 1,
            colours=colours,  # type: ignore[arg-type]
            baseline=(
                not self.odd
                and self.frame_marker in (0xC0, 0xC1, 0xC2)
                and precision == 8
                and (count == 1 or plain_rgb)
                and _divides_evenly(samplings)
                and {table & 15 for table in self.quantisation}.issuperset(tables)
            ),
            profile=b"".join(piece for _, piece in sorted(self.profile_pieces.items())) or None,
        )


def _divides_evenly(samplings: bytes) -> bool:
    """Whether each component has a whole number of the largest one's samples, across (high bits) and down (low)."""
    across, down = max(samplings) >> 4, max([each & 15 for each in samplings])
    pairs = [divmod(each, 16) for each in set(samplings)]
    return all(a and d and across % a == 0 and down % d == 0 for a, d in pairs)


def _quantisation_length(body: bytes, at: int) -> int:
    return 1 + (128 if body[at] >> 4 else 64)


def _huffman_length(body: bytes, at: int) -> int:
    return 17 + sum(body[at + 1 : at + 17])
