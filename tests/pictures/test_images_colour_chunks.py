"""Colour chunks of PNG, profiles of JPEG, BMP, PIL images and inks: what each means, by Chromium and ImageMagick."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from ollama_vision.pictures import ImageOptions, prepare_image
from ollama_vision.pictures.source import PictureSource
from tests.support.colour_chunks import (
    GREYS,
    PROPHOTO,
    STORED,
    Colour,
    chromaticities,
    cicp,
    far_off,
    fields,
    gamma,
    grey_profile,
    greys,
    iccp,
    row,
    sent,
    with_chunks,
)
from tests.support.picture_corpus import SRGB_PROFILE, encoded, png_chunk

SRGB_CHRM = chromaticities(0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
BT2020_CHRM = chromaticities(0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046)
EXCHANGED_CHRM = chromaticities(0.3127, 0.329, 0.3, 0.6, 0.64, 0.33, 0.15, 0.06)
SRGB_CHUNK = png_chunk(b"sRGB", b"\x00")
AS_STORED = [*greys(16, 64, 192), *STORED]
LINEAR = [*greys(71, 137, 225), (239, 110, 110), (110, 219, 133), (122, 143, 234), (229, 202, 183)]
WIDE = [*greys(20, 81, 203), (255, 0, 48), (0, 211, 12), (0, 92, 232), (250, 154, 133)]
PHONE = [*greys(16, 64, 192), (240, 0, 21), (0, 183, 30), (44, 71, 218), (209, 147, 115)]
# Chunks before the picture data, and what Chromium 156 shows of AS_STORED.
PNG_COLOURS: dict[str, tuple[bytes, list[Colour]]] = {
    "gAMA 1": (gamma(1.0), LINEAR),
    "gAMA 0.55556": (gamma(0.55556),
                     [*greys(20, 81, 203), (227, 53, 53), (53, 193, 77), (65, 88, 219), (210, 167, 139)]),
    "gAMA 0.43": (gamma(0.43), [*greys(5, 56, 190), (219, 31, 31), (31, 178, 52), (41, 63, 209), (199, 147, 116)]),
    "gAMA 0.475": (gamma(0.475), AS_STORED),
    "gAMA 0": (gamma(0.0), AS_STORED),
    "gAMA 1 with a cHRM on a line": (
        gamma(1.0) + chromaticities(0.3127, 0.329, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4), LINEAR),
    "cHRM alone": (BT2020_CHRM, AS_STORED),
    "gAMA and cHRM of BT.2020": (gamma(0.45455) + BT2020_CHRM,
                                 [*greys(7, 62, 193), (255, 0, 13), (0, 192, 0), (0, 68, 221), (228, 144, 115)]),
    "cHRM with exchanged primaries": (
        gamma(0.45455) + EXCHANGED_CHRM,
        [*greys(7, 62, 193), (35, 221, 35), (181, 35, 57), (68, 46, 211), (151, 201, 121)]),
    "cHRM of another white": (
        gamma(0.45455) + chromaticities(0.3457, 0.3585, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06),
        [*greys(7, 62, 193), (231, 39, 43), (0, 181, 65), (35, 66, 208), (206, 152, 123)]),
    "sRGB before gAMA": (SRGB_CHUNK + gamma(1.0) + BT2020_CHRM, AS_STORED),
    "sRGB after gAMA": (gamma(1.0) + SRGB_CHUNK, AS_STORED),
    "iCCP before sRGB": (iccp(PROPHOTO) + SRGB_CHUNK, WIDE),
    "sRGB then iCCP": (SRGB_CHUNK + iccp(PROPHOTO), WIDE),
    "iCCP and gAMA": (iccp(PROPHOTO) + gamma(1.0), WIDE),
    "cICP and iCCP": (cicp(12, 13, 0, 1) + iccp(PROPHOTO), PHONE),
    "iCCP then cICP": (iccp(PROPHOTO) + cicp(12, 13, 0, 1), PHONE),
    "cICP of sRGB and iCCP": (cicp(1, 13, 0, 1) + iccp(PROPHOTO), AS_STORED),
    "cICP and sRGB": (SRGB_CHUNK + cicp(12, 13, 0, 1), PHONE),
    "cICP and gAMA": (gamma(1.0) + cicp(12, 13, 0, 1), PHONE),
    "cICP of limited range": (cicp(12, 13, 0, 0), AS_STORED),
    "cICP that says nothing, and gAMA": (cicp(2, 2, 0, 1) + gamma(1.0), LINEAR),
    "cICP that says nothing, and iCCP": (cicp(2, 2, 0, 1) + iccp(PROPHOTO), WIDE),
    "cICP that says half": (cicp(9, 2, 0, 1), AS_STORED),
    "iCCP of rubbish": (iccp(b"rubbish" * 30), AS_STORED),
    "iCCP of rubbish, and gAMA": (iccp(b"rubbish" * 30) + gamma(1.0), LINEAR),
    "iCCP not packed, and gAMA": (png_chunk(b"iCCP", b"x\x00\x00rubbish") + gamma(1.0), LINEAR),
    "iCCP for grey": (iccp(grey_profile(1.0)), AS_STORED),
    "gAMA with a wrong checksum": (gamma(1.0)[:-1] + b"\x00", AS_STORED),
    "gAMA of a wrong length": (png_chunk(b"gAMA", struct.pack(">II", 100_000, 0)), AS_STORED),
    "gAMA twice": (gamma(1.0) + gamma(0.45455), LINEAR),
}  # fmt: skip


@pytest.mark.parametrize("name", PNG_COLOURS)
def test_colour_chunks_of_png_count_as_in_chromium(name: str) -> None:
    chunks, wanted = PNG_COLOURS[name]
    image = row(AS_STORED)
    data = with_chunks(encoded(image, "PNG"), chunks)
    picture = prepare_image(data, ImageOptions(min_side=1))
    if wanted is AS_STORED:
        assert picture.read() == data
    else:
        assert picture.steps == ("colours to sRGB",)
        for mode in ("RGB", "RGBA", "P"):
            stored = image.quantize(16) if mode == "P" else image.convert(mode)
            data = with_chunks(encoded(stored, "PNG"), chunks)
            assert far_off(sent(data, ImageOptions(min_side=1)), wanted) == [], mode


@pytest.mark.parametrize(
    ("chunks", "wanted"),
    [
        (gamma(1.0), greys(0, 71, 99, 120, 137, 165, 188, 208, 225, 233, 241, 248, 255)),
        (iccp(grey_profile(1.0)), greys(0, 71, 99, 120, 137, 165, 188, 208, 225, 233, 241, 248, 255)),
        (iccp(PROPHOTO), greys(0, 20, 43, 63, 81, 115, 146, 176, 203, 217, 230, 243, 255)),
        (cicp(9, 16, 0, 1), greys(0, 1, 5, 15, 30, 70, 132, 213, 255, 255, 255, 255, 255)),
    ],
    ids=["gAMA", "grey iCCP", "RGB iCCP", "PQ"],
)
@pytest.mark.parametrize("mode", ["L", "LA", "L with a transparent grey"])
def test_grey_pictures_have_colours_too(chunks: bytes, wanted: list[Colour], mode: str) -> None:
    image = row(greys(*GREYS)).convert(mode[:2].strip())
    transparent = png_chunk(b"tRNS", b"\x00\x01") if "with" in mode else b""
    picture = prepare_image(with_chunks(encoded(image, "PNG"), chunks + transparent), ImageOptions(min_side=1))
    shown = Image.open(io.BytesIO(picture.read()))
    assert shown.mode == "L"
    assert far_off(fields(shown), wanted, 2) == []


def test_png_that_says_srgb_in_any_way_leaves_byte_for_byte() -> None:
    for chunks in (
        SRGB_CHUNK,
        gamma(0.45455),
        gamma(0.45455) + SRGB_CHRM,
        SRGB_CHRM + gamma(0.45455) + SRGB_CHUNK,
        iccp(SRGB_PROFILE),
        cicp(1, 13, 0, 1),
    ):
        data = with_chunks(encoded(row(AS_STORED), "PNG"), chunks)
        assert prepare_image(data, ImageOptions(min_side=1)).read() == data


def test_colour_chunks_after_the_picture_data_say_nothing() -> None:
    data = encoded(row(AS_STORED), "PNG")
    end = data.index(b"IEND") - 4
    for chunk in (gamma(1.0), iccp(PROPHOTO), cicp(12, 13, 0, 1)):
        late = data[:end] + chunk + data[end:]
        assert prepare_image(late, ImageOptions(min_side=1)).read() == late


class TestJpeg:
    @pytest.mark.parametrize(
        ("profile_", "wanted"),
        [
            (grey_profile(1.0), greys(0, 71, 99, 120, 137, 165, 188, 208, 225, 233, 241, 248, 255)),
            (grey_profile(2.2), greys(0, 7, 26, 44, 62, 96, 129, 161, 193, 209, 225, 240, 255)),
            (PROPHOTO, greys(0, 20, 43, 63, 81, 115, 146, 176, 203, 217, 230, 243, 255)),
        ],
        ids=["grey gamma 1", "grey gamma 2.2", "RGB"],
    )
    def test_grey_with_a_profile(self, profile_: bytes, wanted: list[Colour]) -> None:
        data = encoded(row(greys(*GREYS)).convert("L"), "JPEG", quality=100, icc_profile=profile_)
        assert far_off(sent(data, ImageOptions(min_side=1, format="png")), wanted) == []

    def test_a_profile_for_other_pixels_says_nothing(self) -> None:
        for data in (
            encoded(row(AS_STORED), "JPEG", icc_profile=grey_profile(1.0)),
            encoded(row(greys(*GREYS)).convert("L"), "JPEG", icc_profile=b"\x00" * 16 + b"CMYK" + b"\x00" * 200),
        ):
            assert prepare_image(data, ImageOptions(min_side=1)).read() == data


def bmp_with_profile(image: Image.Image, body: bytes) -> bytes:
    """A BITMAPV5HEADER with an embedded ICC profile, which Photoshop and GIMP write."""
    pixels = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGR", (image.width * 3 + 3) // 4 * 4)
    start = 14 + 124
    header = struct.pack("<IiiHHIIiiII", 124, *image.size, 1, 24, 0, len(pixels), 2835, 2835, 0, 0)
    header += bytes(16) + b"DEBM" + bytes(48) + struct.pack("<4I", 4, 124 + len(pixels), len(body), 0)
    file = struct.pack("<IHHI", start + len(pixels) + len(body), 0, 0, start)
    return b"BM" + file + header + pixels + body


def test_bmp_with_a_profile() -> None:
    assert far_off(sent(bmp_with_profile(row(AS_STORED), PROPHOTO), ImageOptions(min_side=1)), WIDE) == []


def test_bmp_whose_profile_lies_elsewhere_is_as_stored() -> None:
    data = bytearray(bmp_with_profile(row(AS_STORED), PROPHOTO))
    data[14 + 112 : 14 + 116] = struct.pack("<I", 0x7FFFFFFF)
    assert sent(bytes(data), ImageOptions(min_side=1)) == AS_STORED


class TestPilImages:
    """One that was opened from a file leaves as the file does; what Pillow does not tell (cICP) cannot."""

    @pytest.mark.parametrize(
        "name", ["gAMA 1", "gAMA and cHRM of BT.2020", "sRGB before gAMA", "iCCP and gAMA", "gAMA 0"]
    )
    def test_png(self, name: str) -> None:
        chunks, wanted = PNG_COLOURS[name]
        image = Image.open(io.BytesIO(with_chunks(encoded(row(AS_STORED), "PNG"), chunks)))
        picture = prepare_image(image, ImageOptions(min_side=1))
        assert far_off(fields(Image.open(io.BytesIO(picture.read()))), wanted) == []

    def test_heif(self) -> None:
        image = row(AS_STORED)
        image.info["nclx_profile"] = {"color_primaries": 12, "transfer_characteristics": 13, "matrix_coefficients": 0}
        picture = prepare_image(image, ImageOptions(min_side=1))
        assert far_off(fields(Image.open(io.BytesIO(picture.read()))), PHONE) == []

    def test_the_same_pixels_in_other_colours_are_another_picture(self) -> None:
        plain, linear = row(AS_STORED), row(AS_STORED)
        linear.info["gamma"] = 1.0
        hashes = {PictureSource.of(image, ImageOptions()).sha256() for image in (plain, linear)}
        assert len(hashes) == 2


def printer_profile() -> bytes:
    """Of CMYK, whose inks are no pure colours and whose black is a dark grey: a table of 2 x 2 x 2 x 2 Lab colours."""
    nodes = b""
    for ink in range(16):
        cyan, magenta, yellow, black = (ink >> bit & 1 for bit in (3, 2, 1, 0))
        light = 100 * 0.62**cyan * 0.55**magenta * 0.93**yellow * 0.22**black
        red = 0 if black else -35 * cyan + 70 * magenta - 5 * yellow
        warm = 0 if black else -45 * cyan - 3 * magenta + 88 * yellow
        nodes += bytes((round(max(light, 10) * 2.55), 128 + red, 128 + warm))
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + bytes(range(256)) * 4 + nodes + bytes(range(256)) * 3
    white = b"XYZ \x00\x00\x00\x00" + struct.pack(">3i", 63190, 65536, 54061)
    text = b"desc\x00\x00\x00\x00" + struct.pack(">I5s78xxxx", 5, b"test\x00")
    table, bodies = struct.pack(">I", 3), b""
    for name, body in ((b"desc", text), (b"wtpt", white), (b"A2B0", lut)):
        table += struct.pack(">4sII", name, 168 + len(bodies), len(body))
        bodies += body + bytes(-len(body) % 4)
    sizes = struct.pack(">I4xI", 168 + len(bodies), 0x02100000)
    header = sizes + b"prtrCMYKLab " + bytes(12) + b"acsp" + bytes(28) + white[8:]
    return header.ljust(128, b"\x00") + table + bodies


@pytest.mark.parametrize("format_", ["JPEG", "TIFF"])
def test_inks_are_as_dark_as_in_imagemagick(format_: str) -> None:
    """By ImageMagick 6.9.11, -profile srgb.icc of Ghostscript: black ink is no blacker than it is on paper."""
    inks = [(0, 0, 0, 0), (255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 255, 0), (0, 0, 0, 255), (0, 0, 0, 128),
            (64, 128, 32, 0), (200, 40, 160, 60)]  # fmt: skip
    wanted = [(254, 255, 254), (0, 168, 228), (232, 59, 139), (255, 235, 25), (52, 52, 52), (146, 146, 146),
              (213, 152, 174), (88, 141, 116)]  # fmt: skip
    exact = {"quality": 100, "subsampling": 0} if format_ == "JPEG" else {}
    data = encoded(row(inks, "CMYK"), format_, icc_profile=printer_profile(), **exact)
    assert far_off(sent(data), wanted, 2) == []
