"""More than 8 bits: what is shown of them, and that it is said."""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from ollama_vision.pictures.formats.header import DamagedFile
from ollama_vision.pictures.render.levels import colour_to_8_bit, to_8_bit


def plane(*values: int, mode: str = "I;16") -> Image.Image:
    """One row of pixels."""
    code = {"I;16": "<H", "I;16B": ">H", "I": "=i"}[mode]
    return Image.frombytes(mode, (len(values), 1), b"".join(struct.pack(code, value) for value in values))


def shown(image: Image.Image) -> list[int]:
    return list(image.tobytes())


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_few_greys_are_spread_from_the_lowest_to_the_highest(mode: str) -> None:
    image, step = to_8_bit([plane(400, 2020, 3640, mode=mode)])
    assert (image.mode, shown(image)) == ("L", [0, 128, 255])
    assert step == "16 bit: 400 to 3,640 shown as 0 to 255"


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_enough_greys_stay_at_their_high_byte(mode: str) -> None:
    image, step = to_8_bit([plane(256, 8191, 32 * 256 + 255, mode=mode)])
    assert shown(image) == [1, 31, 32]
    assert step == "reduced from 16 bit"


def test_one_grey_less_is_too_few() -> None:
    image, _ = to_8_bit([plane(256, 8191)])
    assert shown(image) == [0, 255]


@pytest.mark.parametrize("value", [0, 3000, 65535])
def test_a_picture_of_one_value_is_its_high_byte(value: int) -> None:
    image, step = to_8_bit([plane(value, value)])
    assert (shown(image), step) == ([value >> 8] * 2, "reduced from 16 bit")


def test_three_colours_have_one_range() -> None:
    image, step = to_8_bit([plane(0, 3000), plane(1500, 0), plane(0, 600)])
    assert (image.mode, shown(image)) == ("RGB", [0, 128, 0, 255, 0, 51])
    assert step == "16 bit: 0 to 3,000 shown as 0 to 255"


def test_the_chosen_range_comes_before_the_stated_one_and_that_before_any_other() -> None:
    one = [plane(0, 1000, 2000, 60000)]
    assert shown(to_8_bit(one, stated=(0, 2000))[0]) == [0, 128, 255, 255]
    assert to_8_bit(one, stated=(0, 2000))[1] == "16 bit: 0 to 2,000 shown as 0 to 255, as the file says"
    image, step = to_8_bit(one, stated=(0, 2000), chosen=(1000, 2000))
    assert (shown(image), step) == ([0, 0, 255, 255], "16 bit: 1,000 to 2,000 shown as 0 to 255, as asked")


@pytest.mark.parametrize("stated", [(0, 0), (9000, 60000), (0, 50), (0, 65535), (700, 20)])
def test_a_stated_range_that_shows_nothing_or_says_nothing_is_passed_over(stated: tuple[int, int]) -> None:
    assert to_8_bit([plane(100, 1100)], stated=stated)[1] == "16 bit: 100 to 1,100 shown as 0 to 255"


def test_a_chosen_range_that_shows_nothing_is_refused() -> None:
    with pytest.raises(DamagedFile, match=r"values from 100 to 1,100, and a range of 4,000 to 9,000 makes one grey"):
        to_8_bit([plane(100, 1100)], chosen=(4000, 9000))


def test_twelve_bits_are_no_dark_sixteen() -> None:
    image, step = to_8_bit([plane(0, 2048, 4095)], bits=12)
    assert (shown(image), step) == ([0, 128, 255], "reduced from 12 bit")
    assert to_8_bit([plane(0, 100)], bits=12)[1] == "12 bit: 0 to 100 shown as 0 to 255"


def test_what_is_not_seen_does_not_count() -> None:
    visible = Image.frombytes("L", (4, 1), bytes([255, 1, 0, 0]))
    image, step = to_8_bit([plane(100, 1100, 65535, 0)], visible=visible)
    assert shown(image)[:2] == [0, 255]
    assert step == "16 bit: 100 to 1,100 shown as 0 to 255"
    nothing = Image.new("L", (4, 1))
    assert to_8_bit([plane(100, 1100, 9000, 0)], visible=nothing)[1] == "reduced from 16 bit"


def test_the_low_bytes_of_colour_are_only_asked_for_when_they_are_needed() -> None:
    def never() -> Image.Image:
        raise AssertionError("decoded a second time")

    wide = Image.frombytes("RGB", (2, 1), bytes([0, 10, 20, 31, 30, 5]))
    assert colour_to_8_bit(wide, never) == (wide, "reduced from 16 bit")
    narrow = Image.frombytes("RGB", (2, 1), bytes([0, 0, 0, 0, 0, 1]))
    low = Image.frombytes("RGB", (2, 1), bytes([0, 10, 20, 30, 40, 50]))
    image, step = colour_to_8_bit(narrow, lambda: low)
    assert shown(image) == [0, 8, 17, 25, 33, 255]
    assert step == "16 bit: 0 to 306 shown as 0 to 255"
    hidden = Image.frombytes("L", (2, 1), bytes([0, 255]))
    assert colour_to_8_bit(wide, lambda: low, visible=hidden)[1] == "16 bit: 1,330 to 7,966 shown as 0 to 255"


def test_a_tall_picture_is_looked_up_to_its_last_row() -> None:
    tall = Image.frombytes("I;16", (1, 1000), b"".join(struct.pack("<H", row) for row in range(1000)))
    image, _ = to_8_bit([tall])
    assert shown(image) == [(row * 255 + 499) // 999 for row in range(1000)]
