"""Boxes in an answer are found by their fields' names, and drawn where they are on the original, upright."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from ollama_vision.pictures import ImageOptions, PictureFrame, boxes_in, draw_boxes, place_boxes, prepare_image
from ollama_vision.pictures.box_fields import FoundBox
from ollama_vision.pictures.drawn_boxes import COLOURS
from tests.support.picture_corpus import GREEN, card, encoded, pixel, turned, wrong_corners

WHOLE = ImageOptions(max_pixels=None, min_side=1, format="png")


def found(*boxes: tuple[str, tuple[float, float, float, float]]) -> list[FoundBox]:
    return [FoundBox(*box) for box in boxes]


@pytest.mark.parametrize(
    ("answer", "boxes"),
    [
        ([{"bbox_2d": [1, 2, 3, 4], "label": "cat"}], [("cat", (1, 2, 3, 4))]),
        ({"objects": [{"box_2d": [1, 2, 3, 4], "label": "a"}, {"box_2d": [5, 6, 7, 8.5], "label": "b"}]},
         [("a", (1, 2, 3, 4)), ("b", (5, 6, 7, 8.5))]),
        ({"bbox": [[1, 2, 3, 4], [5, 6, 7, 8]], "category": "Text"}, [("Text", (1, 2, 3, 4)), ("Text", (5, 6, 7, 8))]),
        ({"total": {"text": "12.40", "box": [0.1, 0.2, 0.3, 0.4]}}, [("12.40", (0.1, 0.2, 0.3, 0.4))]),
        ({"total": {"value": 12.4, "box": [1, 2, 3, 4]}, "date": {"box": [5, 6, 7, 8]}},
         [("total", (1, 2, 3, 4)), ("date", (5, 6, 7, 8))]),
        ({"box": "of cardboard", "bbox": None, "bbox_2d": [1, 2, 3], "box_2d": [True, False, True, False]}, []),
        ({"place": [1, 2, 3, 4]}, []), ("bbox", []), (None, []), ([], []),
    ],
)  # fmt: skip
def test_boxes_are_found_by_the_names_that_models_use(answer: Any, boxes: list[Any]) -> None:
    assert boxes_in(answer) == found(*boxes)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_is_drawn_around_what_it_shows_on_the_upright_original(orientation: int) -> None:
    data = turned("JPEG", orientation, (1600, 1200), quality=95)
    sent, original = prepare_image(data, ImageOptions(max_pixels=48_000)), prepare_image(data, WHOLE)
    assert (sent.size, original.size) == ((252, 189), (1600, 1200))
    placed = place_boxes(found(("", (500, 0, 1000, 500))), sent.mapping, original.mapping, "0-1000", None)
    assert placed.boxes[0].sides == pytest.approx((800, 0, 1600, 600), abs=1)
    drawn = draw_boxes(original, placed.boxes)
    assert wrong_corners(drawn) == []  # upright
    with Image.open(io.BytesIO(drawn)) as image:
        assert (image.size, image.mode, image.format) == ((1600, 1200), "RGB", "PNG")
        line = pixel(image, 802, 300)
        assert "#{:02x}{:02x}{:02x}".format(*line) == COLOURS[0]
        assert line == pixel(image, 1597, 300) == pixel(image, 1200, 2) == pixel(image, 1200, 597)
        for beside in ((797, 300), (1200, 603), (806, 300), (1200, 592)):
            assert pixel(image, *beside) != line, beside
        assert max(abs(one - other) for one, other in zip(pixel(image, 1200, 300), GREEN, strict=True)) < 12


def test_a_box_in_the_server_s_frame_is_drawn_without_its_bars() -> None:
    data = encoded(card((300, 200)), "PNG")
    sent = prepare_image(data)
    frame = PictureFrame((1120, 756), (0, 4, 1120, 751), "model pixels")
    # The lower right quarter, as it lies in Qwen2.5-VL's canvas.
    placed = place_boxes(found(("light", (560, 377.5, 1120, 751))), sent.mapping, sent.mapping, None, frame)
    assert placed.boxes[0].sides == pytest.approx((150, 100, 300, 200), abs=0.01)


@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_a_box_in_a_region_s_frame_is_drawn_on_the_whole(orientation: int) -> None:
    """Cut out, turned, scaled, and centred in the server's frame: all of it is taken back."""
    data = turned("JPEG", orientation, (1600, 1200), quality=95)
    sent = prepare_image(data, ImageOptions(region=(0.25, 0.25, 1.0, 0.75), max_pixels=48_000))
    original = prepare_image(data, WHOLE)
    frame = PictureFrame((1000, 700), (0, 100, 1000, 600))
    # The green quarter's part of the region: its upper right, two thirds of its width.
    left, top, right, bottom = 1000 / 3, 100, 1000, 350
    placed = place_boxes(found(("", (left, top, right, bottom))), sent.mapping, original.mapping, "model pixels", frame)
    assert placed.boxes[0].sides == pytest.approx((800, 300, 1600, 600), abs=2)


def test_a_page_of_a_pdf_is_drawn_on(tmp_path: Any) -> None:
    pytest.importorskip("pypdfium2")
    file = tmp_path / "page.pdf"
    card((400, 300)).save(file, "PDF")
    sent, original = prepare_image(file, ImageOptions(max_pixels=20_000)), prepare_image(file, WHOLE)
    placed = place_boxes(found(("", (0.5, 0, 1, 0.5))), sent.mapping, original.mapping, "0-1", None)
    width, height = original.size
    assert placed.boxes[0].sides == pytest.approx((width / 2, 0, width, height / 2), abs=1)


def test_labels_have_colours_of_their_own_and_are_written_within_the_picture() -> None:
    sent = prepare_image(encoded(Image.new("RGB", (400, 300), "white"), "PNG"))
    answer = found(("a", (0, 0, 60, 40)), ("b", (380, 280, 400, 300)), ("a", (100, 100, 200, 200)))
    placed = place_boxes(answer, sent.mapping, sent.mapping, "pixels", None)
    assert [box.colour for box in placed.boxes] == [COLOURS[0], COLOURS[1], COLOURS[0]]
    with_labels, without = (
        draw_boxes(sent, boxes)
        for boxes in (placed.boxes, place_boxes([FoundBox("", box.numbers) for box in answer],
                                                sent.mapping, sent.mapping, "pixels", None).boxes)
    )  # fmt: skip
    assert with_labels != without
    with Image.open(io.BytesIO(with_labels)) as image:
        assert image.size == (400, 300)


def test_a_label_that_cannot_be_written_is_the_box_s_number() -> None:
    sent = prepare_image(encoded(Image.new("RGB", (400, 300), "white"), "PNG"))
    chinese, number = (
        draw_boxes(
            sent, place_boxes(found((label, (50, 50, 200, 200))), sent.mapping, sent.mapping, "pixels", None).boxes
        )
        for label in ("\u732b", "#1")
    )
    assert chinese == number


def test_what_is_nowhere_in_the_picture_is_told_and_the_rest_drawn() -> None:
    sent = prepare_image(encoded(card((300, 200)), "PNG"))
    answer = found(("cat", (10, 10, 90, 90)), ("dog", (500, 500, 600, 600)))
    placed = place_boxes(answer, sent.mapping, sent.mapping, "pixels", None)
    assert [box.label for box in placed.boxes] == ["cat"]
    assert len(placed.problems) == 1
    assert "300x200" in placed.problems[0]


def test_no_box_is_placed_by_a_convention_that_is_not_certain() -> None:
    sent = prepare_image(encoded(card((300, 200)), "PNG"))
    frame = PictureFrame((896, 896), (0, 149, 896, 747), doubt="Nobody has said how Gemma 3 counts.")
    with pytest.raises(ValueError, match=r"Nobody has said how Gemma 3 counts\."):
        place_boxes(found(("cat", (10, 10, 90, 90))), sent.mapping, sent.mapping, None, frame)


def test_a_box_without_an_area_is_drawn_as_a_line() -> None:
    sent = prepare_image(encoded(Image.new("RGB", (100, 80), "white"), "PNG"))
    placed = place_boxes(
        found(("", (50, 0, 50, 80)), ("", (100, 80, 100, 80))), sent.mapping, sent.mapping, "pixels", None
    )
    with Image.open(io.BytesIO(draw_boxes(sent, placed.boxes))) as image:
        assert "#{:02x}{:02x}{:02x}".format(*pixel(image, 50, 40)) == COLOURS[0]
        assert "#{:02x}{:02x}{:02x}".format(*pixel(image, 99, 79)) == COLOURS[0]
