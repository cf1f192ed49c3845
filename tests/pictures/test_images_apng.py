"""Animated PNG: which frame is the first, and what is seen at each.

The right values are those of FFmpeg 5.1 (`ffmpeg -f apng -i - -pix_fmt rgba -f rawvideo -`), laid on grey 128, and for
first frames those of Chromium 156 (drawn on a canvas), which FFmpeg does not show where a first frame covers a part.
"""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, prepare_image
from ollama_vision.errors import ImageError
from ollama_vision.pictures import prepare_documents
from ollama_vision.pictures.source import PictureSource
from tests.support.deep_pictures import CHANNELS, Frame, Rows, apng
from tests.support.picture_corpus import png_chunk

AS_IT_IS = ImageOptions(format="png", min_side=1, background="gray")
ALL = AS_IT_IS.model_copy(update={"frames": 100})
WHITE: Rows = [[[255, 255, 255]] * 4] * 2
RED: Rows = [[[255, 0, 0]] * 4] * 2


def row(data: bytes) -> list[tuple[int, ...]]:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    return [image.getpixel((x, 0)) for x in range(image.width)]  # type: ignore[misc]


def first(data: bytes) -> list[tuple[int, ...]]:
    return row(prepare_image(data, AS_IT_IS).read())


def seen(data: bytes) -> list[list[tuple[int, ...]]]:
    return [row(picture.read()) for picture in prepare_documents(data, ALL)]


def near(one: list[tuple[int, ...]], other: list[tuple[int, ...]]) -> bool:
    pairs = zip([value for pixel in one for value in pixel], [value for pixel in other for value in pixel], strict=True)
    return all(abs(left - right) <= 1 for left, right in pairs)


def pixels(*colours: tuple[int, ...]) -> Rows:
    return [[list(colour) for colour in colours]] * 2


class TestPictureForOtherViewers:
    def test_it_is_no_frame(self) -> None:
        data = apng([Frame(RED)], 8, 2, default=WHITE)
        picture = prepare_image(data, AS_IT_IS)
        assert (row(picture.read()), picture.steps) == ([(255, 0, 0)] * 4, ("first frame",))
        assert seen(data) == [[(255, 0, 0)] * 4]

    def test_it_does_not_shine_through(self) -> None:
        half = pixels(*[(255, 0, 0, 128)] * 4)
        data = apng([Frame(half, blend=1)], 8, 6, default=pixels(*[(255, 255, 255, 255)] * 4))
        assert near(first(data), [(192, 64, 64)] * 4)

    @pytest.mark.parametrize("colour_type", [0, 2, 6])
    def test_a_frame_that_covers_a_part(self, colour_type: int) -> None:
        channels = CHANNELS[colour_type]
        white: Rows = [[[255] * channels] * 4] * 2
        black: Rows = [[[0, 0, 0, 255][-channels:] if channels > 1 else [0]]] * 2
        grey, dark = (128, 128, 128), ((0, 0, 255) if channels == 3 else (0, 0, 0))
        data = apng([Frame(black, at=(2, 0)), Frame(black, at=(0, 0))], 8, colour_type, default=white)
        assert first(data) == [grey, grey, dark, grey]
        assert seen(data) == [[grey, grey, dark, grey], [dark, grey, dark, grey]]

    def test_of_16_bits_of_which_few_are_used(self) -> None:
        deep = pixels((400, 1000, 1660), (2345, 3640, 500))
        data = apng([Frame(deep)], 16, 2, default=pixels(*[(65535, 0, 65535)] * 2))
        picture = prepare_image(data, AS_IT_IS)
        assert near(row(picture.read()), [(0, 47, 99), (153, 255, 7)])
        assert picture.steps == ("first frame", "16 bit: 400 to 3,640 shown as 0 to 255")


class TestFrames:
    def test_half_over_half(self) -> None:
        """As often in glows and shadows; Pillow makes it fainter with each frame."""
        faint = Frame(pixels((0, 255, 0, 64)), blend=1)
        data = apng([Frame(pixels((0, 255, 0, 255))), faint, faint, faint], 8, 6)
        assert seen(data) == [[(0, 255, 0)]] * 4
        data = apng([Frame(pixels((255, 0, 0, 128))), Frame(pixels((0, 0, 255, 128)), blend=1)], 8, 6)
        frames = seen(data)
        assert near(frames[0], [(192, 64, 64)])
        # FFmpeg: (84, 0, 170) of alpha 192.
        assert near(frames[1], [(95, 32, 160)])

    @pytest.mark.parametrize(
        ("then", "right"),
        [
            (0, [(255, 0, 0), (0, 0, 255), (0, 255, 0)]),
            (1, [(255, 0, 0), (128, 128, 128), (0, 255, 0)]),
            (2, [(255, 0, 0), (255, 0, 0), (0, 255, 0)]),
        ],
    )
    def test_what_becomes_of_a_frame(self, then: int, right: list[tuple[int, ...]]) -> None:
        red, blue, green = (255, 0, 0, 255), (0, 0, 255, 255), (0, 255, 0, 255)
        frames = [
            Frame(pixels(red, red, red)),
            Frame(pixels(blue), at=(1, 0), then=then),
            Frame(pixels(green), at=(2, 0), blend=1),
        ]
        data = apng(frames, 8, 6)
        assert seen(data)[1:] == [[(255, 0, 0), (0, 0, 255), (255, 0, 0)], right]

    def test_a_transparent_colour(self) -> None:
        frames = [Frame(pixels((255, 0, 0), (255, 0, 0))), Frame(pixels((0, 0, 255), (9, 9, 9)), blend=1)]
        assert seen(apng(frames, 8, 2, transparent=(9, 9, 9))) == [[(255, 0, 0)] * 2, [(0, 0, 255), (255, 0, 0)]]
        hidden = [Frame(pixels((255, 0, 0), (255, 0, 0))), Frame(pixels((0, 0, 255), (9, 9, 9)), blend=0)]
        assert seen(apng(hidden, 8, 2, transparent=(9, 9, 9)))[1] == [(0, 0, 255), (128, 128, 128)]

    def test_frames_are_counted(self) -> None:
        data = apng([Frame(RED)] * 3, 8, 2, default=WHITE)
        assert PictureSource.of(data, ALL).select_pages().numbers == (1, 2, 3)
        pictures = prepare_documents(data, AS_IT_IS.model_copy(update={"frames": 2}))
        assert [picture.steps for picture in pictures] == [("frame 1 of 3",), ("frame 3 of 3",)]
        assert [picture.page for picture in pictures] == [1, 3]


def changed(data: bytes, name: bytes, body: bytes, at: int = 0) -> bytes:
    """With another body in the chunk of this name; `at` is which of them."""
    place = -1
    for _ in range(at + 1):
        place = data.index(name, place + 1)
    (length,) = struct.unpack(">I", data[place - 4 : place])
    return data[: place - 4] + png_chunk(name, body) + data[place + 8 + length :]


class TestBroken:
    GOOD = apng([Frame(RED), Frame(WHITE)], 8, 2)

    def test_a_later_frame_does_not_hide_the_first(self) -> None:
        data = changed(self.GOOD, b"fcTL", struct.pack(">5I2H2B", 7, 4, 2, 0, 0, 1, 10, 0, 0), at=1)
        assert first(data) == [(255, 0, 0)] * 4
        with pytest.raises(ImageError, match="is a broken animation: its frames are out of order"):
            prepare_documents(data, ALL)

    @pytest.mark.parametrize(
        "control", [(4, 3, 0, 0), (5, 2, 0, 0), (4, 2, 1, 0), (0, 2, 0, 0), (2**32 - 1, 2, 2, 0), (4, 2, 0, 0, 3)]
    )
    def test_a_frame_outside(self, control: tuple[int, ...]) -> None:
        size, then = control[:4], (*control, 0)[4]
        data = changed(self.GOOD, b"fcTL", struct.pack(">5I2H2B", 1, *size, 1, 10, then, 0), at=1)
        assert first(data) == [(255, 0, 0)] * 4
        with pytest.raises(ImageError, match="is a broken animation: a frame has no place in it"):
            prepare_documents(data, ALL)

    def test_without_a_whole_frame_it_is_the_other_picture(self) -> None:
        data = apng([Frame(RED)], 8, 2, default=WHITE)
        data = changed(data, b"fcTL", struct.pack(">5I2H2B", 5, 4, 2, 0, 0, 1, 10, 0, 0))
        picture = prepare_image(data, AS_IT_IS)
        assert row(picture.read()) == [(255, 255, 255)] * 4
        assert picture.steps == ("picture for viewers without animation, since that is broken",)

    @pytest.mark.parametrize("told", [0, 0x80000001])
    def test_no_animation_at_all(self, told: int) -> None:
        data = changed(self.GOOD, b"acTL", struct.pack(">II", told, 0))
        assert first(data) == [(255, 0, 0)] * 4
        assert len(seen(data)) == 1

    def test_more_frames_than_told(self) -> None:
        data = changed(self.GOOD, b"acTL", struct.pack(">II", 1, 0))
        assert seen(data) == [[(255, 0, 0)] * 4]

    def test_picture_data_that_is_none(self) -> None:
        data = changed(self.GOOD, b"fdAT", struct.pack(">I", 2) + zlib.compress(b"")[:4])
        assert first(data) == [(255, 0, 0)] * 4
        with pytest.raises(ImageError, match="PNG picture that"):
            prepare_documents(data, ALL)
