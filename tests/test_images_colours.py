"""Colours leave as a careful viewer shows them: profiles, with alpha too, and colours described without a profile.

Expected values are those of Chromium 156 (a screenshot of the same bytes, with --force-color-profile=srgb) unless
another program is named.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from picture_corpus import encoded, profile
from PIL import Image

from llama_index.multi_modal_llms.ollama._images import ImageOptions, prepare_image
from llama_index.multi_modal_llms.ollama._images.cicp import Medium
from llama_index.multi_modal_llms.ollama._images.colour import profile_of
from llama_index.multi_modal_llms.ollama._images.convert import Raster
from llama_index.multi_modal_llms.ollama._images.pictures import rendered

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


def shown_with(profile: bytes | None, colours: Sequence[Colour]) -> list[Colour]:
    """What leaves of a raster with this profile."""
    raster = Raster(row(colours), "picture 1", "test", profile=profile)
    picture = rendered(raster, ImageOptions(format="png", min_side=1))
    return fields(Image.open(io.BytesIO(picture.read())))


def greys(*values: int) -> list[Colour]:
    return [(value, value, value) for value in values]


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


def test_half_transparent_is_half_background_after_its_colours_are_converted() -> None:
    image = row([(200, 150, 120, 128)] * 8, "RGBA")
    plain = sent(encoded(row([(200, 150, 120)] * 8), "PNG", icc_profile=PROPHOTO))[0]
    half = tuple(round(value * 128 / 255 + 255 * 127 / 255) for value in plain)
    assert far_off(sent(encoded(image, "PNG", icc_profile=PROPHOTO)), [half] * 8, 1) == []
