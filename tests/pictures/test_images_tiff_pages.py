"""What a TIFF holds: pages, masks, smaller copies, stacks of slices, parts that were never written, unequal pixels."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, prepare_documents, prepare_image
from tests.support.picture_corpus import BLUE, GREEN, LIGHT, RED, card, encoded, luma, pixel, wrong_corners
from tests.support.tiff_files import LONG, RATIONAL, SHORT, Page, deflated, text, tiff, wide
from tests.support.tiff_layouts import GREY, NEGATIVE, RGB, SIZE, B, H, R, W


def sent(data: bytes, **options: object) -> Image.Image:
    image = Image.open(prepare_image(data, ImageOptions(**options)).open())  # type: ignore[arg-type]
    image.load()
    return image


class TestSparse:
    """Strips and tiles that were never written: GDAL 3.6.2 and tifffile show zeros there."""

    def half(self, image: Image.Image, compression: int = 1, *, big: bool = False) -> bytes:
        """The upper half of the card in four tiles of 80x60, the lower one never written."""
        bands = len(image.getbands())
        pack: Callable[[bytes], bytes] = deflated if compression == 8 else bytes
        parts = [pack(image.crop((left, 0, left + 80, 60)).tobytes()) for left in (0, 80)]
        photometric = 2 if bands == 3 else 1
        page = Page(W, H, [*parts, None, None], 8, bands, photometric, (80, 60), compression=compression)
        return tiff(page, big=big)

    @pytest.mark.parametrize("compression", [1, 8])
    @pytest.mark.parametrize("big", [False, True])
    def test_tiles(self, compression: int, big: bool) -> None:
        prepared = prepare_image(self.half(RGB, compression, big=big))
        image = Image.open(prepared.open())
        assert [pixel(image, x, y) for x in (40, 120) for y in (30, 90)] == [RED, (0, 0, 0), GREEN, (0, 0, 0)]
        assert "50 % of it was never written" in prepared.steps

    def test_grey(self) -> None:
        image = sent(self.half(GREY))
        assert [pixel(image, 40, y) for y in (30, 90)] == [(luma(RED),), (0,)]

    def test_strips(self) -> None:
        strips = [None, RGB.crop((0, 40, W, 80)).tobytes(), None]
        image = sent(tiff(Page(W, H, strips, 8, 3, 2, rows=40)))
        assert [pixel(image, 40, y) for y in (10, 50, 70, 100)] == [(0, 0, 0), RED, BLUE, (0, 0, 0)]

    def test_where_white_is_zero(self) -> None:
        image = sent(tiff(Page(W, H, [None, NEGATIVE.crop((0, 60, W, H)).tobytes()], photometric=0, rows=60)))
        assert [pixel(image, 40, y) for y in (30, 90)] == [(255,), (luma(BLUE),)]

    def test_planes(self) -> None:
        blocks = [R.tobytes(), None, B.tobytes()]
        assert pixel(sent(tiff(Page(W, H, blocks, 8, 3, 2, planar=True))), 120, 30) == (GREEN[0], 0, GREEN[2])

    def test_16_bit(self) -> None:
        strips = [wide(GREY.crop((0, 0, W, 60)).tobytes()), None]
        image = sent(tiff(Page(W, H, strips, 16, rows=60)))
        assert [pixel(image, 40, y) for y in (30, 90)] == [(luma(RED),), (0,)]

    def test_tiles_in_jpeg(self) -> None:
        tile = encoded(card((64, 64)), "JPEG", quality=95, subsampling=2)
        data = tiff(Page(128, 64, [None, tile], 8, 3, 6, (64, 64), compression=7, tags={530: (SHORT, [2, 2])}))
        image = sent(data)
        assert pixel(image, 30, 30) == (0, 0, 0)
        assert all(abs(one - other) < 8 for one, other in zip(pixel(image, 80, 16), RED, strict=True))

    def test_nothing_at_all_is_refused(self) -> None:
        with pytest.raises(ImageError, match="holds no pixels: none of its strips or tiles was ever written"):
            prepare_image(tiff(Page(W, H, [None, None], rows=60)))


class TestStacks:
    """Slices behind one directory: ImageJ, tifffile, MetaMorph's STK, and SGI's ImageDepth; as tifffile reads them."""

    slices = tuple(bytes([60 + 20 * number]) * (W * H) for number in range(9))

    def shown(self, data: bytes) -> list[tuple[int, ...]]:
        pictures = prepare_documents([data], ImageOptions())
        assert [picture.page for picture in pictures] == list(range(1, 10))
        return [pixel(Image.open(picture.open()), 80, 60) for picture in pictures]

    @pytest.mark.parametrize(
        "tags",
        [
            {270: text("ImageJ=1.11a\nimages=9\nslices=9\n")},
            {270: text('{"shape": [9, 120, 160]}')},
            {33629: (RATIONAL, [0] * 18)},
        ],
        ids=["ImageJ", "tifffile", "STK"],
    )
    def test_slices_behind_each_other(self, tags: dict[int, tuple[int, list[float]]]) -> None:
        page = Page(W, H, [self.slices[0]], tags=tags)
        data = tiff(page, behind=b"".join(self.slices[1:]))
        assert self.shown(data) == [(60 + 20 * number,) for number in range(9)]

    def test_several_strips(self) -> None:
        half = W * H // 2
        strips = [self.slices[0][:half], self.slices[0][half:]]
        page = Page(W, H, strips, rows=60, tags={270: text("ImageJ=1\nimages=9\n")})
        assert self.shown(tiff(page, behind=b"".join(self.slices[1:])))[8] == (220,)

    @pytest.mark.parametrize("compression", [1, 8])
    def test_tiles_of_a_volume(self, compression: int) -> None:
        pack: Callable[[bytes], bytes] = deflated if compression == 8 else bytes
        layers = [self.slices[number][: 80 * 60] if number < 9 else bytes(80 * 60) for number in range(12)]
        blocks = [pack(b"".join(layers[first : first + 4])) for first in (0, 4, 8) for _ in range(4)]
        tags = {32997: (LONG, [9]), 32998: (LONG, [4])}
        data = tiff(Page(W, H, blocks, tile=(80, 60), compression=compression, tags=tags))
        assert self.shown(data) == [(60 + 20 * number,) for number in range(9)]

    def test_strips_of_a_volume(self) -> None:
        data = tiff(Page(W, H, self.slices, tags={32997: (LONG, [9])}))
        assert self.shown(data) == [(60 + 20 * number,) for number in range(9)]

    def test_slices_that_are_not_there_are_told(self) -> None:
        # Programs that save one slice of a series keep its description.
        picture = prepare_image(tiff(Page(W, H, [self.slices[0]], tags={270: text("ImageJ=1\nimages=9\n")})))
        assert "its description says 9 pictures, and there is one" in picture.steps

    def test_a_compressed_stk_is_refused_with_its_count(self) -> None:
        page = Page(W, H, [deflated(self.slices[0])], compression=8, tags={33629: (RATIONAL, [0] * 18)})
        with pytest.raises(ImageError, match="is a stack of 9 slices behind one page"):
            prepare_image(tiff(page))


class TestKindsOfPages:
    def plain(self, colour: int = 90, size: tuple[int, int] = SIZE, **more: object) -> Page:
        width, height = size
        return Page(width, height, [bytes([colour]) * (width * height)], **more)  # type: ignore[arg-type]

    def test_a_mask_of_gdal_lets_the_background_through(self) -> None:
        bits = bytes([0x00] * 10 + [0xFF] * 10) * H
        mask = Page(W, H, [bits], 1, photometric=4, tags={254: (LONG, [4])})
        small = self.plain(size=(80, 60), tags={254: (LONG, [1])})
        small_mask = Page(80, 60, [bytes(10) * 60], 1, photometric=4, tags={254: (LONG, [5])})
        data = tiff(Page(W, H, [RGB.tobytes()], 8, 3, 2), mask, small, small_mask)
        prepared = prepare_image(data, ImageOptions(background="#ff00ff"))
        assert prepared.page is None
        image = Image.open(prepared.open())
        assert [pixel(image, x, 30) for x in (40, 120)] == [(255, 0, 255), GREEN]

    @pytest.mark.parametrize("bits", [16, 8])
    def test_masks_of_other_pictures(self, bits: int) -> None:
        grey = wide(GREY.tobytes()) if bits == 16 else GREY.tobytes()
        mask = Page(W, H, [bytes([0] * 80 + [255] * 80) * H], 8, photometric=4, tags={254: (LONG, [4])})
        image = sent(tiff(Page(W, H, [grey], bits), mask), background="black")
        assert [pixel(image, x, 90) for x in (40, 120)] == [(0,), (luma(LIGHT),)]

    def test_pages_that_are_not_asked_for_are_not_opened(self) -> None:
        bayer = self.plain(photometric=32803)
        bands = Page(W, H, [bytes(W * H * 5)], 8, 5)
        data = tiff(self.plain(), bayer, bands)
        assert pixel(sent(data, pages=(1,)), 5, 5) == (90,)
        with pytest.raises(ImageError, match="sensor"):
            prepare_image(data, ImageOptions(pages=(2,)))
        with pytest.raises(ImageError, match="has 5 bands"):
            prepare_image(data, ImageOptions(pages=(3,)))

    def test_the_levels_of_a_slide_are_one_page(self) -> None:
        def level(side: tuple[int, int], colour: int) -> Page:
            count = -(-side[0] // 64) * -(-side[1] // 64)
            return Page(*side, [bytes([colour]) * 64 * 64 * 3] * count, 8, 3, 2, (64, 64))

        thumbnail = Page(100, 60, [bytes([1]) * 100 * 60 * 3], 8, 3, 2)
        label = Page(50, 30, [bytes([2]) * 50 * 30 * 3], 8, 3, 2, tags={254: (LONG, [1])})
        macro = Page(80, 30, [bytes([2]) * 80 * 30 * 3], 8, 3, 2, tags={254: (LONG, [9])})
        data = tiff(level((403, 243), 200), thumbnail, level((100, 60), 100), level((25, 15), 50), label, macro)
        prepared = prepare_image(data)
        assert prepared.original_size == (403, 243)
        assert "3 smaller copies of it left out" in prepared.steps

    def test_tiled_pages_of_other_shapes_are_pages(self) -> None:
        sizes = [(128, 128), (128, 64), (100, 100)]
        counts = [-(-width // 64) * -(-height // 64) for width, height in sizes]
        pages = [
            Page(*size, [bytes(64 * 64)] * count, tile=(64, 64)) for size, count in zip(sizes, counts, strict=True)
        ]
        assert [each.original_size for each in prepare_documents([tiff(*pages)], ImageOptions())] == sizes

    def test_a_list_of_pages_that_leads_back_ends_there(self) -> None:
        data = bytearray(tiff(self.plain(90), self.plain(120)))
        first = struct.unpack_from("<I", data, 4)[0]
        after = first + 2 + 12 * struct.unpack_from("<H", data, first)[0]
        second = struct.unpack_from("<I", data, after)[0]
        struct.pack_into("<I", data, second + 2 + 12 * struct.unpack_from("<H", data, second)[0], first)
        pictures = prepare_documents([bytes(data)], ImageOptions())
        assert [pixel(Image.open(picture.open()), 5, 5) for picture in pictures] == [(90,), (120,)]
        assert all("its list of pages leads back into itself" in picture.steps for picture in pictures)

    def test_a_raw_file_whose_first_page_calls_itself_full_size(self) -> None:
        data = tiff(self.plain())
        # Phase One's files have four more letters behind their header; the directory is moved along.
        moved = data[:8] + b"IIII" + data[8:]
        assert moved[8:12] == b"IIII"
        with pytest.raises(ImageError, match="is a camera's raw file"):
            prepare_image(moved)


FAX = {282: (RATIONAL, [204, 1]), 283: (RATIONAL, [98, 1]), 296: (SHORT, [2])}


class TestPixelsThatAreNotSquare:
    """A fax in standard resolution: 204 dots an inch across, 98 down."""

    def test_they_are_made_square(self) -> None:
        prepared = prepare_image(tiff(Page(W, H, [RGB.tobytes()], 8, 3, 2, tags=FAX)))
        assert prepared.size == (160, 250)  # 120 * 204 / 98 = 249.8
        assert prepared.original_size == SIZE
        assert "pixels made square" in prepared.steps
        assert prepared.to_original((80, 125, 160, 250)) == (80, 60, 160, 120)
        assert wrong_corners(prepared.read()) == []

    def test_of_a_page_that_is_turned(self) -> None:
        stored = RGB.transpose(Image.Transpose.ROTATE_90)
        tags = {**FAX, 274: (SHORT, [6])}
        prepared = prepare_image(tiff(Page(*stored.size, [stored.tobytes()], 8, 3, 2, tags=tags)))
        # Stored 120 across and 160 down: upright, what was down lies across.
        assert prepared.size == (333, 120)
        assert wrong_corners(prepared.read()) == []

    @pytest.mark.parametrize("down", [(204, 1), (2050, 10), (0, 0), (1, 0), (1, 1000)])
    def test_nearly_equal_missing_or_absurd_ones_are_square(self, down: tuple[int, int]) -> None:
        tags = {**FAX, 283: (RATIONAL, list(down))}
        assert prepare_image(tiff(Page(W, H, [RGB.tobytes()], 8, 3, 2, tags=tags))).size == SIZE
