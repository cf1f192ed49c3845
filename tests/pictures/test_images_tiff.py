"""TIFF by its tags: each layout of samples is shown as libtiff or GDAL show it; see tiff_layouts.py."""

from __future__ import annotations

import struct
import warnings
from typing import ClassVar

import pytest
from PIL import Image

from ollama_vision import errors
from ollama_vision.pictures import ImageOptions, prepare_image
from tests.support.picture_corpus import BLUE, GREEN, LIGHT, RED, encoded, luma, pixel, wrong_corners
from tests.support.tiff_files import RATIONAL, SHORT, Page, deflated, packed_12, text, tiff
from tests.support.tiff_layouts import RGB, RIGHT, SIZE, H, W, right


def sent(data: bytes, **options: object) -> Image.Image:
    image = Image.open(prepare_image(data, ImageOptions(**options)).open())  # type: ignore[arg-type]
    image.load()
    return image


@pytest.mark.parametrize("kind", RIGHT)
def test_every_layout_of_samples_shows_the_picture(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepared = prepare_image(right(kind))
    assert prepared.size == SIZE
    assert wrong_corners(prepared.read(), tolerance=8) == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("RGB and a band in planes", "1 further band left out"),
        ("CMYK and a spot colour", "1 further band left out"),
    ],
)
def test_what_is_left_out_or_moved_is_said(kind: str, step: str) -> None:
    assert step in prepare_image(right(kind)).steps


class TestSignedBytes:
    """tifffile and GDAL 3.10 read them as signed; tiff2rgba, ImageMagick and FFmpeg show the bytes as they are."""

    ramp = bytes(160 * x // W for x in range(W)) * H

    def shown(self, data: bytes, samples: int = 1) -> tuple[tuple[str, ...], list[tuple[int, ...]]]:
        tags = {339: (SHORT, [2] * samples)}
        page = Page(W, H, [data], 8, samples, 2 if samples == 3 else 1, tags=tags)
        prepared = prepare_image(tiff(page))
        image = Image.open(prepared.open())
        return prepared.steps, [pixel(image, x, 60) for x in (1, 80, 159)]

    def test_they_are_shown_from_the_lowest_to_the_highest(self) -> None:
        steps, values = self.shown(bytes(value ^ 128 for value in self.ramp))
        assert values == [(1,), (80,), (159,)]
        assert "-128 to 127 shown as 0 to 255" in steps

    def test_colours(self) -> None:
        _, values = self.shown(bytes(value ^ 128 for each in self.ramp for value in (each, 255 - each, each)), 3)
        assert values == [(1, 254, 1), (80, 175, 80), (159, 96, 159)]

    @pytest.mark.parametrize("data", [ramp, bytes(value // 2 for value in ramp)], ids=["to 160", "to 80"])
    def test_unsigned_ones_that_are_called_signed(self, data: bytes) -> None:
        steps, values = self.shown(data)
        assert values == [(data[x],) for x in (1, 80, 159)]
        told = ("called signed, and shown as unsigned",) if max(data) > 127 else ()
        assert steps == ("converted from TIFF", *told)

    @pytest.mark.parametrize(("dark", "light"), [(-128, 127), (-88, 92), (-5, 120)])
    def test_two_tones_stay_apart(self, dark: int, light: int) -> None:
        """By the tags and the values, as tifffile has them: black on white stays that."""
        _, values = self.shown(bytes((dark if 40 <= at % W < 120 else light) & 0xFF for at in range(W * H)))
        assert values == [(light + 128,), (dark + 128,), (light + 128,)]


@pytest.mark.parametrize("kind", ["grey and alpha in planes", "RGB and alpha in planes", "CMYK and alpha"])
def test_alpha_lets_the_background_through(kind: str) -> None:
    half = Image.new("L", SIZE, 255)
    half.paste(0, (0, 0, W // 2, H))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.support.tiff_layouts.ALPHA", half)
        image = sent(right(kind), background="#ff00ff").convert("RGB")
    assert pixel(image, 20, 20) == (255, 0, 255)
    wanted = (luma(GREEN),) * 3 if kind.startswith("grey") else GREEN
    assert all(abs(one - other) <= 2 for one, other in zip(pixel(image, 120, 20), wanted, strict=True))


class TestPalettes:
    """libtiff takes a palette for one of 8 bits when no entry is 256 or more ("Assuming 8-bit colormap")."""

    @pytest.mark.parametrize("scale", [1, 257])
    @pytest.mark.parametrize("compression", [1, 8])
    @pytest.mark.parametrize("bits", [8, 4])
    def test_entries_of_8_and_16_bits(self, scale: int, compression: int, bits: int) -> None:
        colours = [RED, GREEN, BLUE, LIGHT]
        spare = [0] * ((1 << bits) - 4)
        entries = [each for band in range(3) for each in (*(colour[band] * scale for colour in colours), *spare)]
        index = bytes((2 if y >= H // 2 else 0) + (x >= W // 2) for y in range(H) for x in range(W))
        if bits == 4:
            index = bytes(one << 4 | other for one, other in zip(index[::2], index[1::2], strict=True))
        data = deflated(index) if compression == 8 else index
        page = Page(W, H, [data], bits, 1, 3, compression=compression, tags={320: (SHORT, entries)})
        prepared = prepare_image(tiff(page))
        assert wrong_corners(prepared.read(), 0) == []


class TestRangesOfTwelveBits:
    """A range is of values as they are stored, in colour and beside alpha as in grey: 1,000 is black, 3,000 white."""

    OME = text('<OME><Image><Pixels SignificantBits="12" Type="uint16"/></Image></OME>')
    VALUES = (0, 1_000, 2_000, 3_000, 4_095)
    HIGHEST = 4_095

    def made(self, kind: str) -> bytes:
        columns = [value for value in self.VALUES for _ in range(W // 5)]
        samples, photometric, tags = 2, 1, {338: (SHORT, [2])}
        if kind.startswith("RGB"):
            samples, photometric, tags = 3, 2, {}
            pixels = [[value] * 3 for value in columns]
        elif "white is zero" in kind:
            pixels, photometric = [[self.HIGHEST - value, self.HIGHEST] for value in columns], 0
        else:
            pixels = [[value, self.HIGHEST] for value in columns]
        row = [value for each in pixels for value in each]
        if "OME" not in kind:
            return tiff(Page(W, H, [packed_12(row) * H], 12, samples, photometric, tags=tags))
        data = struct.pack(f"<{len(row)}H", *row) * H
        return tiff(Page(W, H, [data], 16, samples, photometric, tags={270: self.OME, **tags}))

    @pytest.mark.parametrize("kind", ["RGB", "RGB, OME", "alpha", "alpha, OME", "alpha, white is zero"])
    def test_chosen(self, kind: str) -> None:
        plain = prepare_image(self.made(kind))
        assert "reduced from 12 bit" in plain.steps
        chosen = prepare_image(self.made(kind), ImageOptions(range=(1_000, 3_000)))
        assert "12 bit: 1,000 to 3,000 shown as 0 to 255, as asked" in chosen.steps
        for prepared, right_ in ((plain, [0, 62, 125, 187, 255]), (chosen, [0, 0, 128, 255, 255])):
            image = Image.open(prepared.open()).convert("L")
            assert [pixel(image, x, 60)[0] for x in range(16, W, W // 5)] == right_

    def test_the_error_names_stored_values(self) -> None:
        with pytest.raises(errors.ImageError, match="has values from 0 to 4,095, and a range of 5,000 to 9,000 makes"):
            prepare_image(self.made("RGB"), ImageOptions(range=(5_000, 9_000)))


class TestLab:
    """L*a*b* by its definition (CIE 1976, white D50, as ICC and Photoshop have it) of colours that sRGB has.

    ImageMagick 6.9 takes D65 and tiff2rgba 4.5 the screen of its authors: both are off by 30 to 50, and neither reads
    ICCLab.
    """

    PATCHES: ClassVar = {
        (220, 40, 40): (48.976, 67.296, 47.905),
        (30, 200, 60): (70.849, -62.234, 54.693),
        (20, 60, 200): (31.569, 32.273, -77.303),
        (128, 128, 128): (53.585, 0, 0),
    }

    def sample(self, lab: tuple[float, float, float], kind: str, bits: int) -> bytes:
        lightness, *ab = lab
        step = 1 << bits - 8
        white = (255 * step if kind == "ICCLab" else (1 << bits) - 1) / 100
        middle = 128 if kind == "ICCLab" else 0
        values = [round(lightness * white), *(round((each + middle) * step) % (1 << bits) for each in ab)]
        return struct.pack("<3B" if bits == 8 else "<3H", *values)

    @pytest.mark.parametrize("kind", ["CIELab", "ICCLab"])
    @pytest.mark.parametrize("bits", [8, 16])
    @pytest.mark.parametrize("layout", ["strip", "planes", "tile, Deflate", "alpha"])
    def test_colours(self, kind: str, bits: int, layout: str) -> None:
        for colour, lab in self.PATCHES.items():
            sample = self.sample(lab, kind, bits)
            width, tags = bits // 8, {}
            blocks, samples = [sample * W * H], 3
            if layout == "planes":
                blocks = [sample[at : at + width] * W * H for at in range(0, 3 * width, width)]
            elif layout == "alpha":
                blocks, samples, tags = [(sample + b"\xff" * width) * W * H], 4, {338: (SHORT, [2])}
            elif layout != "strip":
                blocks = [deflated(sample * 64 * 64)] * 6
            page = Page(
                W, H, blocks, bits, samples, 8 if kind == "CIELab" else 9, (64, 64) if "tile" in layout else None,
                planar=layout == "planes", compression=8 if "tile" in layout else 1, tags=tags,
            )  # fmt: skip
            shown = pixel(sent(tiff(page)).convert("RGB"), 100, 100)
            assert max(abs(one - other) for one, other in zip(shown, colour, strict=True)) <= 5, colour

    def test_signed_a_and_b_that_are_said_to_be_so(self) -> None:
        sample = self.sample(self.PATCHES[30, 200, 60], "CIELab", 8)
        page = Page(W, H, [sample * W * H], 8, 3, 8, tags={339: (SHORT, [1, 2, 2])})
        red, green, blue = pixel(sent(tiff(page)).convert("RGB"), 100, 100)
        assert max(abs(red - 30), abs(green - 200), abs(blue - 60)) <= 5

    @pytest.mark.parametrize("bits", [8, 16])
    def test_lightness_alone(self, bits: int) -> None:
        """TIFF 6.0, section 23: one sample is L*. ImageMagick shows L* as grey, which is not sRGB's grey."""
        data = self.sample((53.585, 0, 0), "CIELab", bits)[: bits // 8] * W * H
        shown = pixel(sent(tiff(Page(W, H, [data], bits, 1, 8))).convert("RGB"), 100, 100)
        assert max(abs(each - 128) for each in shown) <= 3


class TestYcbcr:
    """Values from tiff2rgba 4.5 for one colour; libtiff applies the file's own coefficients and points."""

    @pytest.mark.parametrize(
        ("tags", "stored", "shown"),
        [
            ({}, (81, 90, 240), (238, 14, 14)),
            ({529: (RATIONAL, [2126, 10000, 7152, 10000, 722, 10000])}, (70, 107, 235), (239, 24, 31)),
            ({532: (RATIONAL, [16, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1])}, (235, 128, 128), (255, 255, 255)),
            ({532: (RATIONAL, [16, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1])}, (120, 90, 200), (235, 78, 45)),
        ],
        ids=["as TIFF has it", "BT.709", "white of 235", "16 to 235"],
    )  # fmt: skip
    @pytest.mark.parametrize("subsampled", [(1, 1), (2, 1), (2, 2)])
    def test_not_in_jpeg(
        self, tags: dict[int, tuple[int, list[int]]], stored: tuple[int, int, int],
        shown: tuple[int, int, int], subsampled: tuple[int, int],
    ) -> None:  # fmt: skip
        luma_, blue, red = stored
        across, down = subsampled
        unit = bytes([luma_] * (across * down) + [blue, red])
        data = unit * (W // across * (H // down))
        page = Page(W, H, [data], 8, 3, 6, tags={530: (SHORT, subsampled), **tags})
        assert all(abs(one - other) <= 2 for one, other in zip(pixel(sent(tiff(page)), 9, 9), shown, strict=True))


class TestRanges:
    ramp = bytes(range(160)) * H

    def deep(self, values: list[int], **tags: tuple[int, list[float]]) -> bytes:
        numbered = {int(name[1:]): value for name, value in tags.items()}
        return tiff(Page(W, H, [struct.pack(f"<{W * H}H", *values)], 16, tags=numbered))

    def test_of_imagej(self) -> None:
        values = [10 * (at % W) for at in range(W * H)]
        prepared = prepare_image(self.deep(values, t270=text("ImageJ=1.53\nmin=500.0\nmax=1500.0\n")))  # type: ignore[arg-type]
        image = Image.open(prepared.open())
        assert [pixel(image, x, 5) for x in (40, 50, 100, 150)] == [(0,), (0,), (128,), (255,)]
        assert "16 bit: 500 to 1,500 shown as 0 to 255, as the file says" in prepared.steps

    def test_of_ome(self) -> None:
        values = [25 * (at % W) for at in range(W * H)]
        words = '<?xml version="1.0"?><OME><Image><Pixels SignificantBits="12" Type="uint16"/></Image></OME>'
        prepared = prepare_image(self.deep(values, t270=text(words)))  # type: ignore[arg-type]
        assert pixel(Image.open(prepared.open()), 100, 5) == (2500 >> 4,)

    def test_nodata_is_background_and_does_not_count(self) -> None:
        values = [65535 if at % W < 40 else 10 * (at % W) for at in range(W * H)]
        prepared = prepare_image(self.deep(values, t42113=text("65535")), ImageOptions(background="black"))  # type: ignore[arg-type]
        image = Image.open(prepared.open()).convert("L")
        assert [pixel(image, x, 5) for x in (20, 159)] == [(0,), (255,)]
        assert "16 bit: 400 to 1,590 shown as 0 to 255" in prepared.steps

    def test_minimum_and_maximum_sample_values_change_nothing(self) -> None:
        tags = {280: (SHORT, [0]), 281: (SHORT, [60])}
        prepared = prepare_image(tiff(Page(W, H, [RGB.tobytes()], 8, 3, 2, tags=tags)))
        assert wrong_corners(prepared.read()) == []

    def test_in_colours_it_is_one_for_all_three(self) -> None:
        dark = [value * 3 for value in RGB.tobytes()]
        for blocks, planar in (
            ([struct.pack(f"<{len(dark)}H", *dark)], False),
            ([struct.pack(f"<{W * H}H", *dark[band::3]) for band in range(3)], True),
        ):
            prepared = prepare_image(tiff(Page(W, H, blocks, 16, 3, 2, planar=planar)))
            image = Image.open(prepared.open())
            spread = [round((value - 40) * 255 / 200) for value in RED]
            assert all(abs(one - other) <= 1 for one, other in zip(pixel(image, 40, 30), spread, strict=True))


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "JPEG2000"])
def test_tiles_that_are_files_of_their_own(format_: str, capfd: pytest.CaptureFixture[str]) -> None:
    """As GDAL 3.10 and tifffile with imagecodecs read them; Pillow's libtiff has none of these codecs."""
    code = {"PNG": 34933, "WEBP": 50001, "JPEG2000": 34712}[format_]
    more: dict[str, object] = {"lossless": True} if format_ == "WEBP" else {"no_jp2": True} if code == 34712 else {}
    corners = [(left, top, left + 80, top + 60) for top in (0, 60) for left in (0, 80)]
    parts = [encoded(RGB.crop(box), format_, **more) for box in corners]
    prepared = prepare_image(tiff(Page(W, H, parts, 8, 3, 2, (80, 60), compression=code)))
    assert wrong_corners(prepared.read(), 1) == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("extra", [2, 0], ids=["alpha", "unspecified"])
def test_sums_of_differences_are_of_numbers_in_either_order(order: str, extra: int) -> None:
    """16 bits, interleaved, predictor 2; tiff2rgba 4.5 shows (220, 40, 30) beside (30, 220, 0)."""
    left, right = (220, 40, 30, 255), (30, 220, 0, 255)
    rows = bytearray()
    for _ in range(H):
        before: tuple[int, ...] = (0,) * 4
        for x in range(W):
            now = tuple(value * 257 for value in (left if x < W // 2 else right))
            rows += struct.pack(f"{order}4H", *((one - other) & 0xFFFF for one, other in zip(now, before, strict=True)))
            before = now
    tags = {338: (SHORT, [extra]), 317: (SHORT, [2])}
    page = Page(W, H, [deflated(bytes(rows))], 16, 4, 2, compression=8, tags=tags)
    prepared = prepare_image(tiff(page, order=order), ImageOptions(format="png"))
    image = Image.open(prepared.open())
    assert [pixel(image, x, 60) for x in (1, W - 2)] == [left[:3], right[:3]]


def test_dark_colours_multiplied_with_their_transparency_are_refused() -> None:
    """They would leave as a black sheet: of 65,536 values they use 3,000."""
    half = [(3000 // 2, 0, 0, 32768) if x < W // 2 else (3000, 1000, 0, 65535) for x in range(W)]
    data = b"".join(struct.pack("<4H", *values) for values in half * H)
    page = Page(W, H, [data], 16, 4, 2, tags={338: (SHORT, [1])})
    with pytest.raises(errors.ImageError, match="multiplied with its transparency"):
        prepare_image(tiff(page))
