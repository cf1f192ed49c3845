"""The packed bytes of a PDF (stream filters: Flate, LZW, DCT, JPX, JBIG2 ...), unpacked or walked to their end.

PDFium draws what it can of a stream that is cut short or broken, and says nothing about the rest.
"""

from __future__ import annotations

import base64
import binascii
import io
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..anatomy import Damaged
from ..jpeg import walk_jpeg

MOST_UNPACKED = 1 << 28
"""Bytes of one stream; what is behind them is not looked at."""
_MOST_LZW = 1 << 22
"""Packed bytes: of this filter, which hardly any file of the last 25 years has, Python unpacks 2 MB in a second."""
_STEP = 1 << 16
"""Packed bytes at a time: they make a thousand times as many at most."""
_FLUSHED = b"\x00\x00\xff\xff"
"""The end of data whose writer flushes each piece, and never writes the last block."""

_CUT = "is cut short: it ends inside its data"
_NAMES = {
    "Fl": "FlateDecode",
    "LZW": "LZWDecode",
    "A85": "ASCII85Decode",
    "AHx": "ASCIIHexDecode",
    "RL": "RunLengthDecode",
    "CCF": "CCITTFaxDecode",
    "DCT": "DCTDecode",
}
"""The short names, which stand in inline pictures."""


@dataclass(frozen=True)
class Filter:
    name: str
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return _NAMES.get(self.name, self.name)


def unpacked(data: bytes | memoryview, filters: Sequence[Filter], needed: int | None = None) -> bytes | None:
    """What the filters make of the data; `None` when the last one makes pixels: then the data are proven to be whole.

    `needed` is how many bytes are wanted: a stream that gives them counts as whole, whatever comes after.
    Raises Damaged.
    """
    for number, one in enumerate(filters):
        last = number == len(filters) - 1
        name = one.full_name
        if walk := _CODECS.get(name):
            walk(bytes(data))
            return None
        unpack = _PACKERS.get(name)
        if unpack is None:
            raise Damaged(f"is packed by a filter that no program knows ({name})")
        data = unpack(data, one, needed if last else None)
    return bytes(data)


def _flate(data: bytes | memoryview, one: Filter, needed: int | None) -> bytes:
    head = bytes(data[:2])
    if len(head) < 2 or head[0] & 15 != 8 or (head[0] << 8 | head[1]) % 31:
        raise Damaged("is empty" if not head else "cannot be unpacked: it is no Flate data")
    # Without the checksum behind the data, which many writers get wrong or leave out, and no reader looks at.
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    wanted = MOST_UNPACKED if needed is None else min(MOST_UNPACKED, _with_predictor(needed, one))
    made, count, problem = [], 0, ""
    try:
        for start in range(2, len(data), _STEP):
            piece = inflater.decompress(data[start : start + _STEP])
            count += len(piece)
            if needed is None:
                made.append(piece)
            if inflater.eof or count >= wanted:
                break
    except zlib.error as error:
        problem = f"cannot be unpacked: {str(error).partition(': ')[2] or error}"
    if needed is not None:
        if not _enough(count, wanted):
            raise Damaged(problem or _CUT)
    elif problem:
        raise Damaged(problem)
    elif not inflater.eof and count < wanted and bytes(data[-4:]) != _FLUSHED:
        raise Damaged(_CUT)
    return b"".join(made)


def _with_predictor(needed: int, one: Filter) -> int:
    """PNG's predictors put a byte before each row."""
    predictor = one.parameters.get("Predictor", 1)
    if not isinstance(predictor, int) or predictor < 10:
        return needed
    return needed + -(-needed // _row(one))


def _row(one: Filter) -> int:
    columns, colours, bits = (
        value if isinstance(value := one.parameters.get(key, default), int) and 0 < value < 1 << 24 else default
        for key, default in (("Columns", 1), ("Colors", 1), ("BitsPerComponent", 8))
    )
    return (columns * colours * bits + 7) // 8


def _enough(there: int, wanted: int) -> bool:
    """Some writers leave out a few bytes of the last row: of a hundred rows nobody misses them."""
    return there >= wanted - wanted // 200


def _lzw(data: bytes | memoryview, one: Filter, needed: int | None) -> bytes:
    if len(data) > _MOST_LZW:
        return b""
    early = one.parameters.get("EarlyChange", 1)
    early = early if early in (0, 1) else 1
    table: list[bytes] = [bytes((value,)) for value in range(256)] + [b"", b""]
    start, made = list(table), bytearray()
    width, bits, count, before = 9, 0, 0, b""
    for byte in bytes(data):
        bits, count = (bits << 8 | byte) & 0xFFFFFF, count + 8
        if count < width:
            continue
        count -= width
        code = bits >> count & (1 << width) - 1
        if code == 257 or len(made) > MOST_UNPACKED:
            return bytes(made)
        if code == 256:
            table, width, before = list(start), 9, b""
            continue
        if code > len(table) or (code == len(table) and not before):
            raise Damaged("cannot be unpacked: it is no LZW data")
        entry = table[code] if code < len(table) else before + before[:1]
        made += entry
        if before and len(table) < 4096:
            table.append(before + entry[:1])
        before = entry
        width = min(12, max(9, (len(table) + early).bit_length()))
    if needed is not None and _enough(len(made), _with_predictor(needed, one)):
        return bytes(made)
    raise Damaged(_CUT)


def _run_length(data: bytes | memoryview, one: Filter, needed: int | None) -> bytes:
    data, made, at = bytes(data), bytearray(), 0
    while at < len(data) and data[at] != 128 and len(made) < MOST_UNPACKED:
        code = data[at]
        if code < 128:
            made += data[at + 1 : at + 2 + code]
            at += 2 + code
        else:
            made += data[at + 1 : at + 2] * (257 - code)
            at += 2
    if at > len(data) or (needed is not None and not _enough(len(made), needed)):
        raise Damaged(_CUT)
    return bytes(made)


def _ascii_hex(data: bytes | memoryview, one: Filter, needed: int | None) -> bytes:
    digits = b"".join(bytes(data).partition(b">")[0].split()).replace(b"\x00", b"")
    try:
        made = binascii.unhexlify(digits + b"0" * (len(digits) % 2))
    except binascii.Error as error:
        raise Damaged("cannot be unpacked: it is no hexadecimal data") from error
    return _as_much(made, needed, one)


def _ascii_85(data: bytes | memoryview, one: Filter, needed: int | None) -> bytes:
    text = bytes(data).replace(b"\x00", b"").strip().removeprefix(b"<~").partition(b"~")[0]
    try:
        made = base64.a85decode(text)
    except ValueError as error:
        raise Damaged("cannot be unpacked: it is no data in base 85") from error
    return _as_much(made, needed, one)


def _as_much(made: bytes, needed: int | None, one: Filter) -> bytes:
    if needed is not None and not _enough(len(made), needed):
        raise Damaged(_CUT)
    return made


def _jpeg(data: bytes) -> None:
    start = data.find(b"\xff\xd8")
    if start < 0:
        raise Damaged("is no JPEG" if data else "is empty")
    try:
        walk_jpeg(io.BytesIO(data[start:]))
    except Damaged:
        # Some scanners leave the end mark out, and other oddities that no decoder minds.
        if not _decodes(data[start:] + _LOOKED_AHEAD):
            raise


_LOOKED_AHEAD = bytes(8)
"""Decoders want a few bytes behind the last one that counts; so many do not make up for rows that are missing."""


def _decodes(data: bytes) -> bool:
    from PIL import JpegImagePlugin

    try:
        JpegImagePlugin.JpegImageFile(io.BytesIO(data)).load()
    except Exception:  # of damaged files, decoders raise whatever they stumble over
        return False
    return True


def _jpeg_2000(data: bytes) -> None:
    """The code stream (ISO 15444-1, annex A), tile part by tile part."""
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0:
        raise Damaged("is no JPEG 2000" if data else "is empty")
    at, tiles, expected = start + 2, set(), 1
    while at + 4 <= len(data):
        marker, length = struct.unpack_from(">HH", data, at)
        if marker == 0xFF51 and at + 40 <= len(data):
            right, bottom, _, _, across, down, left, top = struct.unpack_from(">8I", data, at + 6)
            if across and down:
                expected = -(-(right - left) // across) * -(-(bottom - top) // down)
        if marker != 0xFF90:
            if marker == 0xFFD9 or length < 2:
                break
            at += 2 + length
            continue
        if at + 12 > len(data):
            break
        tile, length = struct.unpack_from(">HI", data, at + 4)
        tiles.add(tile)
        if length == 0:  # to the end
            at = len(data) if data.rstrip(b"\x00\r\n ").endswith(b"\xff\xd9") else len(data) + 1
        else:
            at += length
    if at > len(data) or len(tiles) < expected:
        raise Damaged("is cut short: it ends inside its picture data")


def _jbig2(data: bytes) -> None:
    """The segments (ISO 14492, 7.2), as they stand in a PDF: without the header of a file."""
    at, has_page = 0, False
    while at + 11 <= len(data):
        number, flags, referred = struct.unpack_from(">IBB", data, at)
        count = referred >> 5
        at += 6
        if count == 7:
            if at + 3 > len(data):
                break
            count = struct.unpack_from(">I", data, at - 1)[0] & 0x1FFFFFFF
            at += 3 + (count + 8) // 8
        at += count * (1 if number <= 256 else 2 if number <= 65536 else 4) + (4 if flags & 0x40 else 1)
        if at + 4 > len(data):
            at += 4
            break
        length = struct.unpack_from(">I", data, at)[0]
        kind = flags & 0x3F
        has_page |= kind == 48
        if kind in (49, 51) or length == 0xFFFFFFFF:  # the page's or the file's end; a region of unknown length
            return
        at += 4 + length
    if at > len(data):
        raise Damaged("is cut short: it ends inside its picture data")
    if not has_page:
        raise Damaged("is no JBIG2" if data else "is empty")


def _fax(data: bytes) -> None:
    if not data.strip(b"\x00"):
        raise Damaged("is empty")


def lacks_its_end(data: bytes | memoryview, one: Filter) -> bool:
    """Whether a fax in ITU-T T.6, whose length shows in nothing else, has no mark at its end, which it should have."""
    rows, marked = one.parameters.get("K", 0), one.parameters.get("EndOfBlock", True)
    if one.full_name != "CCITTFaxDecode" or not isinstance(rows, int) or rows >= 0 or marked is False:
        return False
    return _END_OF_FAX not in "".join(f"{byte:08b}" for byte in bytes(data[-16:]))


_END_OF_FAX = "000000000001" * 2
"""EOFB, which begins at any bit."""

_CODECS: dict[str, Callable[[bytes], None]] = {
    "DCTDecode": _jpeg,
    "JPXDecode": _jpeg_2000,
    "JBIG2Decode": _jbig2,
    "CCITTFaxDecode": _fax,
}
_PACKERS: dict[str, Callable[[bytes | memoryview, Filter, int | None], bytes | memoryview]] = {
    "FlateDecode": _flate,
    "LZWDecode": _lzw,
    "RunLengthDecode": _run_length,
    "ASCIIHexDecode": _ascii_hex,
    "ASCII85Decode": _ascii_85,
    "Crypt": lambda data, one, needed: data,
}
