"""Files and pixels of every bit depth: brightness, colour and transparency as other programs show them.

The right values were read from ImageMagick 6.9.11-60, which agrees with Chromium 156 on transparency:
`convert-im6.q16 - -auto-level -depth 8 rgb:-` spreads from lowest to highest, and
`convert-im6.q16 - -background gray -alpha remove -alpha off -depth 8 rgb:-` lays on a background.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, prepare_image
from ollama_vision.errors import ImageError
from ollama_vision.pictures.source import PictureSource
from tests.support.deep_pictures import Rows, png, tiff
from tests.support.picture_corpus import SAMPLES, Sample

IMAGEMAGICK = Path("/usr/bin/convert-im6.q16")
AS_IT_IS = ImageOptions(format="png", min_side=1, background="gray")

GREYS: Rows = [[[400], [1000], [1660], [2345], [3640]]] * 2
GREYS_SPREAD = [0, 47, 99, 153, 255]
COLOURS: Rows = [[[400, 1000, 1660], [2345, 3640, 500], [700, 800, 900]]] * 2
COLOURS_SPREAD = [0, 47, 99, 153, 255, 7, 23, 31, 39]
STEP = "16 bit: 400 to 3,640 shown as 0 to 255"
WIDE: Rows = [[[0, 30000, 65535], [65535, 0, 257]]] * 2


def with_alpha(rows: Rows, *alphas: int) -> Rows:
    return [[[*pixel, alpha] for pixel, alpha in zip(row, alphas, strict=True)] for row in rows]


def first_row(source: Any, options: ImageOptions = AS_IT_IS) -> tuple[list[int], tuple[str, ...]]:
    picture = prepare_image(source, options)
    image = Image.open(io.BytesIO(picture.read()))
    return list(image.crop((0, 0, image.width, 1)).tobytes()), picture.steps


def near(seen: list[int], right: list[int], most: int = 1) -> bool:
    return len(seen) == len(right) and all(abs(one - other) <= most for one, other in zip(seen, right, strict=True))


SPREAD: dict[str, tuple[Callable[[], bytes], list[int]]] = {
    "png grey": (lambda: png(GREYS, 16, 0), GREYS_SPREAD),
    "png grey interlaced": (lambda: png(GREYS, 16, 0, interlaced=True), GREYS_SPREAD),
    "png grey, alpha": (
        lambda: png(with_alpha(GREYS, *[65535] * 5), 16, 4),
        [grey for grey in GREYS_SPREAD for _ in "RGB"],
    ),
    "png colour": (lambda: png(COLOURS, 16, 2), COLOURS_SPREAD),
    "png colour interlaced": (lambda: png(COLOURS, 16, 2, interlaced=True), COLOURS_SPREAD),
    "png colour, alpha": (lambda: png(with_alpha(COLOURS, *[65535] * 3), 16, 6), COLOURS_SPREAD),
    "png colour, alpha, interlaced": (
        lambda: png(with_alpha(COLOURS, *[65535] * 3), 16, 6, interlaced=True),
        COLOURS_SPREAD,
    ),
    "tiff grey": (lambda: tiff(GREYS), GREYS_SPREAD),
    "tiff grey, big-endian": (lambda: tiff(GREYS, order=">"), GREYS_SPREAD),
    "tiff grey, deflate": (lambda: tiff(GREYS, compressed=True), GREYS_SPREAD),
    "tiff grey, big-endian, deflate": (lambda: tiff(GREYS, order=">", compressed=True), GREYS_SPREAD),
    "tiff colour": (lambda: tiff(COLOURS), COLOURS_SPREAD),
    "tiff colour, big-endian": (lambda: tiff(COLOURS, order=">"), COLOURS_SPREAD),
    "tiff colour, deflate": (lambda: tiff(COLOURS, compressed=True), COLOURS_SPREAD),
    "tiff colour, big-endian, deflate": (lambda: tiff(COLOURS, order=">", compressed=True), COLOURS_SPREAD),
    "tiff colour, alpha": (lambda: tiff(with_alpha(COLOURS, *[65535] * 3), extra=2), COLOURS_SPREAD),
    "tiff colour, associated alpha": (lambda: tiff(with_alpha(COLOURS, *[65535] * 3), extra=1), COLOURS_SPREAD),
    "tiff colour, fourth": (lambda: tiff(with_alpha(COLOURS, 0, 9, 65535), extra=0), COLOURS_SPREAD),
}


@pytest.mark.parametrize("name", SPREAD)
def test_sixteen_bits_of_which_few_are_used(name: str) -> None:
    make, right = SPREAD[name]
    seen, steps = first_row(make())
    assert near(seen, right)
    assert STEP in steps


@pytest.mark.parametrize("name", SPREAD)
def test_the_same_as_a_pil_image_that_is_not_decoded_yet(name: str) -> None:
    make, right = SPREAD[name]
    seen, steps = first_row(Image.open(io.BytesIO(make())))
    assert near(seen, right)
    assert STEP in steps


def test_a_pil_image_opened_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(png(COLOURS, 16, 2))
    assert near(first_row(Image.open(path))[0], COLOURS_SPREAD)


@pytest.mark.parametrize("make", [lambda: png(WIDE, 16, 2), lambda: tiff(WIDE)], ids=["png", "tiff"])
def test_a_picture_that_uses_its_range_stays_at_its_high_bytes(make: Callable[[], bytes]) -> None:
    seen, steps = first_row(make())
    assert seen == [0, 117, 255, 255, 0, 1]
    assert "reduced from 16 bit" in steps


@pytest.mark.parametrize("values", [(0, 255), (0, 20), (27315, 30315)], ids=["mask", "labels", "thermal"])
def test_what_was_one_colour_has_all_of_them(values: tuple[int, int]) -> None:
    seen, _ = first_row(png([[[value] for value in values]] * 2, 16, 0))
    assert seen == [0, 255]


def test_a_sheet_of_one_value_stays_it() -> None:
    assert first_row(png([[[3000]] * 4] * 2, 16, 0))[0] == [11] * 4
    assert first_row(png([[[3000, 3000, 3000]] * 4] * 2, 16, 2))[0] == [11] * 12


def test_pixels_that_do_not_show_do_not_count() -> None:
    rows = with_alpha([[[65535, 65535, 65535], *COLOURS[0]]] * 2, 0, *[65535] * 3)
    seen, steps = first_row(png(rows, 16, 6))
    assert near(seen, [128, 128, 128, *COLOURS_SPREAD])
    assert STEP in steps


# Depth, greys, the transparent one of these, and what ImageMagick shows of them on (128, 128, 128).
KEYED_GREYS = [
    (1, (0, 1, 1), 0, [128, 255, 255]),
    (1, (0, 1, 1), 1, [0, 128, 128]),
    (2, (0, 1, 3), 1, [0, 128, 255]),
    (2, (0, 2, 3), 3, [0, 170, 128]),
    (4, (0, 1, 15), 1, [0, 128, 255]),
    (4, (7, 1, 15), 15, [119, 17, 128]),
    (8, (0, 1, 255), 1, [0, 128, 255]),
    (16, (0, 4112, 65535), 4112, [0, 128, 255]),
    (16, (0, 4113, 65535), 4112, [0, 16, 255]),
]


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("depth", "greys", "key", "right"), KEYED_GREYS)
def test_a_transparent_grey(depth: int, greys: tuple[int, ...], key: int, right: list[int], interlaced: bool) -> None:
    data = png([[[grey] for grey in greys]] * 2, depth, 0, transparent=[key], interlaced=interlaced)
    assert first_row(data)[0] == right
    # Of 2 and 4 bits Pillow tells nothing once they are decoded.
    assert first_row(Image.open(io.BytesIO(data)))[0] == right


@pytest.mark.parametrize(
    ("depth", "colours", "key", "right"),
    [
        (8, [[0, 16, 255], [0, 17, 255], [255, 0, 0]], [0, 16, 255], [128, 128, 128, 0, 17, 255, 255, 0, 0]),
        (16, [[0, 4112, 65535], [0, 4113, 65535], [65535, 0, 0]], [0, 4112, 65535],
         [128, 128, 128, 0, 16, 255, 255, 0, 0]),
        (16, [[0, 4113, 65535], [0, 4114, 65535], [65535, 0, 0]], [0, 4112, 65535],
         [0, 16, 255, 0, 16, 255, 255, 0, 0]),
    ],
)  # fmt: skip
def test_a_transparent_colour(depth: int, colours: list[list[int]], key: list[int], right: list[int]) -> None:
    data = png([colours] * 2, depth, 2, transparent=key)
    assert first_row(data)[0] == right
    assert first_row(Image.open(io.BytesIO(data)))[0] == right


def test_a_transparent_value_is_not_part_of_the_range() -> None:
    seen, steps = first_row(png([[[65535], *GREYS[0]]] * 2, 16, 0, transparent=[65535]))
    assert near(seen, [128, *GREYS_SPREAD])
    assert steps == (STEP, "flattened on gray")


def test_a_coloured_background_under_grey() -> None:
    data = png([[[0], [1], [3]]] * 2, 2, 0, transparent=[1])
    seen, _ = first_row(data, AS_IT_IS.model_copy(update={"background": "red"}))
    assert seen == [0, 0, 0, 255, 0, 0, 255, 255, 255]


class TestRange:
    def test_chosen(self) -> None:
        chosen = AS_IT_IS.model_copy(update={"range": (1000, 2345)})
        seen, steps = first_row(png(GREYS, 16, 0), chosen)
        assert seen == [0, 0, 125, 255, 255]
        assert steps == ("16 bit: 1,000 to 2,345 shown as 0 to 255, as asked",)
        assert first_row(png(COLOURS, 16, 2), chosen)[0] == [0, 0, 125, 255, 255, 0, 0, 0, 0]
        assert first_row(Image.open(io.BytesIO(png(WIDE, 16, 2))), chosen)[0] == [0, 255, 255, 255, 0, 0]

    @pytest.mark.parametrize("mode", ["L", "RGB", "P", "1", "LA"])
    def test_of_8_bits(self, mode: str) -> None:
        image = Image.frombytes("L", (4, 1), bytes([0, 5, 20, 255])).convert(mode)
        shown = [0, 0, 0, 255] if mode == "1" else [0, 64, 255, 255]
        seen, steps = first_row(image, AS_IT_IS.model_copy(update={"range": (0, 20)}))
        assert seen[:: len(seen) // 4] == shown
        assert "8 bit: 0 to 20 shown as 0 to 255, as asked" in steps

    def test_a_file_that_would_pass_does_not(self) -> None:
        buffer = io.BytesIO()
        Image.frombytes("L", (64, 64), bytes([0, 20] * 2048)).save(buffer, "PNG")
        assert prepare_image(buffer.getvalue(), ImageOptions(min_side=1)).steps == ()
        assert first_row(buffer.getvalue(), AS_IT_IS.model_copy(update={"range": (0, 20)}))[0] == [0, 255] * 32

    @pytest.mark.parametrize(
        ("data", "range_", "said"),
        [
            (lambda: png(GREYS, 16, 0), (4000, 9000), "from 400 to 3,640, and a range of 4,000 to 9,000 makes one"),
            (lambda: png([[[7], [9]]] * 2, 8, 0), (0, 4000), "has 8 bits, that is values from 0 to 255, and the range"),
            (lambda: Image.new("CMYK", (64, 64)), (0, 20), "is CMYK, and a range"),
        ],
    )  # fmt: skip
    def test_what_shows_nothing_is_refused(self, data: Callable[[], Any], range_: tuple[int, int], said: str) -> None:
        with pytest.raises(ImageError, match=said):
            prepare_image(data(), ImageOptions(range=range_))

    @pytest.mark.parametrize("range_", [(5, 5), (9, 2), (1,), (1, 2, 3), "0-20", (0.5, 2)])
    def test_nonsense(self, range_: Any) -> None:
        with pytest.raises(ValueError, match="range"):
            ImageOptions(range=range_)

    def test_as_json(self) -> None:
        options = ImageOptions(range=(-160, 240))
        assert ImageOptions.model_validate_json(options.model_dump_json()) == options


class Bare:
    """What has numpy's interface and is not numpy's."""

    def __init__(self, data: bytes, shape: tuple[int, ...], kind: str) -> None:
        self.__array_interface__ = {"shape": shape, "typestr": kind, "data": data, "version": 3}


class TestArrays:
    @pytest.fixture
    def numpy(self) -> Any:
        return pytest.importorskip("numpy")

    def test_uint16(self, numpy: Any) -> None:
        for kind in ("<u2", ">u2"):
            grey = numpy.array(GREYS, kind)[:, :, 0]
            colour = numpy.array(COLOURS, kind)
            for given in (
                grey,
                numpy.asfortranarray(grey),
                numpy.repeat(grey, 2, axis=1)[:, ::2],
                grey[:, ::-1][:, ::-1],
            ):
                seen, steps = first_row(given)
                assert near(seen, GREYS_SPREAD)
                assert steps == (STEP,)
            for given in (colour, numpy.asfortranarray(colour), colour[:, ::-1][:, ::-1]):
                assert near(first_row(given)[0], COLOURS_SPREAD)
            seen, _ = first_row(numpy.array(with_alpha(COLOURS, 65535, 0, 65535), kind))
            # Of (2345, 3640, 500), which does not show, the range knows nothing: 400 to 1660.
            assert near(seen, [0, 121, 255, 128, 128, 128, 61, 81, 101])
            assert first_row(numpy.array(WIDE, kind))[0] == [0, 117, 255, 255, 0, 1]

    def test_without_numpy(self) -> None:
        seen, _ = first_row(Bare(struct.pack("<10H", *[400, 1000, 1660, 2345, 3640] * 2), (2, 5), "<u2"))
        assert near(seen, GREYS_SPREAD)

    @pytest.mark.parametrize("shape", [(2, 6), (2, 4)])
    def test_one_whose_bytes_do_not_fit(self, shape: tuple[int, int]) -> None:
        with pytest.raises(ImageError, match="holds 20 bytes, which does not fit its shape"):
            prepare_image(Bare(bytes(20), shape, "<u2"))

    def test_masked_is_background(self, numpy: Any) -> None:
        for kind, values in (("u1", (10, 200, 90)), ("u2", (2560, 51200, 23040))):
            grey = numpy.ma.array([values] * 2, kind, mask=[[False, True, False]] * 2)
            assert first_row(grey)[0] == [10, 128, 90] if kind == "u1" else [0, 128, 255]
            colour = numpy.ma.array([[values, values, values]] * 2, kind)
            colour[:, 1, 2] = numpy.ma.masked
            seen = first_row(colour)[0]
            assert seen[3:6] == [128, 128, 128]
            assert seen[:3] == seen[6:] == [10, 200, 90]
            plain = numpy.ma.array([values] * 2, kind)
            assert first_row(plain)[0] == [10, 200, 90]

    def test_masked_values_are_not_part_of_the_range(self, numpy: Any) -> None:
        grey = numpy.ma.masked_equal(numpy.array([[65535, 400, 3640]] * 2, "u2"), 65535)
        seen, steps = first_row(grey)
        assert seen == [128, 0, 255]
        assert STEP in steps

    def test_masked_beside_alpha(self, numpy: Any) -> None:
        colour = numpy.ma.array([[[9, 9, 9, 255], [9, 9, 9, 255], [9, 9, 9, 0]]] * 2, "u1", mask=False)
        colour[:, 0, 0] = numpy.ma.masked
        assert first_row(colour)[0] == [128] * 3 + [9] * 3 + [128] * 3

    def test_the_digest_knows_all_of_it(self, numpy: Any) -> None:
        base = numpy.array(COLOURS, "u2")
        masked = numpy.ma.array(base, mask=False)
        masked[0, 0] = numpy.ma.masked
        digests = {PictureSource.of(one, AS_IT_IS).sha256() for one in (base, base + 1, masked, base.astype("u1"))}
        assert len(digests) == 4
        assert PictureSource.of(base.astype(">u2"), AS_IT_IS).sha256() in digests


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B"])
def test_a_pil_image_of_16_bits(mode: str) -> None:
    order = ">" if mode == "I;16B" else "<"
    image = Image.frombytes(mode, (5, 2), struct.pack(f"{order}10H", *[pixel[0] for row in GREYS for pixel in row]))
    seen, steps = first_row(image)
    assert near(seen, GREYS_SPREAD)
    assert steps == (STEP,)


@pytest.mark.skipif(not IMAGEMAGICK.exists(), reason="needs ImageMagick 6")
def test_these_are_imagemagicks_values() -> None:
    import subprocess

    def shown(data: bytes, *how: str) -> list[int]:
        command = [str(IMAGEMAGICK), "-", *how[:-1], "-depth", "8", how[-1]]
        return list(subprocess.run(command, input=data, capture_output=True, check=True, timeout=60).stdout)

    assert shown(png(GREYS, 16, 0), "-auto-level", "gray:-")[:5] == GREYS_SPREAD
    assert shown(png(COLOURS, 16, 2), "-auto-level", "rgb:-")[:9] == COLOURS_SPREAD
    for depth, greys, key, right in KEYED_GREYS:
        data = png([[[grey] for grey in greys]], depth, 0, transparent=[key])
        flat = ("-background", "gray(128)", "-alpha", "remove", "-alpha", "off", "gray:-")
        assert near(shown(data, *flat), right)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_dry_run_knows_which_pictures_cannot_have_the_range(sample: Sample) -> None:
    """16 bits have these values, 8 bits and CMYK have not: headers tell it."""
    options = ImageOptions(range=(400, 60_000), pages=(1,))
    original = PictureSource.of(sample.make(), options)
    if "16" in sample.name or "dicom" in sample.name:
        original.check_headers()
        original.pictures()
        return
    with pytest.raises(ImageError, match=r"has 8 bits, that is values|is CMYK, and a range") as foretold:
        original.check_headers()
    with pytest.raises(ImageError) as refused:
        original.pictures()
    assert str(foretold.value) == str(refused.value)
