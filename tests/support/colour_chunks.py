"""Colours and profiles, PNG's chunks that say them, and what is sent of a picture with them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence

from PIL import Image

from ollama_vision.pictures import ImageOptions, prepare_image
from tests.support.picture_corpus import png_chunk, profile

Colour = tuple[int, ...]
GREYS = (0, 16, 32, 48, 64, 96, 128, 160, 192, 208, 224, 240, 255)
STORED: tuple[Colour, ...] = ((220, 40, 40), (40, 180, 60), (50, 70, 210), (200, 150, 120))
PROPHOTO = profile(((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249)), 1.8)


def row(colours: Sequence[Colour], mode: str = "RGB") -> Image.Image:
    """A field of each."""
    image = Image.new(mode, (8 * len(colours), 32))
    for at, colour in enumerate(colours):
        image.paste(colour[0] if len(colour) == 1 else colour, (8 * at, 0, 8 * at + 8, 32))
    return image


def fields(image: Image.Image) -> list[Colour]:
    rgb = image.convert("RGB")
    return [rgb.getpixel((8 * at + 4, 16)) for at in range(image.width // 8)]  # type: ignore[misc]


def far_off(seen: Sequence[Colour], wanted: Sequence[Colour], tolerance: int = 3) -> list[str]:
    """Which fields are not as they should be."""
    return [
        f"field {at}: {one} instead of {other}"
        for at, (one, other) in enumerate(zip(seen, wanted, strict=True))
        if max(abs(a - b) for a, b in zip(one, other, strict=True)) > tolerance
    ]


def sent(data: bytes, options: ImageOptions | None = None) -> list[Colour]:
    return fields(Image.open(io.BytesIO(prepare_image(data, options or ImageOptions(format="png")).read())))


def greys(*values: int) -> list[Colour]:
    return [(value, value, value) for value in values]


def chromaticities(*values: float) -> bytes:
    """A cHRM chunk: x and y of white, red, green, blue."""
    return png_chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in values)))


def gamma(value: float) -> bytes:
    return png_chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def iccp(body: bytes) -> bytes:
    return png_chunk(b"iCCP", b"name\x00\x00" + zlib.compress(body))


def cicp(*codes: int) -> bytes:
    return png_chunk(b"cICP", bytes(codes))


def grey_profile(value: float) -> bytes:
    """A profile of grey pixels with a gamma."""
    white = b"XYZ \x00\x00\x00\x00" + struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv\x00\x00\x00\x00" + struct.pack(">IHxx", 1, round(value * 256))
    text = b"desc\x00\x00\x00\x00" + struct.pack(">I5s78xxxx", 5, b"test\x00")
    table, bodies = struct.pack(">I", 3), b""
    for name, body in ((b"desc", text), (b"wtpt", white), (b"kTRC", curve)):
        table += struct.pack(">4sII", name, 168 + len(bodies), len(body))
        bodies += body + b"\x00" * (-len(body) % 4)
    sizes = struct.pack(">I4xI", 168 + len(bodies), 0x02100000)
    header = sizes + b"mntrGRAYXYZ " + bytes(12) + b"acsp" + bytes(28) + white[8:]
    return header.ljust(128, b"\x00") + table + bodies


def with_chunks(data: bytes, chunks: bytes) -> bytes:
    start = data.index(b"IDAT") - 4
    return data[:start] + chunks + data[start:]
