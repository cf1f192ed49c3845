"""WebP: a canvas that its frames leave bare shows the background, and lossless pictures stay lossless.

Chromium 156, run on the same bytes, shows the bare canvas transparent, whatever background colour the file names.
"""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from ollama_vision.pictures import ImageOptions, prepare_image
from ollama_vision.pictures.formats.webp import webp_of
from ollama_vision.pictures.source import PictureSource
from tests.support.picture_corpus import BLUE, P3_PROFILE, RED, card, encoded, pixel

WHITE = (255, 255, 255)
PNG = ImageOptions(format="png")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + b"\x00" * (len(body) & 1)


def three_bytes(value: int) -> bytes:
    return struct.pack("<I", value)[:3]


def moving(*frames: tuple[Image.Image, int, int, bool], lossless: bool = True) -> bytes:
    """An animation of 160x120 that says it has no alpha: each picture, its place, and whether it is removed again."""
    bodies = [chunk(b"VP8X", b"\x02\x00\x00\x00" + three_bytes(159) + three_bytes(119))]
    bodies.append(chunk(b"ANIM", b"\x00\xff\xff\xff\x00\x00"))  # a yellow background
    for image, left, top, removed in frames:
        place = map(three_bytes, (left // 2, top // 2, image.width - 1, image.height - 1, 100))
        coded = encoded(image, "WEBP", lossless=lossless, quality=95)[12:]
        bodies.append(chunk(b"ANMF", b"".join(place) + bytes([removed]) + coded))
    body = b"WEBP" + b"".join(bodies)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def shown(data: bytes, options: ImageOptions = PNG) -> list[Image.Image]:
    pictures = PictureSource.of(data, options).pictures()
    return [Image.open(io.BytesIO(picture.read())).convert("RGB") for picture in pictures]


@pytest.mark.parametrize("lossless", [True, False])
def test_what_the_first_frame_leaves_bare_shows_the_background(lossless: bool) -> None:
    data = moving((card((80, 60)), 40, 30, False), (card(), 0, 0, False), lossless=lossless)
    for name, colour in (("white", WHITE), ("#102030", (16, 32, 48))):
        [image] = shown(data, PNG.model_copy(update={"background": name}))
        assert pixel(image, 10, 10) == pixel(image, 150, 110) == colour
        assert max(abs(one - other) for one, other in zip(pixel(image, 60, 45), RED, strict=True)) < 6


def test_what_a_removed_frame_leaves_bare_does_so_too() -> None:
    blue = Image.new("RGB", (40, 30), BLUE)
    data = moving((card(), 0, 0, False), (blue, 0, 0, True), (blue, 80, 60, False))
    first, second, third = shown(data, PNG.model_copy(update={"frames": 3}))
    assert [pixel(image, 10, 10) for image in (first, second, third)] == [RED, BLUE, WHITE]
    assert pixel(third, 60, 10) == RED


def test_a_covered_canvas_has_no_alpha_to_remove() -> None:
    data = moving((card(), 0, 0, False), (Image.new("RGB", (40, 30), BLUE), 0, 0, False))
    assert prepare_image(data).steps == ("converted from WebP", "first frame")


@pytest.mark.parametrize("moves", [True, False])
@pytest.mark.parametrize("lossless", [True, False])
def test_lossless_is_known_behind_a_profile_and_in_an_animation(lossless: bool, moves: bool) -> None:
    image = card((500, 400))
    more = {"save_all": True, "append_images": [Image.new("RGB", image.size, BLUE)]} if moves else {}
    data = encoded(image, "WEBP", lossless=lossless, icc_profile=P3_PROFILE, **more)
    assert webp_of(io.BytesIO(data)).lossless == lossless
    assert prepare_image(data).format == ("png" if lossless else "jpeg")


def test_broken_chunks_are_walked_to_their_end() -> None:
    data = moving((card((16, 16)), 0, 0, False), (card((16, 16)), 4, 4, True))
    for at in range(12, min(len(data), 120)):
        for value in (0, 0x7F, 0xFF):
            webp_of(io.BytesIO(data[:at] + bytes([value]) + data[at + 1 :]))
            webp_of(io.BytesIO(data[:at]))
