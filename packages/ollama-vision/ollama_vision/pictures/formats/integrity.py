"""Integrity checks of containers: a GIF, BMP, ICO, WebP, AVIF, HEIC, MP4, AVI or Matroska file has all its bytes.

The decoders notice most of it themselves, but not all, and not when somebody in the process has told Pillow to
load truncated pictures.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO

from .gif import walk_gif
from .header import ByteReader, DamagedFile
from .kinds import AVI, AVIF, BMP, GIF, HEIC, ICO, MATROSKA, MP4, WEBP, Kind

_PICTURE = "its picture data"


def check_complete(file: BinaryIO, kind: Kind) -> None:
    """Raises DamagedFile when the file is cut short; leaves it at its start."""
    proof = _PROOFS.get(kind)
    if kind in (AVIF, HEIC):
        _iso(file, file.seek(0, 2))
    elif proof is not None:
        try:
            proof(ByteReader(file), file.seek(0, 2))
        except struct.error as error:
            raise DamagedFile("is cut short: it ends inside its header") from error
    file.seek(0)


def _gif(walker: ByteReader, size: int) -> None:
    walk_gif(walker)


def _bmp(walker: ByteReader, size: int) -> None:
    walker.seek(0)
    header = walker.take(min(size, 54), "its header")
    (start, header_size) = struct.unpack_from("<II", header, 10)
    if header_size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", header, 18)
        compression = 0
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", header, 18)
    if compression in (0, 3, 6) and start + (abs(width) * bits + 31) // 32 * 4 * abs(height) > size:
        raise DamagedFile(f"is cut short: it ends inside {_PICTURE}")


def _ico(walker: ByteReader, size: int) -> None:
    walker.seek(4)
    (count,) = struct.unpack("<H", walker.take(2, "its header"))
    for _ in range(count):
        length, start = struct.unpack_from("<II", walker.take(16, "its header"), 8)
        if start + length > size:
            raise DamagedFile(f"is cut short: it ends inside {_PICTURE}")


def _riff(walker: ByteReader, size: int) -> None:
    walker.seek(4)
    if struct.unpack("<I", walker.take(4, "its header"))[0] + 8 > size:
        raise DamagedFile(f"is cut short: it ends inside {_PICTURE}")


_OF_THE_FORMAT = frozenset(
    b"ftyp styp moov moof mdat meta idat free skip wide uuid udta pnot PICT mfra sidx ssix prft emsg pdin imda "
    b"mpvd".split()
)
"""Boxes that stand at the top of MP4, QuickTime and HEIF files."""
_INDEXES = frozenset({b"moov", b"moof", b"meta"})


def _iso(file: BinaryIO, size: int) -> None:
    """MP4, QuickTime, AVIF and HEIC: boxes, each with its length, one after the other."""
    from .isobmff import NoBox, each_box

    seen: set[bytes] = set()
    try:
        for box in each_box(file, 0, size):
            if box.end > size:
                if box.name in _OF_THE_FORMAT or not _all_there(seen):
                    raise DamagedFile(f"is cut short: it ends inside {_PICTURE}")
                return  # what cameras and editors append is no box, whatever length its first bytes make up
            seen.add(box.name)
    except NoBox as error:
        if not _all_there(seen):
            raise DamagedFile("is broken: a part of it claims to be shorter than its own length field") from error
    if not _all_there(seen):
        raise DamagedFile(f"is cut short: it ends before {_PICTURE}")


def _all_there(seen: set[bytes]) -> bool:
    # A small picture may lie in its index (idat).
    return bool(seen & _INDEXES) and (b"mdat" in seen or b"meta" in seen)


_PROOFS: dict[Kind, Callable[[ByteReader, int], None]] = {
    GIF: _gif,
    BMP: _bmp,
    ICO: _ico,
    WEBP: _riff,
}


def check_video(file: BinaryIO, kind: Kind) -> None:
    """Raises DamagedFile when an MP4, AVI or Matroska file is cut short, where decoders just stop.

    A transport stream may begin and end anywhere: of that nothing can be proven. Leaves the file at its start.
    """
    size = file.seek(0, 2)
    if kind is MP4:
        _iso(file, size)
    elif kind is AVI:
        _riff(ByteReader(file), size)
    elif kind is MATROSKA:
        _matroska(ByteReader(file), size)
    file.seek(0)


def _matroska(walker: ByteReader, size: int) -> None:
    walker.seek(4)
    walker.skip(_ebml_length(walker) or 0, "its header")
    if walker.take(4, "its header") == b"\x18\x53\x80\x67":
        length = _ebml_length(walker)
        if length is not None and walker.tell() + length > size:
            raise DamagedFile(f"is cut short: it ends inside {_PICTURE}")


def _ebml_length(walker: ByteReader) -> int | None:
    """A length field of one to eight bytes; `None` when it says that nobody knew the length."""
    first = walker.take(1, "its header")[0]
    more = 8 - first.bit_length()
    if more > 7:
        raise DamagedFile("is broken: one of its length fields is not one")
    value = int.from_bytes(bytes([first & (0x7F >> more)]) + walker.take(more, "its header"), "big")
    return None if value == (1 << 7 * (more + 1)) - 1 else value
