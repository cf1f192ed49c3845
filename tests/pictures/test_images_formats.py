"""Every format, mode and orientation leaves as the same upright, opaque, 8-bit picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image, ImageFile

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, PreparedImage, prepare_image
from ollama_vision.pictures.options import DEFAULT_PIXELS
from tests.support.picture_corpus import (
    BY_NAME,
    P3_PROFILE,
    RED,
    SAMPLES,
    SWAPPED_PROFILE,
    Sample,
    animation,
    card,
    encoded,
    pixel,
    turned,
    with_alpha,
    wrong_corners,
)

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)


def opened(picture: PreparedImage) -> Image.Image:
    with picture.open() as file:
        image = Image.open(io.BytesIO(file.read()))
    image.load()
    return image


@every_sample
def test_the_card_leaves_as_the_card(sample: Sample) -> None:
    picture = prepare_image(sample.make())
    image = opened(picture)
    assert wrong_corners(picture.read(), sample.tolerance) == []
    assert image.mode == ("L" if sample.grey else "RGB")
    assert image.format == picture.format.upper()
    assert image.size == picture.size
    assert picture.size_in_bytes == len(picture.read())


@every_sample
def test_only_what_needs_nothing_leaves_byte_for_byte(sample: Sample) -> None:
    data = sample.make()
    picture = prepare_image(data)
    assert (picture.read() == data) == sample.passes
    assert (picture.steps == ()) == sample.passes


@every_sample
def test_the_same_picture_gives_the_same_bytes(sample: Sample, tmp_path: Path) -> None:
    data = sample.make()
    path = tmp_path / "picture"
    path.write_bytes(data)
    assert prepare_image(data).read() == prepare_image(bytes(data)).read() == prepare_image(path).read()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"])
def test_a_turned_picture_leaves_upright(format_: str, orientation: int) -> None:
    picture = prepare_image(turned(format_, orientation))
    assert picture.size == (160, 120)
    assert wrong_corners(picture.read()) == []
    assert Image.open(io.BytesIO(picture.read())).getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_means_nothing_turns_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(card(), "JPEG", exif=exif)
    assert prepare_image(data).read() == data


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_of_exif_turn(order: str) -> None:
    exif = Image.Exif()
    exif.endian = order
    exif[0x0112] = 3
    data = encoded(card().transpose(Image.Transpose.ROTATE_180), "JPEG", exif=exif)
    picture = prepare_image(data)
    assert picture.steps == ("rotated 180",)
    assert wrong_corners(picture.read()) == []


def test_a_preview_inside_exif_is_not_the_end_of_the_picture() -> None:
    preview = encoded(card((32, 24)), "JPEG")
    body = b"Exif\x00\x00" + preview
    segment = b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
    data = encoded(card(), "JPEG")
    with_preview = data[:2] + segment + data[2:]
    assert prepare_image(with_preview).read() == with_preview
    with pytest.raises(ImageError, match="cut short"):
        prepare_image(with_preview[: len(segment) + len(data) // 2])


def test_transparency_shows_the_background() -> None:
    data = encoded(with_alpha(), "PNG")
    for background, colour in (("white", (255, 255, 255)), ("#102030", (16, 32, 48)), ("black", (0, 0, 0))):
        picture = prepare_image(data, ImageOptions(background=background))
        assert opened(picture).getpixel((150, 110)) == colour
        assert picture.steps == (f"flattened on {background}",)


def test_grey_on_a_coloured_background_becomes_coloured() -> None:
    picture = prepare_image(encoded(with_alpha("L"), "PNG"), ImageOptions(background="red"))
    assert opened(picture).getpixel((150, 110)) == (255, 0, 0)


def test_half_transparent_is_half_background() -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 128))
    red, green, blue = pixel(opened(prepare_image(encoded(image, "PNG"))), 32, 32)
    assert red == 255
    assert green == blue == pytest.approx(127, abs=1)


def test_a_profile_that_changes_colours_is_applied() -> None:
    # Red and blue are exchanged by the profile, so the pixels are stored exchanged.
    red, green, blue = card().split()
    stored = Image.merge("RGB", (blue, green, red))
    for format_ in ("JPEG", "PNG"):
        picture = prepare_image(encoded(stored, format_, icc_profile=SWAPPED_PROFILE))
        assert picture.steps == ("colours to sRGB",)
        assert wrong_corners(picture.read(), 70) == []


def test_phone_colours_are_converted() -> None:
    data = encoded(card(), "JPEG", quality=95, icc_profile=P3_PROFILE)
    picture = prepare_image(data)
    assert picture.steps == ("colours to sRGB",)
    # P3's red is stronger than the same numbers in sRGB.
    assert pixel(opened(picture), 40, 30)[0] > RED[0]


def test_nothing_but_pixels_leaves_a_converted_picture() -> None:
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    for data in (
        encoded(card(), "PNG", icc_profile=P3_PROFILE, exif=exif),
        encoded(card().quantize(8), "PNG", transparency=255),
    ):
        sent = opened(prepare_image(data, ImageOptions(max_pixels=4800, format="png")))
        assert not {"icc_profile", "exif", "transparency"} & set(sent.info)


def test_a_profile_that_is_rubbish_changes_nothing() -> None:
    data = encoded(card(), "JPEG", icc_profile=b"rubbish" * 20)
    assert prepare_image(data).read() == data
    assert wrong_corners(prepare_image(data, ImageOptions(max_pixels=4800)).read()) == []


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_or_those_asked_for(format_: str) -> None:
    data = animation(format_)
    assert "first frame" in prepare_image(data).steps
    one = prepare_image(data, ImageOptions(frames=1))
    assert one.page == 3
    assert "frame 3 of 4" in one.steps
    with pytest.raises(ImageError, match="has 4 frames, and prepare_image"):
        prepare_image(data, ImageOptions(frames=9))


def test_a_still_picture_has_no_frames_to_choose() -> None:
    data = encoded(card(), "JPEG")
    assert prepare_image(data, ImageOptions(frames=5)).read() == data


class TestFormatThatLeaves:
    def noise(self, size: tuple[int, int] = (400, 300)) -> Image.Image:
        return Image.merge("RGB", [Image.effect_noise(size, 90) for _ in range(3)])

    def test_lossless_drawings_stay_lossless(self) -> None:
        image = card((500, 400))
        for format_ in ("BMP", "TIFF", "GIF"):
            picture = prepare_image(encoded(image, format_))
            assert picture.format == "png"
        assert opened(prepare_image(encoded(image, "BMP"))).tobytes() == image.tobytes()

    def test_lossless_photographs_become_jpeg(self) -> None:
        assert prepare_image(encoded(self.noise(), "BMP")).format == "jpeg"

    def test_small_ones_stay_lossless_whatever_they_show(self) -> None:
        assert prepare_image(encoded(self.noise((100, 100)), "BMP")).format == "png"

    def test_lossy_pictures_become_jpeg(self) -> None:
        for data in (turned("JPEG", 6), encoded(card(), "WEBP"), BY_NAME["heic"].make(), BY_NAME["avif"].make()):
            assert prepare_image(data).format == "jpeg"

    @pytest.mark.parametrize("format_", ["jpeg", "png"])
    @pytest.mark.parametrize("source", ["JPEG", "PNG", "GIF", "WEBP"])
    def test_the_option_decides(self, source: str, format_: Literal["jpeg", "png"]) -> None:
        picture = prepare_image(encoded(card(), source), ImageOptions(format=format_))
        assert picture.format == format_
        assert wrong_corners(picture.read()) == []

    def test_quality_decides_how_much_is_kept(self) -> None:
        data = encoded(self.noise(), "BMP")
        sizes = [prepare_image(data, ImageOptions(jpeg_quality=quality)).size_in_bytes for quality in (30, 60, 95)]
        assert sizes == sorted(sizes)


class TestSize:
    def test_large_pictures_are_scaled_down(self) -> None:
        picture = prepare_image(encoded(card((4032, 3024)), "JPEG"))
        assert picture.size == (1156, 867)
        assert picture.original_size == (4032, 3024)
        assert picture.steps == ("scaled 4032x3024 -> 1156x867",)
        assert wrong_corners(picture.read()) == []

    def test_none_leaves_the_size_alone(self) -> None:
        data = encoded(card((2000, 1500)), "JPEG")
        assert prepare_image(data, ImageOptions(max_pixels=None)).read() == data

    def test_a_turned_one_is_scaled_by_what_is_seen(self) -> None:
        picture = prepare_image(turned("JPEG", 6, (1200, 1600)))
        assert picture.original_size == (1600, 1200)
        assert picture.size == (867, 1156)
        assert picture.steps == ("rotated 90", "scaled 1200x1600 -> 867x1156")

    @pytest.mark.parametrize(("size", "left"), [((1, 1), (32, 32)), ((10, 100), (32, 320)), ((31, 31), (32, 32))])
    def test_small_pictures_are_scaled_up(self, size: tuple[int, int], left: tuple[int, int]) -> None:
        assert prepare_image(encoded(Image.new("RGB", size), "PNG")).size == left

    def test_the_least_side_passes(self) -> None:
        data = encoded(card((32, 32)), "PNG")
        assert prepare_image(data).read() == data

    @pytest.mark.parametrize("size", [(100_000, 10), (10, 100_000), (60_000, 1), (1_000_000, 3)])
    def test_what_is_too_long_and_thin_is_padded(self, size: tuple[int, int]) -> None:
        picture = prepare_image(encoded(Image.new("RGB", size, "red"), "PNG"))
        assert min(picture.size) == 32
        assert picture.size[0] * picture.size[1] <= DEFAULT_PIXELS
        assert opened(picture).getpixel((0, 0)) == (255, 0, 0)
        assert opened(picture).getpixel((picture.size[0] - 1, picture.size[1] - 1)) == (255, 255, 255)
        assert any(step.startswith("padded to") for step in picture.steps)
        assert picture.to_original((0, 0, *picture.mapping.content_size)) == (0, 0, *size)

    def test_what_no_jpeg_can_hold_is_a_png(self) -> None:
        data = encoded(Image.new("RGB", (70_000, 40), "red"), "PNG", compress_level=1)
        options = ImageOptions(max_pixels=None, format="jpeg")
        assert prepare_image(data, options).format == "png"


def test_the_process_wide_switches_of_pillow_are_left_alone_and_without_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    prepare_image(encoded(card((200, 100)), "BMP"))
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert prepare_image(encoded(card(), "BMP")).size == (160, 120)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for name in ("gif", "bmp", "tiff", "tiff lzw", "webp", "avif", "heic", "ico", "jpeg baseline", "png rgb"):
        data = BY_NAME[name].make()
        with pytest.raises(ImageError, match=r"cut short|cannot be"):
            prepare_image(data[: len(data) * 6 // 10])
