"""The packed bytes of a PDF (stream filters: Flate, LZW, DCT, JPX, JBIG2 ...), unpacked or walked to their end.

PDFium draws what it can of a stream that is cut short or broken, and says nothing about the rest.
"""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...formats.header import DamagedFile
from ...formats.jpeg import walk_jpeg
from ...frames import Size
from .fax import check_fax
from .jbig2 import check_jbig2
from .jpx import check_jpx

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


@dataclass
class Unpacked:
    content: bytes | None = None
    """What the filters make of the data; `None` when the last one makes pixels."""
    doubt: str | None = None
    """Why the data may be damaged, where nothing proves it: "may be cut short: it has no end mark"."""


def unpacked(
    data: bytes | memoryview, filters: Sequence[Filter], needed: int | None = None, size: Size | None = None
) -> Unpacked:
    """The data, unpacked, or proven to be whole. Raises DamagedFile.

    `needed` is how many bytes are wanted, `size` is that of the picture: data that give as much count as whole,
    whatever comes after.
    """
    made = Unpacked()
    for number, one in enumerate(filters):
        last = number == len(filters) - 1
        name = one.full_name
        if walk := _CODECS.get(name):
            return Unpacked(doubt=made.doubt or walk(bytes(data), one, size))
        if name == "FlateDecode":
            data, doubt = _flate(data, one, needed if last else None)
            made.doubt = made.doubt or doubt
            continue
        unpack = _PACKERS.get(name)
        if unpack is None:
            raise DamagedFile(f"is packed by a filter that no program knows ({name})")
        data = unpack(data, one, needed if last else None)
    made.content = bytes(data)
    return made


def _flate(data: bytes | memoryview, one: Filter, needed: int | None) -> tuple[bytes, str | None]:
    head = bytes(data[:2])
    if len(head) < 2 or head[0] & 15 != 8 or (head[0] << 8 | head[1]) % 31:
        raise DamagedFile("is empty" if not head else "cannot be unpacked: it is no Flate data")
    if len(data) == 2 and not needed:
        return b"", None  # So some writers pack nothing.
    # Without the checksum that zlib would demand: see `_is_checksum`.
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    wanted = MOST_UNPACKED if needed is None else min(MOST_UNPACKED, _with_predictor(needed, one))
    made, count, checksum, start = [], 0, 1, 2
    try:
        for start in range(2, len(data), _STEP):
            piece = inflater.decompress(data[start : start + _STEP])
            count += len(piece)
            checksum = zlib.adler32(piece, checksum)
            if needed is None:
                made.append(piece)
            if inflater.eof or count > MOST_UNPACKED:
                break
    except zlib.error as error:
        raise DamagedFile(f"cannot be unpacked: {str(error).partition(': ')[2] or error}") from error
    ended = inflater.eof or count > MOST_UNPACKED or bytes(data[-4:]) == _FLUSHED
    if not _enough(count, wanted) if needed is not None else not ended:
        raise DamagedFile(_CUT)
    if not inflater.eof:
        return b"".join(made), None
    end = min(start + _STEP, len(data)) - len(inflater.unused_data)
    if _is_checksum(bytes(data[end : end + 4]), checksum):
        return b"".join(made), None
    if needed is not None and count != wanted:
        raise DamagedFile("is damaged: its checksum is wrong, and its data have another length than its pixels")
    return b"".join(made), "may be damaged: its checksum is wrong"


def _is_checksum(there: bytes, checksum: int) -> bool:
    """Whether they are the checksum (Adler-32) of what was unpacked, or none."""
    # No reader minds it: some writers leave it out or write zeros, one drops its last byte where that is zero.
    return len(there) < 4 or there[:3] == checksum.to_bytes(4, "big")[:3] or not any(there)


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
            raise DamagedFile("cannot be unpacked: it is no LZW data")
        entry = table[code] if code < len(table) else before + before[:1]
        made += entry
        if before and len(table) < 4096:
            table.append(before + entry[:1])
        before = entry
        width = min(12, max(9, (len(table) + early).bit_length()))
    if needed is not None and _enough(len(made), _with_predictor(needed, one)):
        return bytes(made)
    raise DamagedFile(_CUT)


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
        raise DamagedFile(_CUT)
    return bytes(made)


def _ascii_hex(data: bytes | memoryview, one: Filter, needed: int | None) -> bytes:
    digits = b"".join(bytes(data).partition(b">")[0].split()).replace(b"\x00", b"")
    try:
        made = binascii.unhexlify(digits + b"0" * (len(digits) % 2))
    except binascii.Error as error:
        raise DamagedFile("cannot be unpacked: it is no hexadecimal data") from error
    return _as_much(made, needed, one)


def _ascii_85(data: bytes | memoryview, one: Filter, needed: int | None) -> bytes:
    text = bytes(data).replace(b"\x00", b"").strip().removeprefix(b"<~").partition(b"~")[0]
    try:
        made = base64.a85decode(text)
    except ValueError as error:
        raise DamagedFile("cannot be unpacked: it is no data in base 85") from error
    return _as_much(made, needed, one)


def _as_much(made: bytes, needed: int | None, one: Filter) -> bytes:
    if needed is not None and not _enough(len(made), needed):
        raise DamagedFile(_CUT)
    return made


def _jpeg(data: bytes) -> None:
    start = data.find(b"\xff\xd8")
    if start < 0:
        raise DamagedFile("is no JPEG" if data else "is empty")
    try:
        walk_jpeg(io.BytesIO(data[start:]))
    except DamagedFile:
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


_CODECS: dict[str, Callable[[bytes, Filter, Size | None], str | None]] = {
    "DCTDecode": lambda data, one, size: _jpeg(data),
    "JPXDecode": lambda data, one, size: check_jpx(data),
    "JBIG2Decode": lambda data, one, size: check_jbig2(data, one.parameters.get("JBIG2Globals")),
    "CCITTFaxDecode": lambda data, one, size: check_fax(data, one.parameters, size),
}
_PACKERS: dict[str, Callable[[bytes | memoryview, Filter, int | None], bytes | memoryview]] = {
    "LZWDecode": _lzw,
    "RunLengthDecode": _run_length,
    "ASCIIHexDecode": _ascii_hex,
    "ASCII85Decode": _ascii_85,
    "Crypt": lambda data, one, needed: data,
}
