"""TIFF pages that cannot be shown as they are meant, by the true name of what they hold, and with a way out.

Told from tags alone, before anything is decoded. Every way out has been tried with a file of its kind.
"""

from __future__ import annotations

from ...formats import tiff_tags as tags
from ...formats.header import DamagedFile
from ...formats.raw_files import CFA, COMPRESSIONS, LINEAR_RAW
from .page import (
    CIELAB,
    CMYK,
    FAXES,
    FLOAT,
    ICCLAB,
    JPEG,
    MASK,
    MIN_IS_BLACK,
    MIN_IS_WHITE,
    OLD_JPEG,
    PALETTE,
    RGB,
    SIGNED,
    UNSIGNED,
    YCBCR,
    Page,
    contradiction,
)

BYTEWISE = frozenset({1, 5, 8, 32946, 32773, 34925, 50000})
"""Compressions that know nothing of samples: none, LZW, Deflate (two numbers), PackBits, LZMA, Zstandard."""
WHOLE_PICTURES = {50001: "WEBP", 34933: "PNG", 34712: "JPEG2000", 33004: "JPEG2000", 33005: "JPEG2000"}
"""Compressions of which each strip or tile is a file of its own: code -> Pillow's name of its format."""
_BY_LIBTIFF = BYTEWISE | {*FAXES, OLD_JPEG, JPEG, 32771, 32809}
_COMPRESSIONS = {
    9: "JBIG", 10: "JBIG", 22610: "JPEG XR", 32766: "NeXT's RLE", 33003: "Aperio's JPEG 2000",
    34661: "JBIG", 34663: "JBIG2", 34676: "SGI LogLuv", 34677: "SGI LogLuv", 34887: "LERC", 34934: "JPEG XR",
    50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip
_FOR_LIBTIFF = ("JBIG", "NeXT's RLE")
"""Compressions that libtiff in ImageMagick knows, and tifffile does not."""
_LOG_L, _LOG_LUV, _ITULAB = 32844, 32845, 10
_MOST_BANDS = 32
"""Beside red, green and blue; what has more is no picture with something beside it."""
_DEPTHS = (1, 2, 4, 8, 12, 16)

_TO_BYTES = "Scale it to 8 bit, 0 to 255, first: gdal_translate -ot Byte -scale in.tif out.tif."
_UNPACK = (
    "Unpack it first (pip install tifffile imagecodecs): "
    "python -c \"import tifffile as t; t.imwrite('out.tif', t.imread('in.tif'))\"."
)
_REDRAW = "Convert it first, with ImageMagick: convert in.tif out.png."
_BY_NUMPY = (
    'Scale its magnitude to 8 bit first (pip install tifffile imagecodecs): python -c "import tifffile as t; '
    "a = abs(t.imread('in.tif')); t.imwrite('out.tif', (a * (255 / a.max())).astype('uint8'))\"."
)
_EXPORT = "Export it as JPEG or PNG first."


def refusal_of(page: Page) -> DamagedFile | None:
    """Why the page will be refused; `None` for one that can be read. Raises DamagedFile where tags make no picture."""
    return (
        _of_compression(page) or _of_sample_format(page) or _of_photometric(page) or _of_depth(page) or _of_bands(page)
    )


def nothing_written(page: Page) -> DamagedFile | None:
    """The error for a page of which there are no pixels. Raises DamagedFile when they lie outside the file."""
    if page.written_share:
        return None
    return DamagedFile("holds no pixels: none of its strips or tiles was ever written", "Look at what wrote it.")


def _of_compression(page: Page) -> DamagedFile | None:
    code = page.compression
    if code in COMPRESSIONS or page.photometric in (CFA, LINEAR_RAW):
        return DamagedFile("holds what a camera's sensor measured, not a picture yet (raw, CFA)", _EXPORT)
    if code in (34676, 34677) or page.photometric in (_LOG_L, _LOG_LUV):
        return DamagedFile("holds luminances (SGI LogLuv)", "Convert it first: tiff2rgba -c none in.tif out.tif.")
    if code == JPEG and page.depth != 8:
        return DamagedFile(f"is compressed with JPEG of {page.depth} bit, which this Pillow cannot read", _UNPACK)
    if code in _BY_LIBTIFF or (code in WHOLE_PICTURES and page.depth == 8 and page.samples <= 4):
        return None
    name = _COMPRESSIONS.get(code) or {"WEBP": "WebP", "JPEG2000": "JPEG 2000"}.get(
        WHOLE_PICTURES.get(code, ""), WHOLE_PICTURES.get(code, f"compression {code}")
    )
    way_out = _REDRAW if name in _FOR_LIBTIFF else _UNPACK
    if code in WHOLE_PICTURES:
        name += f" of {page.depth} bit" if page.depth != 8 else f" of {page.samples} channels"
    return DamagedFile(f"is compressed with {name}, which this Pillow cannot read", way_out)


def _of_sample_format(page: Page) -> DamagedFile | None:
    if page.compression == OLD_JPEG or set(page.sample_formats) == {UNSIGNED}:
        return None
    if len(set(page.sample_formats)) > 1:
        return DamagedFile("has channels of different kinds (SampleFormat)", _TO_BYTES)
    kind, bits = page.sample_formats[0], page.depth
    if kind == SIGNED and bits == 8:
        return None
    name = {SIGNED: "signed whole numbers", FLOAT: "floating-point numbers", 5: "complex whole numbers"}.get(
        kind, "complex numbers"
    )
    way_out = _TO_BYTES if kind in (SIGNED, FLOAT) else _BY_NUMPY
    return DamagedFile(f"has {name} of {bits} bit, which have no natural brightness", way_out)


def _of_photometric(page: Page) -> DamagedFile | None:
    if page.photometric in (MIN_IS_WHITE, MIN_IS_BLACK, RGB, PALETTE, MASK, CMYK, YCBCR, CIELAB, ICCLAB):
        return None
    name = "ITU Lab" if page.photometric == _ITULAB else f"a kind that is not known ({page.photometric})"
    return DamagedFile(f"has colours (PhotometricInterpretation) of {name}", _EXPORT)


def _of_depth(page: Page) -> DamagedFile | None:
    if len(set(page.bits)) > 1:
        listed = ", ".join(map(str, page.bits))
        return DamagedFile(
            f"has channels of different depths ({listed} bit)", "Save it with one depth for all of them."
        )
    if page.depth > 16 and page.photometric in (MIN_IS_WHITE, MIN_IS_BLACK, RGB):
        way_out = _TO_BYTES if page.depth in (32, 64) else _BY_NUMPY
        return DamagedFile(f"has samples of {page.depth} bit, which have no natural brightness", way_out)
    narrow = page.photometric in (PALETTE, YCBCR) or (
        page.compression in (JPEG, OLD_JPEG) or page.compression in WHOLE_PICTURES
    )
    if page.depth not in (_DEPTHS[:4] if narrow else _DEPTHS) or (page.photometric == YCBCR and page.depth != 8):
        what = "a palette" if page.photometric == PALETTE else "samples"
        return DamagedFile(f"has {what} of {page.depth} bit, which this Pillow cannot read", _REDRAW)
    return None


def _of_bands(page: Page) -> DamagedFile | None:
    count, photometric = page.samples, page.photometric
    if count < page.colours:
        return contradiction(f"by its kind of colours it has {page.colours} channels, by their number {count}")
    if photometric in (MIN_IS_WHITE, MIN_IS_BLACK, MASK) and count > 1:
        # One grey and something of which it says that it is no colour.
        told = count == 2 and tags.EXTRA_SAMPLES in page.directory
        if not told and page.alpha is None:
            return _too_many(count)
    if photometric in (PALETTE, YCBCR) and count > (2 if photometric == PALETTE else 3):
        return _too_many(count)
    bytewise = page.compression in BYTEWISE
    if not page.planar and not bytewise and count > 4:
        return _too_many(count)
    if count > _MOST_BANDS:
        return _too_many(count)
    if page.planar and photometric == YCBCR and page.subsampling != (1, 1):
        return DamagedFile("has YCbCr planes of different sizes, which this Pillow cannot read", _EXPORT)
    return None


def _too_many(count: int) -> DamagedFile:
    first = "-b 1 -b 2 -b 3 " if count >= 3 else "-b 1 "
    colours = "-co PHOTOMETRIC=RGB " if count >= 3 else ""
    which = "three of them as RGB" if count >= 3 else "one of them"
    return DamagedFile(
        f"has {count} bands, and does not say which are red, green and blue",
        f"Save {which} first: gdal_translate {first}{colours}in.tif out.tif.",
    )
