"""EXIF in files: found by walking a file's parts (JPEG, PNG, WebP, HEIF, JPEG 2000, TIFF, cameras' raw files).

Nothing is decoded, and no more is read than leads there. What is broken is as if it were not there: EXIF is no part of
what a picture shows.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from .header import DamagedFile
from .isobmff import Box, NoBox, body_of, each_box, first_box, inner_boxes
from .kinds import AVIF, CAMERA_RAW, HEIC, JPEG, JPEG_2000, PNG, TIFF, WEBP
from .sniff import HEAD, sniff
from .tiff_tags import Directory, TiffFile

_PHOTO, _GPS = 0x8769, 0x8825
"""Tags of the first directory that tell where the two others are."""
_MARK = b"Exif\0"
_MOST = 4_000_000
"""Bytes of a block; what claims more is none."""
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
"""JPEG's markers behind which no length stands."""
_LAST = (0xD9, 0xDA)
"""End of image, and start of scan: nothing of interest follows."""
_PNG_PROFILES = (b"Raw profile type exif\0", b"Raw profile type APP1\0")
"""Text chunks in which ImageMagick wrote EXIF before PNG had a chunk for it."""
_JP2_EXIF = b"JpgTiffExif->JP2"
_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
"""The box of a CR3 in which the directories of its EXIF are, each a TIFF of its own."""


@dataclass(frozen=True)
class Exif:
    """The directories of a file's EXIF; `None` for one that is not there."""

    main: Directory | None = None
    photo: Directory | None = None
    gps: Directory | None = None


def exif_of(file: BinaryIO) -> Exif:
    """What EXIF a file has, whatever it is; leaves the file anywhere. Raises OSError alone."""
    head = file.read(HEAD)
    kind = sniff(head)
    try:
        if kind is JPEG:
            return _of_block(_in_jpeg(file, 0))
        if kind is PNG:
            return _of_block(_in_png(file))
        if kind is WEBP:
            return _of_block(_in_webp(file))
        if kind is JPEG_2000:
            return _of_block(_in_jpeg_2000(file))
        if kind in (AVIF, HEIC):
            return _of_block(_in_heif(file))
        if head.startswith(b"FUJIFILMCCD-RAW") and len(head) >= 88:
            return _of_block(_in_jpeg(file, int.from_bytes(head[84:88], "big")))
        if kind is CAMERA_RAW and head[4:8] == b"ftyp":
            return _of_canon(file)
        if kind in (TIFF, CAMERA_RAW) and head[:2] in (b"II", b"MM") and head[6:10] != b"HEAP":
            return _of_tiff(file)
    except (DamagedFile, NoBox, struct.error, zlib.error, ValueError):
        pass
    return Exif()


def _of_block(block: bytes | None) -> Exif:
    return Exif() if block is None else _of_tiff(io.BytesIO(block.removeprefix(_MARK + b"\0")))


def _of_tiff(file: BinaryIO) -> Exif:
    tiff = TiffFile.of(file)
    main = tiff.directory(tiff.first())
    return Exif(main, _below(main, _PHOTO), _below(main, _GPS))


def _below(main: Directory, tag: int) -> Directory | None:
    with suppress(DamagedFile, struct.error):
        if offset := main.number(tag, 0):
            return main.tiff.directory(offset)
    return None


def _in_jpeg(file: BinaryIO, start: int) -> bytes | None:
    file.seek(start + 2)
    while len(head := file.read(2)) == 2 and head[0] == 0xFF and head[1] not in _LAST:
        if head[1] == 0xFF:  # padding
            file.seek(-1, 1)
        elif head[1] not in _WITHOUT_LENGTH:
            length = int.from_bytes(file.read(2), "big") - 2
            if length < 0:
                return None
            if head[1] == 0xE1 and length > len(_MARK):
                body = file.read(length)
                if body.startswith(_MARK):
                    return body[6:]
            else:
                file.seek(length, 1)
    return None


def _in_png(file: BinaryIO) -> bytes | None:
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        if name == b"eXIf" and length <= _MOST:
            return file.read(length)
        if name in (b"zTXt", b"tEXt") and length <= _MOST and (block := _of_profile(name, file.read(length))):
            return block
        if name == b"IEND":
            return None
        skipped = length if name not in (b"zTXt", b"tEXt") or length > _MOST else 0
        file.seek(skipped + 4, 1)
    return None


def _of_profile(name: bytes, body: bytes) -> bytes | None:
    """Hexadecimal digits, behind the profile's name and length."""
    keyword = next((each for each in _PNG_PROFILES if body.startswith(each)), None)
    if keyword is None:
        return None
    text = body[len(keyword) :]
    if name == b"zTXt":
        text = zlib.decompressobj().decompress(text[1:], _MOST)
    _, _, digits = text.split(None, 2)
    return bytes.fromhex(digits.decode("ascii"))


def _in_webp(file: BinaryIO) -> bytes | None:
    file.seek(12)
    while len(head := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", head)
        if name == b"EXIF":
            return file.read(length) if length <= _MOST else None
        file.seek(length + (length & 1), 1)
    return None


def _in_jpeg_2000(file: BinaryIO) -> bytes | None:
    for box in each_box(file, 0, file.seek(0, 2)):
        if box.name == b"uuid":
            body = body_of(file, box)
            if body.startswith(_JP2_EXIF):
                return body[len(_JP2_EXIF) :]
    return None


def _of_canon(file: BinaryIO) -> Exif:
    """Of a CR3."""
    for movie in each_box(file, 0, file.seek(0, 2)):
        if movie.name != b"moov":
            continue
        for box in inner_boxes(file, movie):
            file.seek(box.start)
            if box.name == b"uuid" and file.read(16) == _CANON:
                parts = {part.name: body_of(file, part) for part in inner_boxes(file, box, 16)}
                main, photo, gps = (_of_part(parts.get(name)) for name in (b"CMT1", b"CMT2", b"CMT4"))
                return Exif(main, photo, gps)
    return Exif()


def _of_part(data: bytes | None) -> Directory | None:
    with suppress(DamagedFile, struct.error):
        if data is not None:
            tiff = TiffFile.of(io.BytesIO(data))
            return tiff.directory(tiff.first())
    return None


def _in_heif(file: BinaryIO) -> bytes | None:
    """The item of the type `Exif`, in front of whose TIFF stands how far away that is."""
    from .heif import item_types

    for meta in each_box(file, 0, file.seek(0, 2)):
        if meta.name != b"meta":
            continue
        items, places = first_box(file, meta, b"iinf", skip=4), first_box(file, meta, b"iloc", skip=4)
        if items is None or places is None:
            return None
        wanted = next((item for item, kind in item_types(file, items) if kind == b"Exif"), None)
        for item, in_data, pieces in _places_of_items(body_of(file, places)):
            if item == wanted:
                data = first_box(file, meta, b"idat", skip=4) if in_data else None
                block = _pieces(file, pieces, data)
                return block[4 + int.from_bytes(block[:4], "big") :]
    return None


def _pieces(file: BinaryIO, pieces: list[tuple[int, int]], within: Box | None) -> bytes:
    block = b""
    for offset, length in pieces:
        if len(block) + length > _MOST:
            return b""
        file.seek(offset + (within.start if within is not None else 0))
        block += file.read(length)
    return block


def _places_of_items(body: bytes) -> Iterator[tuple[int, bool, list[tuple[int, int]]]]:
    """Each item of an `iloc` box: its number, whether it lies in `idat`, and the offsets and lengths of its pieces."""
    reader = io.BytesIO(body)

    def number(size: int) -> int:
        data = reader.read(size)
        if len(data) < size:
            raise NoBox
        return int.from_bytes(data, "big")

    version = number(4) >> 24
    offset_size, length_size = divmod(number(1), 16)
    base_size, index_size = divmod(number(1), 16)
    for _ in range(number(4 if version == 2 else 2)):
        item = number(4 if version == 2 else 2)
        in_data = bool(number(2) & 15 == 1) if version else False
        number(2)  # the file in which the item is: this one
        base = number(base_size)
        pieces = []
        for _ in range(number(2)):
            if version:
                number(index_size)
            pieces.append((base + number(offset_size), number(length_size)))
        yield item, in_data, pieces
