"""HEIF files (AVIF, HEIC) built box by box around what an encoder made, to say what no writer at hand does."""

from __future__ import annotations

import struct

from picture_corpus import encoded, heic
from PIL import Image


def box(name: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), name) + body


def full_box(name: bytes, *bodies: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags), *bodies)


def clap(width: int, height: int, left: int, top: int, whole: tuple[int, int]) -> bytes:
    """A clean aperture of that size at that place: the standard counts from centre to centre, in fractions."""
    right, down = 2 * left + width - whole[0], 2 * top + height - whole[1]
    return box(b"clap", struct.pack(">8i", width, 1, height, 1, right, 2, down, 2))


def irot(quarters: int) -> bytes:
    """Turned anti-clockwise."""
    return box(b"irot", bytes([quarters]))


def imir(axis: int) -> bytes:
    """0 exchanges top and bottom, 1 left and right."""
    return box(b"imir", bytes([axis]))


def nclx(primaries: int, transfer: int, matrix: int = 6) -> bytes:
    return box(b"colr", b"nclx", struct.pack(">3HB", primaries, transfer, matrix, 0x80))


def clli(brightest: int, average: int = 100) -> bytes:
    """Content light level, in cd/m2."""
    return box(b"clli", struct.pack(">2H", brightest, average))


def pasp(across: int, down: int) -> bytes:
    return box(b"pasp", struct.pack(">2I", across, down))


def part_of(data: bytes, name: bytes) -> bytes:
    """The first box of that name, whole."""
    start = data.index(name) - 4
    return data[start : start + struct.unpack_from(">I", data, start)[0]]


def still(image: Image.Image, *properties: bytes, codec: str = "AVIF") -> bytes:
    """One opaque picture, and of it what is said in the property boxes, in their order."""
    if codec == "AVIF":
        made, kind, config, brand = encoded(image, "AVIF", quality=95, subsampling="4:4:4"), b"av01", b"av1C", b"avif"
        coloured = nclx(1, 13)
    else:
        made, kind, config, brand, coloured = heic(image), b"hvc1", b"hvcC", b"heic", b""
    if any(one[4:8] == b"colr" for one in properties):
        coloured = b""
    bitstream = part_of(made, b"mdat")[8:]
    size = full_box(b"ispe", struct.pack(">2I", *image.size))
    owned = [size, full_box(b"pixi", b"\x03\x08\x08\x08"), part_of(made, config), *([coloured] if coloured else [])]
    owned += properties
    # Of those that change the picture, and of the decoder's configuration, readers must know.
    marks = bytes(
        number | (0x80 if one[4:8] in (config, b"clap", b"irot", b"imir") else 0) for number, one in enumerate(owned, 1)
    )
    table = full_box(b"ipma", struct.pack(">IHB", 1, 1, len(marks)), marks)

    def index(start: int) -> bytes:
        place = struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, start, len(bitstream))
        return full_box(
            b"meta",
            full_box(b"hdlr", b"\x00" * 4, b"pict", b"\x00" * 13),
            full_box(b"pitm", b"\x00\x01"),
            full_box(b"iloc", place),
            full_box(b"iinf", b"\x00\x01", full_box(b"infe", b"\x00\x01\x00\x00", kind, b"\x00", version=2)),
            box(b"iprp", box(b"ipco", *owned), table),
        )

    begin = box(b"ftyp", brand, b"\x00" * 4, brand, b"mif1miaf")
    return begin + index(len(begin) + len(index(0)) + 8) + box(b"mdat", bitstream)
