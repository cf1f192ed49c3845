"""Random pictures keep their look, and random damage only ever gives a picture or an ImageError."""

from __future__ import annotations

import io
import random
import warnings
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, prepare_documents, prepare_image
from ollama_vision.pictures.render.size import plan_size
from tests.support.picture_corpus import SAMPLES, card, encoded, heic, pixel, turned

# Small enough for thousands of runs; a mutation may declare other sizes.
OPTIONS = ImageOptions(max_source_pixels=4_000_000)
MUTATIONS_EACH = 48

colours = st.tuples(*[st.integers(0, 255)] * 3)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(
    size=st.tuples(st.integers(40, 400), st.integers(40, 400)),
    corners=st.tuples(colours, colours, colours, colours),
    format_=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIC"]),
    max_pixels=st.sampled_from([None, 20_000, 5_000]),
)
def test_random_pictures_keep_ratio_place_and_colour(
    size: tuple[int, int],
    corners: tuple[tuple[int, ...], ...],
    format_: str,
    max_pixels: int | None,
) -> None:
    width, height = size
    image = Image.new("RGB", size)
    for index, colour in enumerate(corners):
        left, top = (index % 2) * (width // 2), (index // 2) * (height // 2)
        image.paste(colour, (left, top, left + (width + 1) // 2 + 1, top + (height + 1) // 2 + 1))
    data = heic(image) if format_ == "HEIC" else encoded(image, format_)
    picture = prepare_image(data, ImageOptions(max_pixels=max_pixels))
    assert picture.original_size == size
    if max_pixels is not None:
        assert picture.size[0] * picture.size[1] <= max_pixels
    content = picture.mapping.content_size
    # A side is a whole number of pixels.
    assert content[0] / content[1] == pytest.approx(width / height, rel=1.5 / min(content))
    sent = Image.open(io.BytesIO(picture.read()))
    for index, colour in enumerate(corners):
        x = content[0] * (1 + 2 * (index % 2)) // 4
        y = content[1] * (1 + 2 * (index // 2)) // 4
        seen = pixel(sent, x, y)
        # Halved colour and two lossy codes, at quarters that touch.
        assert max(abs(one - other) for one, other in zip(seen, colour, strict=True)) <= 40


@quick
@given(size=st.tuples(st.integers(1, 100_000), st.integers(1, 100_000)), max_pixels=st.integers(1024, 10_000_000))
def test_any_size_fits_and_is_thick_enough(size: tuple[int, int], max_pixels: int) -> None:
    plan = plan_size(size, ImageOptions(max_pixels=max_pixels))
    assert plan.canvas[0] * plan.canvas[1] <= max_pixels
    assert min(plan.canvas) >= min(32, int(max_pixels**0.5))
    assert plan.content[0] <= plan.canvas[0]
    assert plan.content[1] <= plan.canvas[1]
    if min(size) >= 32 and size[0] * size[1] <= max_pixels:
        assert plan.content == plan.canvas == size


def outcome(data: bytes) -> str:
    """Anything but a picture or an ImageError comes out as it is, and fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about metadata
        try:
            pictures = prepare_documents([data], OPTIONS)
        except ImageError:
            return "refused"
    for picture in pictures:
        assert picture.size_in_bytes == len(picture.read()) > 0
    return "picture"


@quick
@given(data=st.binary(max_size=400))
def test_random_bytes_are_refused(data: bytes) -> None:
    assert outcome(data) == "refused"


@quick
@given(
    start=st.sampled_from([b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*",
                           b"RIFF\x40\x00\x00\x00WEBPVP8 ", b"\x00\x00\x00\x1cftypavif", b"\x00\x00\x00\x18ftypheic",
                           b"\x00\x00\x01\x00\x01\x00"]),
    data=st.binary(max_size=300),
)  # fmt: skip
def test_random_bytes_behind_a_known_start(start: bytes, data: bytes) -> None:
    assert outcome(start + data) in ("refused", "picture")


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Bits turned, bytes replaced, pieces cut out, doubled, zeroed or moved; mostly near the start."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 4, 16))):
        at = min(int(dice.expovariate(1 / dice.choice((40, 400, len(data))))), len(changed) - 1)
        length = dice.choice((1, 1, 2, 4, 16, 200))
        match dice.randrange(6):
            case 0:
                changed[at] ^= 1 << dice.randrange(8)
            case 1:
                changed[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at:at] = changed[at : at + length]
            case 4:
                changed[at : at + length] = bytes(len(changed[at : at + length]))
            case _:
                changed[at:at] = dice.randbytes(length)
        if not changed:
            break
    return bytes(changed)


def seeds() -> dict[str, bytes]:
    made = {sample.name: sample.make() for sample in SAMPLES}
    made["turned jpeg"] = turned("JPEG", 6)
    made["turned tiff"] = turned("TIFF", 5)
    made["pages"] = encoded(card(), "TIFF", save_all=True, append_images=[card((64, 64))])
    return made


def mutate(count_each: int, seed: int) -> Counter[str]:
    results: Counter[str] = Counter()
    for name, data in seeds().items():
        dice = random.Random(f"{name} {seed}")
        for _ in range(count_each):
            results[outcome(mutated(data, dice))] += 1
    return results


def test_damaged_files_give_a_picture_or_an_image_error() -> None:
    results = mutate(MUTATIONS_EACH, seed=1)
    assert results.total() >= 2000
    # Neither outcome is rare, so both ways are really walked.
    assert min(results["picture"], results["refused"]) > 300


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 22))
def test_many_more_damaged_files(seed: int) -> None:
    assert mutate(MUTATIONS_EACH * 4, seed).total() >= 8000
