"""Colours leave as a careful viewer shows them: profiles, with alpha too, and colours described without a profile.

Expected values are those of Chromium 156 (a screenshot of the same bytes, with --force-color-profile=srgb) unless
another program is named.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import pytest
from PIL import Image

from ollama_vision.pictures import ImageOptions
from ollama_vision.pictures.formats.cicp import Medium
from ollama_vision.pictures.picture import render_pixels
from ollama_vision.pictures.render.colour import profile_of
from ollama_vision.pictures.render.raster import Raster
from tests.support.colour_chunks import (
    GREYS,
    PROPHOTO,
    STORED,
    Colour,
    cicp,
    far_off,
    fields,
    greys,
    row,
    sent,
    with_chunks,
)
from tests.support.picture_corpus import encoded, png_chunk


def shown_with(profile: bytes | None, colours: Sequence[Colour]) -> list[Colour]:
    """What leaves of a raster with this profile."""
    raster = Raster(row(colours), "picture 1", "test", profile=profile)
    (picture,) = render_pixels(raster, ImageOptions(format="png", min_side=1))
    return fields(Image.open(io.BytesIO(picture.read())))


# In PNG (cICP chunk): ColourPrimaries, TransferCharacteristics, what becomes of STORED.
SHOWN_IN_PNG: tuple[tuple[int, int, list[Colour]], ...] = (
    (1, 13, list(STORED)),
    (2, 2, list(STORED)),
    (23, 13, list(STORED)),
    (4, 13, [(255, 12, 8), (0, 177, 46), (0, 91, 216), (221, 147, 115)]),
    (5, 13, [(224, 40, 40), (6, 180, 63), (49, 70, 209), (202, 150, 120)]),
    (6, 13, [(214, 51, 39), (59, 177, 59), (56, 75, 211), (197, 151, 120)]),
    (7, 13, [(214, 51, 39), (59, 177, 59), (56, 75, 211), (197, 151, 120)]),
    (8, 13, [(250, 0, 18), (0, 185, 39), (36, 64, 217), (214, 148, 115)]),
    (9, 13, [(255, 0, 23), (0, 190, 14), (0, 69, 220), (227, 142, 114)]),
    (10, 13, [(255, 0, 72), (0, 240, 0), (0, 95, 222), (255, 47, 120)]),
    (11, 13, [(234, 0, 23), (0, 183, 30), (45, 69, 218), (207, 148, 115)]),
    (12, 13, [(240, 0, 21), (0, 183, 30), (44, 71, 218), (209, 147, 115)]),
    (22, 13, [(222, 52, 39), (25, 176, 60), (50, 80, 210), (201, 150, 120)]),
    (1, 1, [(218, 28, 28), (28, 176, 49), (39, 60, 208), (197, 144, 113)]),
    (1, 4, [(221, 35, 35), (35, 181, 57), (46, 68, 211), (201, 151, 121)]),
    (1, 5, [(212, 17, 17), (17, 165, 36), (26, 46, 200), (189, 131, 98)]),
    (1, 7, [(224, 58, 58), (58, 188, 77), (68, 87, 215), (206, 161, 134)]),
    (1, 8, [(239, 110, 110), (110, 219, 133), (122, 143, 234), (229, 202, 183)]),
    (1, 17, [(224, 23, 23), (23, 177, 44), (34, 55, 212), (200, 143, 109)]),
    (9, 14, [(255, 0, 0), (0, 186, 0), (0, 59, 217), (225, 136, 106)]),
    (9, 16, [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 68, 41)]),
    (12, 16, [(255, 0, 0), (0, 251, 0), (2, 13, 255), (255, 111, 48)]),
    (9, 18, [(255, 0, 0), (0, 170, 0), (0, 49, 198), (227, 114, 93)]),
    (1, 18, [(225, 30, 30), (31, 162, 50), (36, 52, 191), (194, 126, 99)]),
)


@pytest.mark.parametrize(("primaries", "transfer", "wanted"), SHOWN_IN_PNG)
def test_code_points_mean_what_chromium_takes_them_for(primaries: int, transfer: int, wanted: list[Colour]) -> None:
    assert far_off(shown_with(profile_of(primaries, transfer, medium="png"), STORED), wanted, 2) == []


@pytest.mark.parametrize(
    ("primaries", "transfer", "medium", "wanted"),
    [
        (9, 16, "still", greys(0, 1, 5, 15, 30, 70, 132, 213, 255, 255, 255, 255, 255)),
        (9, 18, "still", greys(0, 3, 14, 29, 43, 71, 99, 135, 189, 212, 228, 243, 255)),
        (1, 8, "still", greys(0, 71, 99, 120, 137, 165, 188, 208, 225, 233, 241, 248, 255)),
        (1, 1, "png", greys(0, 4, 20, 37, 54, 87, 121, 155, 189, 205, 222, 239, 255)),
        (1, 1, "still", greys(*GREYS)),
        (1, 1, "video", greys(*GREYS)),
        (5, 6, "still", greys(*GREYS)),
    ],
)
def test_greys_are_as_light_as_in_chromium(primaries: int, transfer: int, medium: Medium, wanted: list[Colour]) -> None:
    assert far_off(shown_with(profile_of(primaries, transfer, medium=medium), greys(*GREYS)), wanted, 2) == []


@pytest.mark.parametrize(
    ("transfer", "stored"),
    # White, a dark grey and STORED by FFmpeg 5.1: zscale=tin=iec61966-2-1:pin=bt709:t=...:p=bt2020:m=bt2020nc:npl=203,
    # 10-bit H.265, then zscale=m=gbr:r=full to 8 bit.
    [
        (18, [(191, 191, 191), (66, 66, 66), (157, 74, 54), (107, 153, 79), (74, 73, 168), (159, 141, 117)]),
        (16, [(148, 148, 148), (77, 77, 77), (128, 83, 68), (103, 126, 87), (83, 82, 134), (128, 119, 108)]),
    ],
)
def test_video_in_hdr_is_as_ffmpeg_made_it(transfer: int, stored: list[Colour]) -> None:
    wanted = [(255, 255, 255), (64, 64, 64), *STORED]
    assert far_off(shown_with(profile_of(9, transfer, medium="video"), stored), wanted) == []


def light_level(most: float) -> bytes:
    """cLLI: MaxCLL and MaxFALL in cd/m2."""
    return png_chunk(b"cLLI", struct.pack(">II", round(most * 10_000), 1_000_000))


def mastering_display(most: float) -> bytes:
    """mDCV of BT.2020, up to so many cd/m2."""
    places = (35400, 14600, 8500, 39850, 6550, 2300, 15635, 16450)
    return png_chunk(b"mDCV", struct.pack(">8HII", *places, round(most * 10_000), 50))


@pytest.mark.parametrize(
    ("transfer", "chunks", "wanted"),
    [
        (16, light_level(470), (0, 1, 7, 21, 37, 85, 158, 245, 255, 255, 255, 255, 255)),
        (16, light_level(100), (0, 2, 10, 25, 44, 98, 181, 255, 255, 255, 255, 255, 255)),
        (16, light_level(4000), (0, 1, 5, 15, 30, 70, 132, 202, 226, 238, 250, 255, 255)),
        (16, light_level(0), (0, 1, 5, 15, 30, 70, 132, 213, 255, 255, 255, 255, 255)),
        (16, mastering_display(600), (0, 1, 6, 19, 35, 80, 150, 236, 255, 255, 255, 255, 255)),
        (16, mastering_display(600) + light_level(470), (0, 1, 7, 21, 37, 85, 158, 245, 255, 255, 255, 255, 255)),
        (18, light_level(470), (0, 4, 19, 36, 53, 86, 119, 161, 225, 243, 254, 255, 255)),
        (18, light_level(100), (0, 6, 24, 43, 62, 100, 138, 185, 255, 255, 255, 255, 255)),
        (18, light_level(4000), (0, 3, 14, 29, 43, 71, 99, 135, 189, 201, 210, 218, 225)),
    ],
)
def test_highlights_are_fitted_in_as_far_as_the_file_says_that_it_has_them(
    transfer: int, chunks: bytes, wanted: tuple[int, ...]
) -> None:
    data = with_chunks(encoded(row(greys(*GREYS)), "PNG"), cicp(9, transfer, 0, 1) + chunks)
    assert far_off(sent(data, ImageOptions(min_side=1)), greys(*wanted)) == []


def test_srgb_needs_no_profile() -> None:
    for transfer in (1, 2, 6, 13, 14, 15):
        assert profile_of(1, transfer) is None


class TestProfilesBesideAlpha:
    """ProPhoto's red (220, 40, 40) is outside of sRGB; without its profile it leaves dull."""

    WANTED = (255, 0, 48)

    def images(self) -> dict[str, Image.Image]:
        rgb = row([(220, 40, 40)] * 8)
        rgba = rgb.convert("RGBA")
        return {"RGB": rgb, "RGBA": rgba, "P": rgb.quantize(4)}

    @pytest.mark.parametrize(
        ("format_", "mode"),
        [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("TIFF", "RGB"), ("TIFF", "RGBA"), ("TIFF", "P"),
         ("WEBP", "RGB"), ("WEBP", "RGBA")],
    )  # fmt: skip
    def test_all_modes_alike(self, format_: str, mode: str) -> None:
        image = self.images()[mode]
        lossless = {"lossless": True} if format_ == "WEBP" else {}
        data = encoded(image, format_, icc_profile=PROPHOTO, **lossless)
        assert far_off(sent(data), [self.WANTED] * 8) == []


@pytest.mark.parametrize(("transfer", "wanted"), [(16, 30), (18, 43)])
def test_an_icc_profile_may_say_that_it_is_hdr(transfer: int, wanted: int) -> None:
    said = profile_of(9, transfer)
    assert said is not None
    data = encoded(row(greys(*[64] * 8)), "PNG", icc_profile=said)
    assert far_off(sent(data), greys(*[wanted] * 8)) == []


def test_half_transparent_is_half_background_after_its_colours_are_converted() -> None:
    image = row([(200, 150, 120, 128)] * 8, "RGBA")
    plain = sent(encoded(row([(200, 150, 120)] * 8), "PNG", icc_profile=PROPHOTO))[0]
    half = tuple(round(value * 128 / 255 + 255 * 127 / 255) for value in plain)
    assert far_off(sent(encoded(image, "PNG", icc_profile=PROPHOTO)), [half] * 8, 1) == []
