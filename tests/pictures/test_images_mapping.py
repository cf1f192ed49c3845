"""A box in the sent picture leads back to the pixels that it shows, whatever was done in between."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures import BoxMapping, ImageOptions, prepare_image
from ollama_vision.pictures.picture import render_pixels
from ollama_vision.pictures.render.convert import render
from ollama_vision.pictures.render.raster import Raster
from tests.support.picture_corpus import BLUE, GREEN, LIGHT, RED, TURN_BACK, card, encoded, turned, wrong_corners

CONVENTIONS = ("pixels", "0-1000", "0-1000 yx", "0-1")


def in_convention(box: tuple[float, ...], size: tuple[int, int], convention: str) -> tuple[float, ...]:
    left, top, right, bottom = box
    if convention == "pixels":
        return box
    unit = 1.0 if convention == "0-1" else 1000.0
    left, right = left / size[0] * unit, right / size[0] * unit
    top, bottom = top / size[1] * unit, bottom / size[1] * unit
    return (top, left, bottom, right) if convention.endswith("yx") else (left, top, right, bottom)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_quarter_is_found_again_in_the_stored_file(orientation: int, convention: str) -> None:
    data = turned("JPEG", orientation, (1600, 1200))
    picture = prepare_image(data, ImageOptions(max_pixels=48_000))
    stored = Image.open(io.BytesIO(data))
    assert picture.original_size == stored.size
    width, height = picture.size
    quarters = {
        RED: (0, 0, width / 2, height / 2),
        GREEN: (width / 2, 0, width, height / 2),
        BLUE: (0, height / 2, width / 2, height),
        LIGHT: (width / 2, height / 2, width, height),
    }
    for colour, box in quarters.items():
        found = picture.to_original(in_convention(box, picture.size, convention), convention)  # type: ignore[arg-type]
        part = stored.crop(found)
        seen = part.getpixel((part.width // 2, part.height // 2))
        assert isinstance(seen, tuple)
        assert max(abs(one - other) for one, other in zip(seen, colour, strict=True)) < 12
        assert part.width * part.height == pytest.approx(stored.width * stored.height / 4, rel=0.02)


def test_the_whole_is_the_whole() -> None:
    picture = prepare_image(encoded(card((4032, 3024)), "JPEG"))
    assert picture.to_original((0, 0, 1000, 1000), "0-1000") == (0, 0, 4032, 3024)
    assert picture.to_original((0, 0, *picture.size)) == (0, 0, 4032, 3024)


def test_boxes_are_clipped_and_their_corners_sorted() -> None:
    picture = prepare_image(encoded(card((200, 100)), "PNG"))
    assert picture.to_original((-50, -1, 1e9, 50)) == (0, 0, 200, 50)
    assert picture.to_original((150, 80, 50, 20)) == (50, 20, 150, 80)


@pytest.mark.parametrize("box", [(1, 2, 3), (1, 2, 3, 4, 5), (0, 0, math.nan, 1), (0, 0, math.inf, 1), ()])
def test_what_is_no_box_is_refused(box: Any) -> None:
    with pytest.raises(ValueError, match="four finite numbers"):
        prepare_image(encoded(card(), "PNG")).to_original(box)


def test_an_unknown_convention_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'0-1000 yx'"):
        prepare_image(encoded(card(), "PNG")).to_original((0, 0, 1, 1), "0-998")  # type: ignore[arg-type]


def test_the_reply_s_description_maps_as_the_picture_does() -> None:
    picture = prepare_image(turned("JPEG", 6, (1600, 1200)))
    description = json.loads(json.dumps(picture.describe()))
    again = BoxMapping.from_description(description["mapping"])
    assert again == picture.mapping
    assert again.to_original((10, 20, 300, 400), "pixels") == picture.to_original((10, 20, 300, 400))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("aspect", [0.5, 2.0])
def test_a_cropped_picture_of_unequal_pixels_leads_back_to_what_is_stored(orientation: int, aspect: float) -> None:
    # The card stands in a black frame, and each of its pixels is twice as long one way.
    stored = Image.new("RGB", (460, 330))
    turned_card = card((320, 240)).transpose(TURN_BACK[orientation]) if orientation > 1 else card((320, 240))
    crop = (100, 50, 100 + turned_card.width, 50 + turned_card.height)
    stored.paste(turned_card, crop[:2])
    raster = Raster(stored, "", "test", orientation, aspect=aspect, crop=crop)
    (picture,) = render(raster, ImageOptions(max_pixels=20_000, format="png"))
    assert picture.original_size == stored.size
    shown = (crop[2] - crop[0]) / (crop[3] - crop[1]) * aspect
    shown = 1 / shown if orientation >= 5 else shown
    assert picture.size[0] / picture.size[1] == pytest.approx(shown, rel=0.02)
    assert "pixels made square" in picture.steps
    assert wrong_corners(picture.read()) == []
    assert picture.to_original((0, 0, *picture.size)) == crop
    again = BoxMapping.from_description(json.loads(json.dumps(picture.describe()))["mapping"])
    for mapping in (picture.mapping, again):
        left, top, right, bottom = mapping.to_original((0, 0, 0.5, 0.5), "0-1")
        assert (right - left, bottom - top) == (turned_card.width / 2, turned_card.height / 2)
        assert stored.getpixel(((left + right) // 2, (top + bottom) // 2)) == RED


def test_a_claim_of_absurdly_long_pixels_is_not_followed() -> None:
    raster = Raster(card(), "", "test", aspect=65535.0)
    assert render_pixels(raster, ImageOptions(max_pixels=None))[0].size == (160, 120)
    longer = Raster(Image.new("L", (4000, 4000)), "", "test", aspect=7.5)
    with pytest.raises(ImageError, match="30000x4000"):
        render_pixels(longer, ImageOptions(max_pixels=None, max_source_pixels=100_000_000))


sides = st.integers(1, 5000)


@settings(max_examples=200, deadline=None)
@given(
    original=st.tuples(sides, sides),
    sent=st.tuples(sides, sides),
    orientation=st.integers(1, 8),
    box=st.tuples(*[st.floats(0, 1) for _ in range(4)]),
)
def test_any_box_stays_inside_and_keeps_its_area(
    original: tuple[int, int], sent: tuple[int, int], orientation: int, box: tuple[float, ...]
) -> None:
    mapping = BoxMapping(original, orientation, sent, sent)
    left, top, right, bottom = mapping.to_original(box, "0-1")
    assert 0 <= left <= right <= original[0]
    assert 0 <= top <= bottom <= original[1]
    share = abs(box[2] - box[0]) * abs(box[3] - box[1])
    # Rounding moves each side by half a pixel at most.
    slack = (original[0] + original[1] + 1) / (original[0] * original[1])
    assert (right - left) * (bottom - top) / (original[0] * original[1]) == pytest.approx(share, abs=slack)
