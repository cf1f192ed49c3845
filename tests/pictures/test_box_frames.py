"""A box that a model counts in the server's frame leads back to what it shows, bars and scaling taken off again.

The frames are those that llama.cpp b10488 made of coded pictures of these sizes: x ramp, y ramp and a marker, read
out of its preprocessed canvas.
"""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pytest
from PIL import Image, ImageChops

from ollama_vision import PictureFrame
from ollama_vision.pictures import BoxMapping, ImageOptions, PreparedImage, prepare_image
from tests.support.picture_corpus import BLUE, GREEN, LIGHT, RED, card, encoded, turned

MEASURED = {
    "Qwen2.5-VL, 300x200": ((300, 200), PictureFrame((1120, 756), (0, 4, 1120, 751))),
    "Qwen2.5-VL, 640x480": ((640, 480), PictureFrame((1036, 784), (0, 3, 1036, 780))),
    "Qwen2.5-VL, 400x2000": ((400, 2000), PictureFrame((420, 2016), (8, 0, 412, 2016))),
    "Gemma 4, 300x200": ((300, 200), PictureFrame((384, 288), (0, 16, 384, 272))),
    "LLaVA 1.5, 1000x400": ((1000, 400), PictureFrame((336, 336), (0, 100, 336, 235))),
    "Moondream 2, 400x2000": ((400, 2000), PictureFrame((378, 378), (151, 0, 227, 378))),
}
RELATIVE = {"0-1000": 1000, "0-1000 yx": 1000, "0-999": 999, "0-500": 500, "0-1": 1}


def letterboxed(sent: PreparedImage, frame: PictureFrame) -> Image.Image:
    """The canvas that the model sees, drawn by Pillow."""
    left, top, right, bottom = frame.content
    canvas = Image.new("RGB", frame.size)
    with sent.open() as file, Image.open(file) as picture:
        canvas.paste(picture.convert("RGB").resize((right - left, bottom - top), Image.Resampling.NEAREST), (left, top))
    return canvas


def rectangle_of(colour: tuple[int, int, int], canvas: Image.Image) -> tuple[int, int, int, int]:
    """Where a colour is, looked up in the pixels."""
    near = [channel.point(lambda value, goal=goal: 255 * (abs(value - goal) < 12)) for channel, goal in zip(
        canvas.split(), colour, strict=True
    )]  # fmt: skip
    found = ImageChops.darker(ImageChops.darker(near[0], near[1]), near[2]).getbbox()
    assert found is not None
    return found


def counted(box: tuple[float, ...], size: tuple[int, int], convention: str) -> tuple[float, ...]:
    """The box as a model writes it that counts so in a canvas of this size."""
    left, top, right, bottom = box
    if convention in RELATIVE:
        unit = RELATIVE[convention]
        left, right = left / size[0] * unit, right / size[0] * unit
        top, bottom = top / size[1] * unit, bottom / size[1] * unit
    return (top, left, bottom, right) if convention.endswith("yx") else (left, top, right, bottom)


@pytest.mark.parametrize("convention", ["model pixels", *RELATIVE])
@pytest.mark.parametrize("name", MEASURED)
def test_what_stands_in_the_canvas_is_found_in_the_original(name: str, convention: Any) -> None:
    size, frame = MEASURED[name]
    sent = prepare_image(encoded(card(size), "PNG"), ImageOptions(max_pixels=None))
    canvas = letterboxed(sent, frame)
    half = (size[0] // 2, size[1] // 2)
    quarters = {
        RED: (0, 0, *half),
        GREEN: (half[0], 0, size[0], half[1]),
        BLUE: (0, half[1], half[0], size[1]),
        LIGHT: (*half, *size),
    }
    # A pixel of the canvas, where it is smaller than the picture, is several of the picture's.
    slack = 0.5 + max(size[0] / (frame.content[2] - frame.content[0]), size[1] / (frame.content[3] - frame.content[1]))
    for colour, quarter in quarters.items():
        box = counted(rectangle_of(colour, canvas), frame.size, convention)
        found = sent.to_original(box, convention, frame)
        assert max(abs(one - other) for one, other in zip(found, quarter, strict=True)) <= slack, colour


def test_pixels_of_what_was_sent_know_no_frame() -> None:
    sent = prepare_image(encoded(card((640, 480)), "PNG"))
    frame = MEASURED["Qwen2.5-VL, 640x480"][1]
    assert sent.to_original((160, 120, 480, 360), "pixels", frame) == (160, 120, 480, 360)
    # The same numbers, read as those of the frame, are another place.
    assert sent.to_original((160, 120, 480, 360), "model pixels", frame) != (160, 120, 480, 360)


@pytest.mark.parametrize(("convention", "unit"), RELATIVE.items())
def test_without_a_frame_they_count_of_what_was_sent(convention: Any, unit: int) -> None:
    sent = prepare_image(encoded(card((600, 400)), "PNG"))
    box = counted((150, 100, 450, 300), (600, 400), convention)
    assert max(box) == pytest.approx(0.75 * unit)
    assert sent.to_original(box, convention) == (150, 100, 450, 300)


def test_turning_scaling_padding_and_the_frame_are_all_taken_back() -> None:
    # Long and thin: padded before it is sent, and once more by the server.
    stored = turned("JPEG", 6, (9000, 60))
    sent = prepare_image(stored, ImageOptions(max_pixels=100_000))
    assert sent.mapping.content_size != sent.size
    frame = PictureFrame((3136, 224), (0, 20, 3136, 206))
    left, top, right, bottom = frame.content
    shown = (right, top + (bottom - top) * sent.mapping.content_size[1] / sent.size[1])
    assert sent.to_original((left, top, *shown), "model pixels", frame) == (0, 0, 60, 9000)
    # The upper left quarter as it is seen is red.
    part = Image.open(io.BytesIO(stored)).crop(
        sent.to_original((left, top, shown[0] / 2, (top + shown[1]) / 2), "model pixels", frame)
    )
    seen = part.getpixel((part.width // 2, part.height // 2))
    assert isinstance(seen, tuple)
    assert max(abs(one - other) for one, other in zip(seen, RED, strict=True)) < 12


def test_the_frame_s_own_convention_is_the_default() -> None:
    sent = prepare_image(encoded(card((300, 200)), "PNG"))
    frame = PictureFrame((1120, 756), (0, 4, 1120, 751), convention="model pixels")
    assert sent.to_original((0, 4, 560, 378), frame=frame) == sent.to_original((0, 4, 560, 378), "model pixels", frame)
    assert sent.to_original((0, 0, 150, 100)) == (0, 0, 150, 100)


def test_where_the_convention_is_not_certain_the_error_says_why() -> None:
    sent = prepare_image(encoded(card((300, 200)), "PNG"))
    frame = PictureFrame((896, 896), (0, 149, 896, 747), doubt="Nobody has said how Gemma 3 counts.")
    with pytest.raises(ValueError, match=r"Nobody has said how Gemma 3 counts.*'0-1000 yx'"):
        sent.to_original((0, 0, 500, 500), frame=frame)
    assert sent.to_original((0, 166.3, 1000, 833.8), "0-1000", frame) == (0, 0, 300, 200)


def test_pixels_of_the_model_need_its_frame() -> None:
    sent = prepare_image(encoded(card((300, 200)), "PNG"))
    with pytest.raises(ValueError, match="picture_frame"):
        sent.to_original((0, 0, 500, 500), "model pixels")


@pytest.mark.parametrize(
    ("box", "convention"),
    [
        ((400, 10, 600, 90), "pixels"), ((10, -90, 90, -10), "pixels"), ((10, 20, 30, 40), "0-1"),
        ((1200, 300, 1300, 500), "0-1000"),
    ],
)  # fmt: skip
def test_a_box_that_is_nowhere_in_the_picture_is_refused(box: Any, convention: Any) -> None:
    sent = prepare_image(encoded(card((300, 200)), "PNG"))
    with pytest.raises(ValueError, match=r"nowhere in the picture.*300x200"):
        sent.to_original(box, convention)


def test_a_box_in_the_bars_alone_is_refused_with_the_frame() -> None:
    sent = prepare_image(encoded(card((300, 200)), "PNG"))
    with pytest.raises(ValueError, match="896x896"):
        sent.to_original((0, 0, 100, 100), "model pixels", PictureFrame((896, 896), (0, 149, 896, 747)))


@pytest.mark.parametrize("box", [(1, 2, 3), (0, 0, math.nan, 1), ("a", 0, 1, 1), 5, None, ({}, 0, 1, 1)])
def test_what_is_no_box_is_refused(box: Any) -> None:
    with pytest.raises(ValueError, match="four finite numbers"):
        prepare_image(encoded(card(), "PNG")).to_original(box)


@pytest.mark.parametrize("content", [(0, 0, 0, 10), (-1, 0, 10, 10), (0, 0, 11, 10), (0, 8, 10, 2)])
def test_a_content_that_is_not_within_its_frame_is_refused(content: Any) -> None:
    with pytest.raises(ValueError, match="within"):
        PictureFrame((10, 10), content)


@pytest.mark.parametrize("frame", [
    PictureFrame((896, 896), (0, 149, 896, 747), doubt="Nobody has said so."),
    PictureFrame((1120, 756), (0, 4, 1120, 751), "model pixels"),
])  # fmt: skip
def test_a_frame_comes_back_out_of_json(frame: PictureFrame) -> None:
    again = PictureFrame.from_description(json.loads(json.dumps(frame.describe())))
    assert (again, again.convention, again.doubt) == (frame, frame.convention, frame.doubt)


def test_a_frame_is_taken_as_the_reply_tells_it() -> None:
    sent = prepare_image(encoded(card((300, 200)), "PNG"))
    frame = PictureFrame((1120, 756), (0, 4, 1120, 751), "model pixels")
    told = json.loads(json.dumps(frame.describe()))
    for mapping in (sent, sent.mapping):
        assert mapping.to_original((560, 377.5, 1120, 751), frame=told) == (150, 100, 300, 200)
        assert mapping.to_original((500, 500, 1000, 993), "0-1000", told) == (150, 100, 300, 200)


@pytest.mark.parametrize("frame", [{}, {"size": [10, 10]}, {"size": 3, "content": 4}, (896, 896), "896x896", 5])
def test_what_is_no_frame_is_refused(frame: Any) -> None:
    with pytest.raises(ValueError, match="A frame is a PictureFrame"):
        prepare_image(encoded(card(), "PNG")).to_original((0, 0, 1, 1), "0-1", frame)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stored_pixels_lead_to_what_was_sent_and_back(orientation: int) -> None:
    mapping = BoxMapping((800, 600), orientation, (300, 400), (300, 420), crop=(100, 50, 700, 550))
    stored = mapping.stored_box((30, 40, 150, 200), "pixels")
    assert mapping.from_stored(stored) == pytest.approx((30, 40, 150, 200))
