"""The card of the corpus in every layout of samples that a valid TIFF may have and that can be shown.

That the files are valid, and show the card, was seen with tiff2rgba 4.5 (libtiff). Those that it cannot read (12
bits, 4 bits in planes, FillOrder 2) were seen with ImageMagick 6.9.11; those in which it takes an unspecified band for
alpha, or RGB without a PhotometricInterpretation for grey, with GDAL 3.6.2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from PIL import Image

from tests.support.picture_corpus import card
from tests.support.tiff_files import LONG, SHORT, Page, deflated, differences, packed_12, tiff, tiles, wide

SIZE = W, H = 160, 120
RGB = card()
GREY = RGB.convert("L")
R, G, B = RGB.split()
NEGATIVE = GREY.point([255 - value for value in range(256)])
ALPHA = Image.new("L", SIZE, 255)


def uneven(data: bytes, order: str = "<") -> bytes:
    """Samples of 8 bits as 16, the lower byte of which is another."""
    return struct.pack(f"{order}{len(data)}H", *(value << 8 | 255 - value for value in data))


def planes_16(order: str) -> list[bytes]:
    return [uneven(band.tobytes(), order) for band in (R, G, B)]


def cmyk(*extra: Image.Image) -> bytes:
    ink = [band.point([255 - value for value in range(256)]) for band in (R, G, B)]
    bands = [*ink, Image.new("L", SIZE), *extra]
    return bytes(value for pixel_ in zip(*(band.tobytes() for band in bands), strict=True) for value in pixel_)


def interleaved(*bands: bytes, width: int = 1) -> bytes:
    values = [[band[at : at + width] for at in range(0, len(band), width)] for band in bands]
    return b"".join(b"".join(pixel_) for pixel_ in zip(*values, strict=True))


def four_bit(band: Image.Image) -> bytes:
    values = [round(value / 17) for value in band.tobytes()]
    return bytes(one << 4 | other for one, other in zip(values[::2], values[1::2], strict=True))


def right(kind: str) -> bytes:
    return RIGHT[kind]()


TWELVE = packed_12([value * 4095 // 255 for value in GREY.tobytes()])
TWELVE_NEGATIVE = packed_12([4095 - value * 4095 // 255 for value in GREY.tobytes()])
EXTRA = {0: (338, (SHORT, [0])), 1: (338, (SHORT, [1])), 2: (338, (SHORT, [2]))}

RIGHT: dict[str, Callable[[], bytes]] = {
    "16 bit, white is zero": lambda: tiff(Page(W, H, [wide(NEGATIVE.tobytes())], 16, photometric=0)),
    "16 bit, white is zero, big-endian": lambda: tiff(
        Page(W, H, [wide(NEGATIVE.tobytes(), ">")], 16, photometric=0), order=">"),
    "16 bit, white is zero, Deflate": lambda: tiff(
        Page(W, H, [deflated(wide(NEGATIVE.tobytes(), ">"))], 16, photometric=0, compression=8), order=">"),
    "12 bit": lambda: tiff(Page(W, H, [TWELVE], 12)),
    "12 bit, big-endian": lambda: tiff(Page(W, H, [TWELVE], 12), order=">"),
    "12 bit, white is zero": lambda: tiff(Page(W, H, [TWELVE_NEGATIVE], 12, photometric=0)),
    "12 bit, Deflate": lambda: tiff(Page(W, H, [deflated(TWELVE)], 12, compression=8), order=">"),
    "16 bit in planes": lambda: tiff(Page(W, H, planes_16("<"), 16, 3, 2, planar=True)),
    "16 bit in planes, big-endian": lambda: tiff(Page(W, H, planes_16(">"), 16, 3, 2, planar=True), order=">"),
    "16 bit in planes, Deflate": lambda: tiff(
        Page(W, H, [deflated(plane) for plane in planes_16("<")], 16, 3, 2, planar=True, compression=8)),
    "16 bit in planes and tiles": lambda: tiff(
        Page(W, H, [tile for band in (R, G, B) for tile in tiles(band, 64, uneven)], 16, 3, 2, (64, 64), planar=True)),
    "grey and alpha in planes": lambda: tiff(
        Page(W, H, [GREY.tobytes(), ALPHA.tobytes()], 8, 2, planar=True, tags=dict([EXTRA[2]]))),
    "grey and alpha in planes, Deflate": lambda: tiff(
        Page(W, H, [deflated(GREY.tobytes()), deflated(ALPHA.tobytes())], 8, 2, planar=True, compression=8,
             tags=dict([EXTRA[1]]))),
    "grey and alpha of 16 bit": lambda: tiff(
        Page(W, H, [interleaved(wide(GREY.tobytes()), wide(ALPHA.tobytes()), width=2)], 16, 2, tags=dict([EXTRA[2]]))),
    "white is zero and alpha": lambda: tiff(
        Page(W, H, [interleaved(NEGATIVE.tobytes(), ALPHA.tobytes())], 8, 2, 0, tags=dict([EXTRA[2]]))),
    "RGB and a band in planes": lambda: tiff(
        Page(W, H, [R.tobytes(), G.tobytes(), B.tobytes(), GREY.tobytes()], 8, 4, 2, planar=True,
             tags=dict([EXTRA[0]]))),
    "RGB and alpha in planes": lambda: tiff(
        Page(W, H, [R.tobytes(), G.tobytes(), B.tobytes(), ALPHA.tobytes()], 8, 4, 2, planar=True,
             tags=dict([EXTRA[2]]))),
    "RGB, a band, and alpha": lambda: tiff(
        Page(W, H, [interleaved(*(band.tobytes() for band in (R, G, B, GREY, ALPHA)))], 8, 5, 2,
             tags={338: (SHORT, [0, 2])})),
    "RGB, a band, and alpha, with predictor": lambda: tiff(
        Page(W, H, [deflated(differences(
            interleaved(*(band.tobytes() for band in (R, G, B, GREY, ALPHA))), W * 5, 5))], 8, 5, 2, compression=8,
            tags={338: (SHORT, [0, 2]), 317: (SHORT, [2])})),
    "RGB of 12 bit": lambda: tiff(
        Page(W, H, [packed_12([value * 4095 // 255 for value in RGB.tobytes()])], 12, 3, 2)),
    "RGB of 4 bit in planes": lambda: tiff(Page(W, H, [four_bit(band) for band in (R, G, B)], 4, 3, 2, planar=True)),
    "BigTIFF, big-endian": lambda: tiff(Page(W, H, [RGB.tobytes()], 8, 3, 2), order=">", big=True),
    "BigTIFF": lambda: tiff(Page(W, H, [RGB.tobytes()], 8, 3, 2), big=True),
    "CMYK and a spot colour": lambda: tiff(Page(W, H, [cmyk(GREY)], 8, 5, 5, tags=dict([EXTRA[0]]))),
    "CMYK and alpha": lambda: tiff(Page(W, H, [cmyk(ALPHA)], 8, 5, 5, tags=dict([EXTRA[2]]))),
    "CMYK and alpha, Deflate": lambda: tiff(
        Page(W, H, [deflated(cmyk(ALPHA))], 8, 5, 5, compression=8, tags=dict([EXTRA[2]]))),
    "bits from the right (FillOrder 2)": lambda: tiff(
        Page(W, H, [bytes(int(f"{value:08b}"[::-1], 2) for value in wide(GREY.tobytes()))], 16,
             tags={266: (SHORT, [2])})),
    "lengths of strips too large": lambda: tiff(
        Page(W, H, [RGB.tobytes()], 8, 3, 2, tags={279: (LONG, [W * H * 3 + 1_000_000])})),
    "lengths of strips missing": lambda: tiff(Page(W, H, [RGB.tobytes()], 8, 3, 2, tags={279: (LONG, [])})),
    "lengths of strips 0": lambda: tiff(Page(W, H, [RGB.tobytes()], 8, 3, 2, tags={279: (LONG, [0])})),
    "no photometric interpretation": lambda: tiff(Page(W, H, [RGB.tobytes()], 8, 3, 2, tags={262: (SHORT, [])})),
}  # fmt: skip
