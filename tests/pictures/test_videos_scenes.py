"""Scenes of videos: cuts within a frame, one scene after a fade, none for a flash, none of black; parts by time.

Right values: how each video was made. FFmpeg 5.1's `select='gt(scene,0.3)'` names the same cuts of like ones made of
its own sources (testsrc2, mandelbrot, smptebars), both ends of a flash, and neither a fade nor a cut between colours of
one brightness.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat
from pydantic import ValidationError

from llama_index.multi_modal_llms.ollama import ImageOptions
from ollama_vision.errors import ImageError
from ollama_vision.pictures import PreparedImage, frame_room, prepare_documents
from ollama_vision.pictures.decoders.video import watching
from ollama_vision.pictures.source import PictureSource

av = pytest.importorskip("av")

SIZE = (160, 120)
RATE = 25
BLACK, WHITE = (Image.new("RGB", SIZE, colour) for colour in ("black", "white"))


def texture(number: int) -> Image.Image:
    """Pictures that are unlike each other, each with bright and dark parts."""
    gradient = Image.linear_gradient("L").resize(SIZE)
    turned = Image.radial_gradient("L").resize(SIZE).rotate(90 * number)
    fractal = Image.effect_mandelbrot(SIZE, (-2.0 + 0.3 * number, -1.2, 0.6 + 0.2 * number, 1.2), 60)
    bands = [gradient, turned, fractal]
    return Image.merge("RGB", [ImageChops.offset(bands[(number + at) % 3], 13 * number, 7 * at) for at in range(3)])


ONE, TWO, THREE, FOUR = map(texture, range(4))


def moving(picture: Image.Image, frames: int) -> Iterator[Image.Image]:
    """As a camera that goes slowly to the right shows it."""
    return (ImageChops.offset(picture, at, 0) for at in range(frames))


def fade(one: Image.Image, other: Image.Image, frames: int) -> list[Image.Image]:
    return [Image.blend(one, other, (at + 1) / (frames + 1)) for at in range(frames)]


def video(
    pictures: Sequence[Image.Image],
    container: str = "mp4",
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    times: Sequence[int] | None = None,
    set_up: Any = None,
) -> bytes:
    """25 frames a second, or each at its 25th of a second."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *SIZE, pix_fmt
        stream.codec_context.time_base = Fraction(1, RATE)
        if set_up is not None:
            set_up(stream)
        for at, picture in zip(times or range(len(pictures)), pictures, strict=True):
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = at, Fraction(1, RATE)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return buffer.getvalue()


def scenes(data: bytes, frames: str = "scenes", **options: Any) -> list[PreparedImage]:
    return prepare_documents(data, ImageOptions(frames=frames, format="png", **options))


def begins(data: bytes, **options: Any) -> list[float]:
    return [round((picture.seconds or 0.0) * RATE) for picture in scenes(data, **options)]


def shown(picture: PreparedImage) -> Image.Image:
    return Image.open(picture.open()).convert("RGB")


def is_of(picture: PreparedImage, original: Image.Image) -> bool:
    """Whether it is this one of the textures, and no other."""

    def unlike(other: Image.Image) -> float:
        small = ImageChops.difference(shown(picture).resize((16, 12)), other.resize((16, 12)))
        return sum(ImageStat.Stat(small).sum)

    return min((ONE, TWO, THREE, FOUR), key=unlike) is original


CUTS = [*moving(ONE, 30), *moving(TWO, 20), *moving(THREE, 35), *moving(FOUR, 25)]
CONTAINERS = {
    "mp4": ("mp4", "libx264"),
    "matroska": ("matroska", "mpeg4"),
    "mpegts": ("mpegts", "mpeg2video"),
    "mpeg": ("mpeg", "mpeg2video"),
    "avi": ("avi", "mpeg4"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_cuts_are_found_to_the_frame(name: str) -> None:
    container, codec = CONTAINERS[name]
    data = video(CUTS, container, codec)
    assert begins(data) == [0, 30, 50, 85]
    found = scenes(data)
    assert [is_of(picture, texture) for picture, texture in zip(found, (ONE, TWO, THREE, FOUR), strict=True)] == [
        True
    ] * 4
    assert found[1].steps[0] == "frame 2 of 4 at 1.2 s, where scene 2 of 4 begins"


def test_a_fade_is_one_change_and_is_over_when_the_scene_begins() -> None:
    first, second, third = begins(
        video([*[ONE] * 40, *fade(ONE, TWO, 25), *[TWO] * 40, *fade(TWO, THREE, 12), *[THREE] * 40])
    )
    assert first == 0
    assert second in range(40 + 22, 40 + 25 + 2)
    assert third in range(105 + 9, 105 + 12 + 2)


@pytest.mark.parametrize("flash", [[WHITE], [WHITE, WHITE], [BLACK] * 4, [TWO] * 3], ids=["1", "2", "black", "other"])
def test_a_flash_is_no_scene(flash: list[Image.Image]) -> None:
    assert begins(video([*moving(ONE, 40), *flash, *moving(ImageChops.offset(ONE, 40, 0), 40)])) == [0]


def test_a_cut_through_a_flash_is_one() -> None:
    assert begins(video([*moving(ONE, 40), WHITE, *moving(TWO, 40)])) == [0, 41]


def test_black_belongs_to_no_scene() -> None:
    data = video([*[BLACK] * 20, *moving(ONE, 40), *[BLACK] * 20, *moving(TWO, 40), *[BLACK] * 30])
    assert begins(data) == [20, 80]
    dipped = [*moving(ONE, 40), *fade(ONE, BLACK, 12), *[BLACK] * 5, *fade(BLACK, TWO, 12), *moving(TWO, 40)]
    first, second = begins(video(dipped))
    assert (first, second in range(57 + 9, 57 + 12 + 2)) == (0, True)


def test_a_scene_that_comes_up_out_of_black_is_shown_when_it_is_there() -> None:
    (first,) = begins(video([*[BLACK] * 10, *fade(BLACK, ONE, 25), *moving(ONE, 60)]))
    assert first in range(10 + 16, 10 + 25 + 2)
    (first,) = begins(video([*fade(BLACK, ONE, 20), *moving(ONE, 60)]))
    assert first in range(12, 22)


def test_a_video_that_is_black_throughout_is_one_scene() -> None:
    assert begins(video([BLACK] * 30)) == [0]


def test_what_moves_is_not_cut() -> None:
    wide = Image.new("RGB", (800, 300))
    for at in range(5):
        wide.paste(texture(at).resize((160, 300)), (160 * at, 0))
    pan = [wide.crop((5 * at, 60, 5 * at + 160, 180)) for at in range(100)]
    zoom = [wide.crop((at, at // 2, 800 - at, 300 - at // 2)).resize(SIZE) for at in range(0, 240, 3)]
    noise = [ImageChops.add(ONE, Image.effect_noise(SIZE, 24).convert("RGB"), 1, -128) for _ in range(40)]
    for pictures in (pan, zoom, noise):
        assert begins(video(pictures)) == [0]


def test_colours_of_one_brightness_are_told_apart() -> None:
    red, green = Image.new("RGB", SIZE, (255, 0, 0)), Image.new("RGB", SIZE, (0, 128, 0))
    assert red.convert("L").getpixel((0, 0)) == green.convert("L").getpixel((0, 0)) + 1  # type: ignore[operator]
    assert begins(video([*[red] * 30, *[green] * 30])) == [0, 30]


def test_pictures_that_stand_still_are_scenes_for_as_long_as_they_stand() -> None:
    """Slides, and screen recordings that leave out what does not change (variable frame rate)."""
    data = video([ONE, TWO, THREE, FOUR], times=[0, 100, 250, 275])
    assert begins(data) == [0, 100, 250, 275]
    assert begins(data, clip=(2.0, 10.5)) == [0, 100, 250]
    matroska = video([ONE, TWO, THREE], "matroska", times=[0, 100, 250])
    assert begins(matroska) == [0, 100, 250]


def test_deep_and_turned_ones() -> None:
    deep = video([*moving(ONE, 20), *moving(TWO, 20)], "matroska", "ffv1", "yuv420p10le")
    assert begins(deep) == [0, 20]
    turned = bytearray(video([*moving(ONE, 20), *moving(TWO, 20)]))
    matrix = turned.index(b"\x00\x01\x00\x00" + bytes(12) + b"\x00\x01\x00\x00", turned.index(b"tkhd"))
    one, minus = (1 << 16).to_bytes(4, "big"), (-(1 << 16)).to_bytes(4, "big", signed=True)
    turned[matrix : matrix + 36] = bytes(4) + one + bytes(4) + minus + bytes(12) + bytes(4) + bytes((0x40, 0, 0, 0))
    found = scenes(bytes(turned))
    assert [picture.size for picture in found] == [(120, 160)] * 2
    assert found[0].steps[1].startswith("rotated")


def test_the_longest_are_taken_where_there_are_too_many() -> None:
    data = video(CUTS)
    two = scenes(data, "scenes:2")
    assert [round((one.seconds or 0) * RATE) for one in two] == [0, 50]
    assert [one.steps[0].partition(", ")[2] for one in two] == [
        "where scene 1 of 4 begins",
        "where scene 3 of 4 begins",
    ]
    with frame_room(lambda sizes: 3 if list(sizes) == [SIZE] else 0):
        assert begins(data) == [0, 50, 85]
        assert len(prepare_documents(data, ImageOptions())) == 3
        assert len(prepare_documents(data, ImageOptions(frames=5))) == 5  # asked for by number
    assert len(prepare_documents(data, ImageOptions())) == 8


def test_a_part_of_a_video() -> None:
    data = video(CUTS)
    assert begins(data, clip=(0.8, 3.0)) == [20, 30, 50]
    evenly = prepare_documents(data, ImageOptions(frames=4, clip=(2.0, 3.0)))
    assert [round((one.seconds or 0) * RATE) for one in evenly] == [53, 59, 65, 71]
    to_the_end = prepare_documents(data, ImageOptions(frames=1, clip=(4.0, None)))
    assert [one.seconds for one in to_the_end] == [pytest.approx(4.2, abs=0.05)]
    assert len(prepare_documents(data, ImageOptions(frames=2, clip=(4.0, 99.0)))) == 2
    with pytest.raises(ImageError, match=r"of 4\.4 s, and frames from 60\.0 s on were asked for\. Begin before that"):
        prepare_documents(data, ImageOptions(clip=(60.0, None)))
    assert prepare_documents(ONE, ImageOptions(clip=(60.0, None)))[0].size == SIZE


def test_what_is_told_before_drawing_is_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[int] = []
    frames = watching._frames

    def counted(*words: Any) -> Any:
        watched.append(1)
        return frames(*words)

    monkeypatch.setattr(watching, "_frames", counted)
    source = PictureSource.of(video(CUTS), ImageOptions(frames="scenes"))
    source.check_headers()
    assert watched == []
    assert source.select_pages().numbers == (1, 2, 3, 4)
    assert [picture.page for picture in source.pages(only={2, 4})] == [2, 4]
    assert watched == [1]


def test_animations_have_no_scenes_and_give_frames() -> None:
    buffer = io.BytesIO()
    ONE.save(buffer, "GIF", save_all=True, append_images=[TWO, THREE, FOUR])
    assert len(prepare_documents(buffer.getvalue(), ImageOptions(frames="scenes"))) == 4
    assert len(prepare_documents(buffer.getvalue(), ImageOptions(frames="scenes:2"))) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"frames": "cuts"}, {"frames": "scenes:0"}, {"frames": "scenes:1001"}, {"frames": 0}, {"frames": "scenes: 2"},
        {"clip": (3.0, 3.0)}, {"clip": (-1.0, None)}, {"clip": (0.0, float("nan"))}, {"clip": 3.0},
    ],
)  # fmt: skip
def test_what_is_no_choice_of_frames_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ImageOptions(**wrong)
