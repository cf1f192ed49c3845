"""PNG parser: chunks walked to the end with their checksums, what the header says, and that the file is complete."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

from .header import PIECE, ByteReader, DamagedFile, FileHeader, exif_orientation
from .png_colours import COLOUR_CHUNKS, LONGEST_PROFILE, profile_of_chunks

_KNOWN_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_READ_WHOLE = frozenset({b"IHDR", b"eXIf", b"tRNS"}) | COLOUR_CHUNKS


def check_png_chunks(file: BinaryIO) -> None:
    """That its chunks follow each other to IEND, without reading what is in them. Raises DamagedFile."""
    walker = ByteReader(file)
    walker.skip(8, "its first bytes")
    name, part = b"", "its header"
    while name != b"IEND":
        length, name = struct.unpack(">I4s", walker.take(8, part))
        part = "its picture data" if name == b"IDAT" else part
        walker.skip(length + 4, part)


def walk_png(file: BinaryIO) -> FileHeader:
    """Walk a PNG from its signature to IEND. Raises DamagedFile when it is cut short or a checksum is wrong."""
    walker = ByteReader(file)
    if walker.take(8, "its first bytes") != b"\x89PNG\r\n\x1a\n":
        raise DamagedFile("does not begin as a PNG")
    header = b""
    colours: dict[bytes, bytes] = {}
    transparency = b""
    orientation = 1
    seen: set[bytes] = set()
    while b"IEND" not in seen:
        length, name = struct.unpack(">I4s", walker.take(8, "its header" if not seen else "its picture data"))
        if not header and name != b"IHDR":
            raise DamagedFile("is broken: it does not begin with its size")
        if length > 0x7FFFFFFF:
            raise DamagedFile("is broken: a part of it claims to be larger than a PNG may be")
        part = "its picture data" if b"IDAT" in seen or name == b"IDAT" else "its header"
        critical = not name[0] & 0x20
        body = b""
        if critical and name not in _KNOWN_CRITICAL:
            raise DamagedFile(f"is not standard PNG: it has a part {name!r} that readers do not know")
        if name in _READ_WHOLE and length <= LONGEST_PROFILE:
            body = walker.take(length, part)
            checksum = zlib.crc32(body, zlib.crc32(name))
            if name == b"IHDR":
                header = header or body
            elif name == b"eXIf":
                orientation = exif_orientation(body)
            elif name == b"tRNS":
                transparency = transparency or (b"" if b"IDAT" in seen else body)
        elif critical:
            checksum = zlib.crc32(name)
            for start in range(0, length, PIECE):
                checksum = zlib.crc32(walker.take(min(PIECE, length - start), part), checksum)
        else:
            walker.skip(length, part)
            checksum = 0
        (stored,) = struct.unpack(">I", walker.take(4, part))
        if body and stored == checksum and name in COLOUR_CHUNKS and b"IDAT" not in seen:
            colours.setdefault(name, body)
        if critical and stored != checksum:
            raise DamagedFile(f"is broken: the checksum of its part {name.decode('latin-1')} does not fit")
        seen.add(name)
    return _anatomy(header, seen, orientation, colours, transparency)


def _anatomy(
    header: bytes, seen: set[bytes], orientation: int, colours: dict[bytes, bytes], transparency: bytes
) -> FileHeader:
    if len(header) != 13:
        raise DamagedFile("is broken: its size declaration has the wrong length")
    if b"IDAT" not in seen:
        raise DamagedFile("is broken: it ends before any picture data")
    width, height, depth, colour_type = struct.unpack_from(">IIBB", header)
    if not 0 < width < 1 << 31 or not 0 < height < 1 << 31:
        raise DamagedFile("is broken: it says that it has no width or height")
    animated = b"acTL" in seen
    grey = colour_type in (0, 4)
    return FileHeader(
        size=(width, height),
        orientation=orientation,
        colours="grey" if grey else "rgb",
        # Interlacing is no hindrance. A palette is read everywhere, but it is not RGB, and may hide alpha.
        baseline=depth == 8 and colour_type in (0, 2) and b"tRNS" not in seen and not animated,
        profile=profile_of_chunks(colours, grey=grey) if colours else None,
        animated=animated,
        transparent=_transparent(transparency, depth, colour_type) if transparency else None,
    )


def _transparent(transparency: bytes, depth: int, colour_type: int) -> tuple[int, ...] | None:
    """The grey or colour that a tRNS chunk makes transparent; a palette's is Pillow's to read.

    Pillow 13 forgets to scale that of 2 and 4 bits with the greys, compares that of 16-bit colour with high bytes, and
    never looks at that of 1 and 16 bits.
    """
    samples = {0: 1, 2: 3}.get(colour_type, 0)
    if not samples or len(transparency) != 2 * samples:
        return None
    most = (1 << depth) - 1
    scale = 255 // most if depth < 8 else 1
    return tuple((value & most) * scale for value in struct.unpack(f">{samples}H", transparency))
