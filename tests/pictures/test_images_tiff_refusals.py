"""TIFFs that cannot be shown, by the true name of what they hold, and those that are cut or broken."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable

import pytest

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, prepare_image
from ollama_vision.pictures.decoders.tiff import decode, read_pictures
from ollama_vision.pictures.source import PictureSource
from tests.support.tiff_files import LONG, SHORT, Page, deflated, tiff
from tests.support.tiff_layouts import GREY, RGB, RIGHT, H, W, right


def page_of(bits: int = 8, samples: int = 1, photometric: int = 1, compression: int = 1, **tags: object) -> bytes:
    numbered: dict[int, object] = {int(name[1:]): value for name, value in tags.items()}
    length = -(-W * bits * samples // 8) * H
    return tiff(Page(W, H, [bytes(length)], bits, samples, photometric, compression=compression, tags=numbered))  # type: ignore[arg-type]


REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "LERC": (lambda: page_of(compression=34887), "is compressed with LERC, which this Pillow cannot read", "tifffile"),
    "JPEG XR": (lambda: page_of(compression=34934), "is compressed with JPEG XR", "tifffile"),
    "JPEG XL": (lambda: page_of(compression=50002), "is compressed with JPEG XL", "tifffile"),
    "PNG of 16 bit": (lambda: page_of(16, compression=34933), "is compressed with PNG of 16 bit, which", "tifffile"),
    "JPEG 2000 of 5 channels": (
        lambda: page_of(8, 5, 2, 34712), "is compressed with JPEG 2000 of 5 channels, which", "tifffile"),
    "YCbCr in planes of different sizes": (
        lambda: page_of(8, 3, 6, t284=(SHORT, [2]), t530=(SHORT, [2, 2])), "planes of different sizes", "Export it"),
    "JBIG": (lambda: page_of(1, compression=34661), "is compressed with JBIG", "convert in.tif out.png"),
    "unheard of": (lambda: page_of(compression=12345), "is compressed with compression 12345", "tifffile"),
    "LogLuv": (lambda: page_of(16, 3, 32845, 34676), r"holds luminances \(SGI LogLuv\)", "tiff2rgba"),
    "JPEG of 12 bit": (lambda: page_of(12, compression=7), "is compressed with JPEG of 12 bit", "tifffile"),
    "float of 16 bit": (
        lambda: page_of(16, t339=(SHORT, [3])), "has floating-point numbers of 16 bit, which have no natural",
        "gdal_translate -ot Byte -scale in.tif out.tif"),
    "float of 32 bit": (
        lambda: page_of(32, t339=(SHORT, [3])), "floating-point numbers of 32 bit.*no natural brightness", "-scale"),
    "float of 64 bit, RGB": (
        lambda: page_of(64, 3, 2, t339=(SHORT, [3, 3, 3])), "floating-point numbers of 64 bit", "-scale"),
    "complex": (lambda: page_of(64, t339=(SHORT, [6])), "has complex numbers of 64 bit", "magnitude"),
    "int16": (lambda: page_of(16, t339=(SHORT, [2])), "has signed whole numbers of 16 bit, which have no", "-scale"),
    "int16, RGB": (lambda: page_of(16, 3, 2, t339=(SHORT, [2] * 3)), "has signed whole numbers of 16 bit", "-scale"),
    "uint32": (lambda: page_of(32), "has samples of 32 bit, which have no natural brightness", "-scale"),
    "10 bit": (lambda: page_of(10), "has samples of 10 bit, which this Pillow cannot read", "convert"),
    "palette of 16 bit": (
        lambda: page_of(16, photometric=3, t320=(SHORT, [0])), "has a palette of 16 bit", "convert in.tif out.png"),
    "2 bands": (lambda: page_of(8, 2), "has 2 bands, and does not say", "gdal_translate -b 1 in.tif out.tif"),
    "3 bands": (
        lambda: page_of(8, 3), "has 3 bands, and does not say which are red, green and blue",
        "gdal_translate -b 1 -b 2 -b 3 -co PHOTOMETRIC=RGB in.tif out.tif"),
    "13 bands": (lambda: page_of(16, 13), "has 13 bands", "gdal_translate -b 1 -b 2 -b 3"),
    "mixed depths": (
        lambda: page_of(8, 3, 2, t258=(SHORT, [8, 8, 16])), r"channels of different depths \(8, 8, 16 bit\)", "Save"),
    "ITU Lab": (lambda: page_of(8, 3, 10), "has colours .* of ITU Lab", "Export it"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_shown_is_refused_by_its_name(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    make, problem, way_out = REFUSED[kind]
    with pytest.raises(ImageError, match=problem) as caught:
        prepare_image(make())
    assert way_out in str(caught.value)
    assert "Get the whole file again" not in str(caught.value)
    assert capfd.readouterr().err == ""
    # A dry run is told as much, from the tags alone.
    with pytest.raises(ImageError) as foretold:
        PictureSource.of(make(), ImageOptions()).check_headers()
    assert str(foretold.value) == str(caught.value)


@pytest.mark.parametrize("kind", RIGHT)
def test_a_dry_run_neither_decodes_nor_refuses_what_can_be_shown(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.TiffImagePlugin.TiffImageFile.load", forbidden)
    PictureSource.of(right(kind), ImageOptions()).check_headers()
    with pytest.raises((AssertionError, ImageError), match="decoded"):
        prepare_image(right(kind))


class TestDamage:
    """What is really cut or broken stays refused."""

    @pytest.mark.parametrize("kind", ["16 bit in planes", "12 bit, Deflate", "BigTIFF, big-endian", "CMYK and alpha"])
    @pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
    def test_a_cut_file(self, kind: str, share: float) -> None:
        data = right(kind)
        with pytest.raises(ImageError, match="cut short"):
            prepare_image(data[: int(len(data) * share)])

    def test_a_strip_that_ends_behind_the_file(self) -> None:
        data = tiff(Page(W, H, [deflated(RGB.tobytes())], 8, 3, 2, compression=8, tags={279: (LONG, [1_000_000])}))
        with pytest.raises(ImageError, match="cut short: it ends inside its picture data"):
            prepare_image(data)

    def test_too_few_strips(self) -> None:
        with pytest.raises(
            ImageError, match="its tags contradict each other: by its size it has 2 strips, by their list 1"
        ):
            prepare_image(tiff(Page(W, H, [RGB.tobytes()], 8, 3, 2, rows=60)))

    def test_strips_that_are_too_short(self) -> None:
        page = Page(W, H, [bytes(4_000)] * 3, 8, 3, 2, planar=True)
        problem = "its tags contradict each other: by its size a strip has 19,200 bytes, by their list 4,000"
        with pytest.raises(ImageError, match=problem):
            prepare_image(tiff(page, behind=bytes(100_000)))

    @pytest.mark.parametrize("compression", [1, 8])
    def test_more_strips_in_the_list_than_by_the_rows(self, compression: int) -> None:
        """As in Pillow's tiff_overflow_rows_per_strip.tif, of which libtiff loses the picture, and FFmpeg does not."""
        strips = [band.crop((0, top, W, top + 40)).tobytes() for band in RGB.split() for top in (0, 40, 80)]
        strips = [deflated(strip) for strip in strips] if compression == 8 else strips
        page = Page(W, H, strips, 8, 3, 2, rows=(1 << 31) + 1, planar=True, compression=compression)
        problem = "its tags contradict each other: by its size it has 3 strips or tiles, by their list 9"
        with pytest.raises(ImageError, match=problem) as caught:
            prepare_image(tiff(page))
        assert "Get the whole file again" not in str(caught.value)

    def test_fewer_channels_than_its_colours_have(self) -> None:
        with pytest.raises(ImageError, match="by its kind of colours it has 3 channels, by their number 1"):
            prepare_image(tiff(Page(W, H, [GREY.tobytes()], 8, 1, 2)))

    def test_a_page_that_lies_outside_the_file(self) -> None:
        data = bytearray(tiff(Page(W, H, [GREY.tobytes()])))
        struct.pack_into("<I", data, 4, 0)
        with pytest.raises(ImageError, match="is cut short: it has no page"):
            prepare_image(bytes(data))
        struct.pack_into("<I", data, 4, len(data) + 1)
        with pytest.raises(ImageError, match="is cut short: it ends inside its tags"):
            prepare_image(bytes(data))

    def test_tiles_without_a_size(self) -> None:
        page = Page(W, H, [RGB.tobytes()], 8, 3, 2, (W, H), tags={322: (LONG, [0])})
        with pytest.raises(ImageError, match="does not say how large its tiles are"):
            prepare_image(tiff(page))

    def test_a_tile_that_would_fill_the_memory(self) -> None:
        page = Page(64, 64, [deflated(b"")], 8, 3, 2, (65_520, 65_520), compression=8)
        with pytest.raises(ImageError, match=r"says that it is 65520x65520, 4,293 megapixels"):
            prepare_image(tiff(page))

    def test_more_tags_than_a_directory_has(self) -> None:
        data = bytearray(tiff(Page(W, H, [GREY.tobytes()]), big=True))
        (first,) = struct.unpack_from("<Q", data, 8)
        struct.pack_into("<Q", data, first, 1 << 40)
        with pytest.raises(ImageError, match="one of its pages has 1,099,511,627,776 tags"):
            prepare_image(bytes(data))

    def test_strips_that_all_lie_at_one_place_are_read_once(self) -> None:
        width, height = 4_000, 1_000
        row = deflated(random.Random(1).randbytes(width))
        everywhere = {273: (LONG, [8] * 3 * height), 279: (LONG, [len(row)] * 3 * height)}
        page = Page(width, height, [row], 8, 3, 2, rows=1, planar=True, compression=8, tags=everywhere)
        reads = Reads(tiff(page))
        (picture,) = read_pictures(reads).pages
        assert decode(picture).image.size == (width, height)
        assert reads.count < 1_000_000  # 12 million, were each read on its own


class Reads(io.BytesIO):
    """Counts the bytes that are read."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data

    def readinto(self, buffer: object, /) -> int:
        count = super().readinto(buffer)  # type: ignore[arg-type]
        self.count += count
        return count
