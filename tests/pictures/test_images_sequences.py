"""HEIF image sequences without a still picture: the first one leaves, or as many as are asked for.

Expected values are FFmpeg 5.1's (`ffmpeg -f mov -i x.heics -frames:v 1`); eleven of Nokia's HEIF conformance files
(C026 to C032, C036 to C038, C041) gave the same pixels as FFmpeg gives.
"""

from __future__ import annotations

import builtins
import io
from typing import Any

import pytest
from PIL import Image, ImageDraw

from ollama_vision.errors import ImageError, MissingExtraError
from ollama_vision.pictures import ImageOptions, prepare_image
from ollama_vision.pictures.source import PictureSource
from tests.support.heif_files import box, clap, nclx, sequence, still, with_still
from tests.support.picture_corpus import BLUE, GREEN, RED, animation, card, wrong_corners

pytest.importorskip("av")

SIZE = (160, 120)
PICTURES = [card(SIZE), *(Image.new("RGB", SIZE, colour) for colour in (RED, GREEN, BLUE))]
PNG = ImageOptions(format="png")


def seen(data: bytes, options: ImageOptions) -> list[tuple[int, int, int]]:
    """The pixel in the middle of each picture."""
    images = [Image.open(io.BytesIO(one.read())).convert("RGB") for one in PictureSource.of(data, options).pictures()]
    return [image.getpixel((image.width // 2 + 3, 30)) for image in images]  # type: ignore[misc]


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 4


def test_the_first_picture_leaves_and_the_step_says_so() -> None:
    picture = prepare_image(sequence(PICTURES), PNG)
    assert wrong_corners(picture.read(), 4) == []
    assert picture.steps == ("converted from HEIC", "first frame")
    assert picture.page is None


def test_a_sequence_of_one_is_a_picture() -> None:
    assert prepare_image(sequence(PICTURES[:1]), PNG).steps == ("converted from HEIC",)


def test_frames_are_taken_evenly_and_counted_beforehand() -> None:
    data = sequence(PICTURES)
    four = PNG.model_copy(update={"frames": 9})
    assert all(map(near, seen(data, four), (GREEN, RED, GREEN, BLUE)))
    assert [picture.page for picture in PictureSource.of(data, four).pictures()] == [1, 2, 3, 4]
    two = PictureSource.of(data, PNG.model_copy(update={"frames": 2}))
    assert two.select_pages().total == 4
    assert two.select_pages().numbers == tuple(picture.page for picture in two.pictures()) == (2, 4)
    assert PictureSource.of(data, PNG).count() == 1
    assert PictureSource.of(data, PNG).size() == SIZE


def test_beside_a_still_picture_it_is_what_frames_are_taken_of() -> None:
    """Without `frames` the primary item leaves, as from heif-convert 1.15; the frames are those of FFmpeg 5.1."""
    pytest.importorskip("pillow_heif")
    data = with_still(sequence(PICTURES[1:]), still(Image.new("RGB", SIZE, (240, 240, 240)), codec="HEIC"))
    assert all(map(near, seen(data, PNG), [(240, 240, 240)]))
    steps = ("converted from HEIC", "still picture, not the image sequence beside it")
    assert prepare_image(data, PNG).steps == steps
    several = PNG.model_copy(update={"frames": 3})
    assert all(map(near, seen(data, several), (RED, GREEN, BLUE)))
    shown = PictureSource.of(data, several)
    assert shown.select_pages().numbers == tuple(picture.page for picture in shown.pictures()) == (1, 2, 3)
    assert shown.pictures()[0].steps[:2] == ("converted from HEIC", "frame 1 of 3")


def test_the_track_of_its_alpha_is_its_transparency() -> None:
    mask = Image.new("L", SIZE, 255)
    ImageDraw.Draw(mask).rectangle((80, 60, 160, 120), fill=0)
    dark = card(SIZE)
    dark.paste((0, 0, 0), (80, 60, 160, 120))
    picture = prepare_image(sequence([dark] * 2, alpha=[mask] * 2), PNG)
    assert wrong_corners(picture.read(), 20) == []
    assert picture.steps == ("converted from HEIC", "first frame", "flattened on white")


def test_the_clean_aperture_of_a_track_is_applied() -> None:
    picture = prepare_image(sequence(PICTURES, clap(80, 60, 40, 30, SIZE)), PNG)
    assert picture.size == (80, 60)
    assert wrong_corners(picture.read(), 4) == []
    assert picture.to_original((0, 0, 80, 60)) == (40, 30, 120, 90)


def test_its_colours_are_converted() -> None:
    # Linear light, and a sequence is shown as a still picture of the same colours is.
    assert all(map(near, seen(sequence(PICTURES, nclx(1, 8)), PNG), [(110, 219, 132)]))


def test_an_avif_without_a_still_picture_is_read_too() -> None:
    # FFmpeg 5.1 reads it; Chromium 156 and libavif refuse it, since AVIF asks for a still picture.
    data = animation("AVIF")
    data = data.replace(b"meta", b"free", 1)
    picture = prepare_image(data, PNG)
    assert picture.steps == ("converted from AVIF", "first frame")
    assert wrong_corners(picture.read(), 8) == []
    assert len(PictureSource.of(data, PNG.model_copy(update={"frames": 3})).pictures()) == 3


def test_a_cut_one_is_refused() -> None:
    data = sequence(PICTURES)
    for length in (*range(40, len(data), 331), len(data) - 1):
        with pytest.raises(ImageError, match=r"cut short|cannot be decoded"):
            prepare_image(data[:length])


def test_absurd_sizes_are_refused_before_anything_is_decoded() -> None:
    with pytest.raises(ImageError, match="160x120"):
        prepare_image(sequence(PICTURES), ImageOptions(max_source_pixels=19_000))


def test_without_its_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = sequence(PICTURES)
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "av":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    for ask in (lambda: prepare_image(data), lambda: PictureSource.of(data, ImageOptions()).select_pages()):
        with pytest.raises(MissingExtraError, match=r"is a HEIF image sequence, and the package av .*\[video\]"):
            ask()


def test_a_file_without_any_picture_is_no_sequence() -> None:
    with pytest.raises(ImageError, match="cut short"):
        prepare_image(box(b"ftyp", b"msf1\x00\x00\x00\x00msf1hevc") + box(b"moov") + box(b"free"))
