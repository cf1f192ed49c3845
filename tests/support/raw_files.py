"""Raw files of cameras written tag by tag: mosaic, preview and thumbnail, each with a picture of its own."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image

from tests.support.tiff_files import ASCII, BYTE, LONG, RATIONAL, SHORT, text

SIGNED_RATIONAL = 10
UNDEFINED = 7
SIZE = (320, 240)
"""Of a sensor; LibRaw takes none that is much smaller."""
Values = tuple[int, Sequence[float]]


@dataclass
class Directory:
    """Tags, the one strip of data that they describe, and directories below."""

    tags: dict[int, Values] = field(default_factory=dict)
    data: bytes = b""
    below: tuple[Directory, ...] = ()


_LETTERS = {BYTE: "B", ASCII: "B", SHORT: "H", LONG: "I", RATIONAL: "I", SIGNED_RATIONAL: "i", UNDEFINED: "B"}


def raw_file(*chain: Directory, magic: bytes = b"II*\0", head: bytes = b"", last: bytes = b"") -> bytes:
    """A little-endian TIFF, or what begins otherwise and is built as one.

    `head` follows the first 8 bytes. `last`: data of a directory that go to the end of the file, as cameras have it.
    """
    made = _chained(chain, magic + bytes(4) + head)
    if not last:
        return made
    # Once more, now that it is known where the end is: the tags stay as long as they are.
    end = len(made) - len(last)
    return _chained(chain, magic + bytes(4) + head, (last, end)) + last


def _chained(chain: Sequence[Directory], begin: bytes, apart: tuple[bytes, int] = (b"", 0)) -> bytes:
    out, link = bytearray(begin), 4
    for directory in chain:
        place = _write(out, directory, apart)
        struct.pack_into("<I", out, link, place)
        link = place + 2 + 12 * struct.unpack_from("<H", out, place)[0]
    return bytes(out)


def _write(out: bytearray, directory: Directory, apart: tuple[bytes, int]) -> int:
    tags = dict(directory.tags)
    if directory.below:
        tags[330] = (LONG, [_write(out, each, apart) for each in directory.below])
    if directory.data and directory.data is apart[0]:
        tags |= {273: (LONG, [apart[1]]), 279: (LONG, [len(directory.data)])}
    elif directory.data:
        tags |= {273: (LONG, [len(out)]), 279: (LONG, [len(directory.data)])}
        out += directory.data + bytes(len(directory.data) % 2)
    entries = []
    for tag, (kind, values) in sorted(tags.items()):
        data = struct.pack(f"<{len(values)}{_LETTERS[kind]}", *values)
        count = len(values) // (2 if kind in (RATIONAL, SIGNED_RATIONAL) else 1)
        if len(data) > 4:
            where = struct.pack("<I", len(out))
            out += data + bytes(len(data) % 2)
            data = where
        entries.append(struct.pack("<HHI", tag, kind, count) + data.ljust(4, b"\0"))
    place = len(out)
    out += struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return place


def mosaic(picture: Image.Image, bits: int = 14) -> bytes:
    """What a sensor behind red, green, green and blue filters measures of it, 16 bits a value: light, not sRGB."""
    most = (1 << bits) - 1

    def light(value: int) -> int:
        signal = value / 255
        linear = signal / 12.92 if signal <= 0.04045 else ((signal + 0.055) / 1.055) ** 2.4
        return round(linear * most)

    curve = [light(value) for value in range(256)]
    red, green, blue = (band.tobytes() for band in picture.convert("RGB").split())
    width, height = picture.size
    values = []
    for row in range(height):
        for column in range(width):
            band = (red if column % 2 == 0 else green) if row % 2 == 0 else (green if column % 2 == 0 else blue)
            values.append(curve[band[row * width + column]])
    return struct.pack(f"<{len(values)}H", *values)


def sensor(picture: Image.Image) -> Directory:
    """The directory of a mosaic."""
    width, height = picture.size
    return Directory(
        {
            254: (LONG, [0]), 256: (LONG, [width]), 257: (LONG, [height]), 258: (SHORT, [16]), 259: (SHORT, [1]),
            262: (SHORT, [32803]), 277: (SHORT, [1]), 278: (LONG, [height]), 284: (SHORT, [1]),
            33421: (SHORT, [2, 2]), 33422: (BYTE, [0, 1, 1, 2]), 50717: (LONG, [(1 << 14) - 1]),
        },
        mosaic(picture),
    )  # fmt: skip


def jpeg(picture: Image.Image, exif: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=95, subsampling=0, **({"exif": exif} if exif else {}))
    data = buffer.getvalue()
    # Cameras begin with EXIF, and have no JFIF, which Pillow writes before it.
    return data[:2] + data[20:] if exif else data


def preview(picture: Image.Image, data: bytes | None = None) -> Directory:
    """The directory of a JPEG, as DNG has it."""
    width, height = picture.size
    tags: dict[int, Values] = {
        254: (LONG, [1]), 256: (LONG, [width]), 257: (LONG, [height]), 258: (SHORT, [8, 8, 8]), 259: (SHORT, [7]),
        262: (SHORT, [6]), 277: (SHORT, [3]), 278: (LONG, [height]), 284: (SHORT, [1]),
    }  # fmt: skip
    return Directory(tags, jpeg(picture) if data is None else data)


_XYZ_TO_SRGB = (32406, -15372, -4986, -9689, 18758, 415, 557, -2040, 10570)
"""In ten-thousandths: a camera that sees in the colours of sRGB."""


def first_directory(thumbnail: Image.Image, make: str, model: str, orientation: int = 1) -> Directory:
    """What a TIFF reader takes for the picture: a thumbnail in plain RGB."""
    small = thumbnail.convert("RGB").resize((160, 120))
    return Directory(
        {
            254: (LONG, [1]), 256: (LONG, [160]), 257: (LONG, [120]), 258: (SHORT, [8, 8, 8]), 259: (SHORT, [1]),
            262: (SHORT, [2]), 271: text(make), 272: text(model), 274: (SHORT, [orientation]), 277: (SHORT, [3]),
            278: (LONG, [120]), 284: (SHORT, [1]),
        },
        small.tobytes(),
    )  # fmt: skip


_DNG: Mapping[int, Values] = {
    50706: (BYTE, [1, 4, 0, 0]),
    50707: (BYTE, [1, 1, 0, 0]),
    50708: text("Made for a test"),
    50721: (SIGNED_RATIONAL, [number for each in _XYZ_TO_SRGB for number in (each, 10000)]),
    50728: (RATIONAL, [1, 1, 1, 1, 1, 1]),
    50778: (SHORT, [21]),
}


def dng(
    thumbnail: Image.Image,
    measured: Image.Image,
    shown: Image.Image | None = None,
    orientation: int = 1,
    shown_as: bytes | None = None,
    *,
    last: bool = False,
) -> bytes:
    """As Adobe's converter and phones write it: the thumbnail first, sensor and preview below it."""
    first = first_directory(thumbnail, "Test", "Camera", orientation)
    below = [sensor(measured)]
    if shown is not None:
        below.append(preview(shown, shown_as))
    end = below[0].data if last else b""
    return raw_file(Directory(first.tags | dict(_DNG), first.data, tuple(below)), last=end)


def _jpeg_beside(data: bytes) -> bytes:
    """Where Nikon's and Canon's directories point to, right behind the head of the file."""
    return data + bytes(len(data) % 2)


def nef(thumbnail: Image.Image, measured: Image.Image, shown: Image.Image, orientation: int = 1) -> bytes:
    """Nikon's: the JPEG of full size (JpgFromRaw) below the thumbnail, beside what the sensor measured."""
    data = jpeg(shown)
    below = Directory({254: (LONG, [1]), 259: (SHORT, [6]), 513: (LONG, [8]), 514: (LONG, [len(data)])})
    first = first_directory(thumbnail, "NIKON CORPORATION", "NIKON D7100", orientation)
    return raw_file(Directory(first.tags, first.data, (below, sensor(measured))), head=_jpeg_beside(data))


def arw(thumbnail: Image.Image, measured: Image.Image, orientation: int = 1, *, last: bool = False) -> bytes:
    """Sony's, not compressed, with a small preview alone."""
    data = jpeg(thumbnail.convert("RGB").resize((160, 120)))
    tags = first_directory(thumbnail, "SONY", "ILCE-7RM2", orientation).tags
    tags = {tag: each for tag, each in tags.items() if tag in (254, 271, 272, 274)}
    tags |= {259: (SHORT, [6]), 513: (LONG, [8]), 514: (LONG, [len(data)])}
    below = sensor(measured)
    return raw_file(Directory(tags, b"", (below,)), head=_jpeg_beside(data), last=below.data if last else b"")


def orf(measured: Image.Image, orientation: int = 1, *, last: bool = False) -> bytes:
    """Olympus's: not TIFF by its first bytes, and built as one; ten values of 12 bits, then an empty byte."""
    directory = sensor(measured)
    values = struct.unpack(f"<{len(directory.data) // 2}H", directory.data)
    pairs = ((one >> 2) | (other >> 2) << 12 for one, other in zip(values[::2], values[1::2], strict=True))
    packed = b"".join(pair.to_bytes(3, "little") for pair in pairs)
    directory.data = b"".join(packed[at : at + 15] + b"\0" for at in range(0, len(packed), 15))
    directory.tags |= {
        258: (SHORT, [12]), 271: text("OLYMPUS IMAGING CORP."), 272: text("E-M1"), 274: (SHORT, [orientation]),
    }  # fmt: skip
    return raw_file(directory, magic=b"IIRO", last=directory.data if last else b"")


def cr2(thumbnail: Image.Image, size: tuple[int, int], shown: Image.Image, orientation: int = 1) -> bytes:
    """Canon's: the JPEG of full size first. What the sensor measured is not there: nobody should need it."""
    width, height = size
    first = Directory(
        {
            256: (SHORT, [width]), 257: (SHORT, [height]), 258: (SHORT, [8, 8, 8]), 259: (SHORT, [6]),
            271: text("Canon"), 272: text("Canon EOS 5D"), 274: (SHORT, [orientation]),
        },
        jpeg(shown),
    )  # fmt: skip
    small = jpeg(thumbnail.convert("RGB").resize((160, 120)))
    second = Directory({513: (LONG, [16]), 514: (LONG, [len(small)])})
    third = first_directory(thumbnail, "Canon", "Canon EOS 5D")
    lossless = b"\xff\xd8\xff\xc3" + struct.pack(">HBHHBBBBBBB", 14, 14, height, width // 2, 2, 1, 17, 0, 2, 17, 0)
    lossless += b"\xff\xc4" + struct.pack(">HB16sB", 20, 0, bytes([1]) + bytes(15), 0)
    lossless += b"\xff\xda" + struct.pack(">HBBBBBBBB", 10, 2, 1, 0, 2, 0, 1, 0, 0) + bytes(64)
    fourth = Directory({259: (SHORT, [6]), 50648: (SHORT, [1, 1])}, lossless)
    head = b"CR\2\0" + bytes(4) + _jpeg_beside(small)
    return raw_file(first, second, third, fourth, head=head)


def raf(measured: Image.Image, shown: Image.Image, exif: bytes = b"") -> bytes:
    """Fujifilm's, with an ordinary JPEG in it, EXIF and all."""
    width, height = measured.size
    data, values = jpeg(shown, exif), mosaic(measured)
    facts = [(0x100, struct.pack(">HH", height, width)), (0x121, struct.pack(">HH", height, width))]
    meta = struct.pack(">I", len(facts)) + b"".join(struct.pack(">HH", tag, len(each)) + each for tag, each in facts)
    out = bytearray(b"FUJIFILMCCD-RAW 0201FF383501" + b"FinePix S5Pro".ljust(32, b"\0") + b"0100" + bytes(20))
    start = 160
    places = (start, len(data), start + len(data), len(meta), start + len(data) + len(meta), len(values))
    out += struct.pack(">6I", *places)
    return bytes(out.ljust(start, b"\0")) + data + meta + values
