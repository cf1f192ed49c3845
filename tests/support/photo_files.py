"""Photographs with EXIF, in every kind of file that has some: written by Pillow and libheif, or put together here."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from tests.support.heif_files import box
from tests.support.raw_files import jpeg, raf

MAIN: Mapping[int, Any] = {0x010F: "Canon", 0x0110: "Canon EOS R5", 0x0132: "2026:12:01 00:00:00"}
PHOTO: Mapping[int, Any] = {0x9003: "2026:11:29 14:05:00", 0x9004: "2026:11:30 08:00:00", 0xA434: "RF24-105mm F4 L IS"}
GPS: Mapping[int, Any] = {1: "S", 2: (33, 51, Fraction(5, 2)), 3: "W", 4: (Fraction(151, 2), 0, 0)}
SAYS = {
    "date": "2026-11-29 14:05:00",
    "camera": "Canon EOS R5",
    "lens": "RF24-105mm F4 L IS",
    "latitude": "-33.850694",
    "longitude": "-75.5",
}
"""What these tell."""


def exif_block(main: Mapping[int, Any] = MAIN, photo: Mapping[int, Any] = PHOTO, gps: Mapping[int, Any] = GPS) -> bytes:
    """Bytes with `Exif` in front; a fraction of `(above, below)` is written as these two, 0 below as well."""
    exif = Image.Exif()
    exif.update(main)
    if photo:
        exif[0x8769] = dict(photo)
    if gps:
        exif[0x8825] = {tag: _rationals(value) for tag, value in gps.items()}
    return exif.tobytes()


def _rationals(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    return tuple(
        IFDRational(*part) if isinstance(part, tuple) else IFDRational(part.numerator, part.denominator)
        for part in value
    )


def _saved(kind: str) -> Callable[[bytes], bytes]:
    def made(exif: bytes) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", (64, 64), "red").save(buffer, kind, exif=exif)
        return buffer.getvalue()

    return made


def _tiff(exif: bytes) -> bytes:
    """Pillow's TIFF has the directories below the first one only of an Exif object."""
    read = Image.Exif()
    read.load(exif)
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, "TIFF", exif=read)
    return buffer.getvalue()


def _heic(exif: bytes) -> bytes:
    from pillow_heif import from_pillow

    buffer = io.BytesIO()
    from_pillow(Image.new("RGB", (64, 64), "red")).save(buffer, exif=exif)
    return buffer.getvalue()


def _png_of_old(exif: bytes) -> bytes:
    """As ImageMagick wrote it before PNG had a chunk for EXIF."""
    data = _saved("PNG")(b"")
    text = f"\nexif\n{len(exif):8}\n".encode() + exif.hex().encode() + b"\n"
    body = b"Raw profile type exif\0\0" + zlib.compress(text)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    return data[:33] + chunk + data[33:]


def _png_behind(exif: bytes) -> bytes:
    """The chunk behind the picture."""
    data, body = _saved("PNG")(b""), exif.removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(body)) + b"eXIf" + body + struct.pack(">I", zlib.crc32(b"eXIf" + body))
    return data[:-12] + chunk + data[-12:]


def _jpeg_2000(exif: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, "JPEG2000")
    return buffer.getvalue() + box(b"uuid", b"JpgTiffExif->JP2", exif.removeprefix(b"Exif\0\0"))


def _raf(exif: bytes) -> bytes:
    picture = Image.new("RGB", (64, 64), "red")
    return raf(picture, picture, exif)


def cr3(main: bytes, photo: bytes, gps: bytes) -> bytes:
    """Canon's, its boxes of EXIF alone; of each block the first directory counts."""
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    parts = [box(name, block) for name, block in ((b"CMT1", main), (b"CMT2", photo), (b"CMT4", gps))]
    return box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", box(b"uuid", canon, *parts))


def _cr3(exif: bytes) -> bytes:
    read = Image.Exif()
    read.load(exif)
    blocks = []
    for tags in ({0x010F: read[0x010F], 0x0110: read[0x0110]}, read.get_ifd(0x8769), read.get_ifd(0x8825)):
        alone = Image.Exif()
        alone.update(tags)
        blocks.append(alone.tobytes().removeprefix(b"Exif\0\0"))
    return cr3(*blocks)


def jpeg_photo(exif: bytes) -> bytes:
    """As a camera writes it: EXIF first."""
    return jpeg(Image.new("RGB", (64, 64), "red"), exif)


PHOTOS: Mapping[str, Callable[[bytes], bytes]] = {
    "camera.jpg": jpeg_photo,
    "pillow.jpg": _saved("JPEG"),
    "photo.png": _saved("PNG"),
    "behind.png": _png_behind,
    "old.png": _png_of_old,
    "photo.webp": _saved("WEBP"),
    "photo.avif": _saved("AVIF"),
    "photo.heic": _heic,
    "photo.tif": _tiff,
    "photo.jp2": _jpeg_2000,
    "photo.raf": _raf,
    "photo.cr3": _cr3,
}
"""By a name with its suffix: the file that has an EXIF block."""
