"""JPEGs out of the ordinary: named truly and refused with a command that helps, or passed as they are."""

from __future__ import annotations

import io
import math
import struct
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, prepare_image
from ollama_vision.pictures.source import PictureSource
from tests.support.picture_corpus import card, encoded, turned, wrong_corners

COMMAND = r"""python -c "import imagecodecs as c; c.imwrite\('OUT.png', c.imread\('IN'\)\)"""


def jpeg_ls() -> bytes:
    """The first bytes that CharLS writes for 160x120 grey, and two of picture data."""
    frame = b"\xff\xf7" + struct.pack(">HBHHB3s", 11, 8, 120, 160, 1, b"\x01\x11\x00")
    scan = b"\xff\xda" + struct.pack(">HB2sBBB", 8, 1, b"\x01\x00", 0, 0, 0)
    return b"\xff\xd8" + frame + scan + b"\x20\x40\xff\xd9"


def with_frame(marker: int, bits: int) -> bytes:
    """The card, saying another process and another precision: all of it is there, but it is not decoded."""
    data = bytearray(encoded(card(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = marker, bits
    return bytes(data)


def test_jpeg_ls_is_named_and_its_way_out_is_a_program_that_reads_it() -> None:
    # imagecodecs 2026.10.10 reads grey and colour, 8 and 16 bit; FFmpeg 5.1 colour as black, ImageMagick 6.9 nothing.
    with pytest.raises(ImageError, match=f"is coded as JPEG-LS, which is not read. .*{COMMAND}"):
        prepare_image(jpeg_ls())


@pytest.mark.parametrize(("marker", "bits"), [(0xC1, 12), (0xC2, 12), (0xC3, 12), (0xC3, 16)])
def test_more_than_8_bits_are_named(marker: int, bits: int) -> None:
    with pytest.raises(ImageError, match=f"has {bits} bits a sample, where 8 are read. .*{COMMAND}") as caught:
        prepare_image(with_frame(marker, bits))
    assert "whole file again" not in str(caught.value)
    assert ("range=(0, 4095)" in str(caught.value)) == (bits == 12)


@pytest.mark.parametrize("marker", [0xC5, 0xC6, 0xC7, 0xCD, 0xDE])
def test_hierarchical_is_named(marker: int) -> None:
    with pytest.raises(ImageError, match="is hierarchical, which is not read"):
        prepare_image(with_frame(marker, 8))


def test_a_gain_map_behind_the_picture_leaves_with_it() -> None:
    # Ultra HDR and MPO: a list of pictures in the first, the second one behind its end.
    first, second = encoded(card(), "JPEG"), encoded(card((80, 60)).convert("L"), "JPEG")
    listed = b"\xff\xe2" + struct.pack(">H", 2 + 4 + 8) + b"MPF\x00" + b"MM\x00*\x00\x00\x00\x08"
    data = first[:2] + listed + first[2:] + second
    assert prepare_image(data).read() == data


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_unequal_densities_stretch_nothing(format_: str) -> None:
    # Chromium 156 and ImageMagick 6.9 show 160x120 of both.
    data = encoded(card(), format_, dpi=(72, 144))
    picture = prepare_image(data)
    assert picture.size == (160, 120)
    assert picture.read() == data


def colour_by_colour() -> bytes:
    """The card as a JPEG of three scans of one component each, as jpegtran's scan scripts and some cameras write it."""
    planes = [encoded(band, "JPEG") for band in card().convert("YCbCr").split()]
    frame, scan = planes[0].index(b"\xff\xc0"), planes[0].index(b"\xff\xda")
    size = planes[0][frame + 4 : frame + 9]
    colours = b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    head = planes[0][:frame] + b"\xff\xc0" + struct.pack(">H", 17) + size + b"\x03" + colours
    # Behind the grey frame, which is 13 bytes long, its Huffman tables.
    data = head + planes[0][frame + 13 : scan]
    for number, plane in enumerate(planes, 1):
        start = plane.index(b"\xff\xda")
        data += b"\xff\xda" + struct.pack(">HBBB3s", 8, 1, number, 0, b"\x00\x3f\x00") + plane[start + 10 : -2]
    return data + b"\xff\xd9"


def test_colours_that_come_one_after_the_other() -> None:
    data = colour_by_colour()
    PictureSource.of(data, ImageOptions()).check_headers()
    prepared = prepare_image(data)
    assert prepared.read() == data
    assert wrong_corners(data) == []
    with pytest.raises(ImageError, match="cut short"):
        prepare_image(data[: data.rindex(b"\xff\xda")] + b"\xff\xd9")


def test_what_a_header_says_is_told_without_a_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(kind: object) -> None:
        raise AssertionError("Pillow was asked")

    monkeypatch.setattr("ollama_vision.pictures.decoders.decode.decoder", refused)
    for data in (encoded(card(), "JPEG"), encoded(card(), "JPEG", progressive=True), turned("JPEG", 6)):
        source = PictureSource.of(data, ImageOptions())
        source.check_headers()
        with Image.open(io.BytesIO(data)) as image:
            assert source.size() == image.size


def photograph(width: int, height: int) -> Image.Image:
    """Slopes of colour under a little noise."""
    slopes = [Image.linear_gradient("L").resize((width, height)).rotate(angle) for angle in (0, 90, 180)]
    noise = Image.merge("RGB", [Image.effect_noise((width, height), 8)] * 3)
    return ImageChops.add(Image.merge("RGB", slopes), noise, 2)


@pytest.mark.parametrize(
    ("size", "kind", "resampling"),
    [
        ((2400, 1800), "JPEG", Image.Resampling.BILINEAR),
        ((1600, 1200), "JPEG", Image.Resampling.BICUBIC),
        ((2400, 1800), "PNG", Image.Resampling.BICUBIC),
    ],
    ids=["halved by JPEG", "too small to be halved", "PNG"],
)
def test_only_what_jpeg_has_halved_is_scaled_linearly_and_looks_as_by_lanczos(
    size: tuple[int, int], kind: str, resampling: Image.Resampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(photograph(*size), kind)
    used = []
    resize = Image.Image.resize

    def noted(image: Image.Image, size: tuple[int, int], resampling: Any, **more: Any) -> Image.Image:
        used.append(resampling)
        return resize(image, size, resampling, **more)

    monkeypatch.setattr(Image.Image, "resize", noted)
    scaled = Image.open(io.BytesIO(prepare_image(data).read()))
    monkeypatch.undo()
    assert used == [resampling]
    wanted = Image.open(io.BytesIO(data)).resize(scaled.size, Image.Resampling.LANCZOS)
    error = ImageStat.Stat(ImageChops.difference(scaled, wanted)).rms
    assert 20 * math.log10(255 / math.sqrt(sum(each * each for each in error) / 3)) > 42, "dB"
