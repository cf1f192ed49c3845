"""GIF: frames that cover a part of the screen, are cleared again, or bring back what was there before.

Expected values are those of Chromium 156 (ImageDecoder, each frame drawn on an empty canvas), run on the same bytes.
"""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image, ImageDraw

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded.scenes import GROUND, Shape, draw_scene
from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, prepare_image
from ollama_vision.pictures.source import PictureSource
from tests.support.picture_corpus import encoded

Colour = tuple[int, int, int]
PALETTE: tuple[Colour, ...] = ((212, 0, 43), (255, 255, 0), (0, 0, 255), (0, 160, 0))
LOCAL: tuple[Colour, ...] = ((1, 2, 3), (120, 60, 30), (60, 90, 200), (5, 5, 5))
WHOLE = (0, 0, 40, 30)
LEFT, RIGHT, CORNER = (10, 10, 10, 10), (25, 5, 10, 10), (0, 0, 5, 5)
GREEN_BLUE = [3 if at % 10 < 5 else 2 for at in range(100)]
"""The left half of a square of ten."""
POINTS = ((2, 2), (12, 12), (17, 12), (27, 7), (37, 27))
"""In the corner, twice in LEFT, in RIGHT, and where no frame but a whole one is."""
OPTIONS = ImageOptions(format="png", min_side=1)


def coded(indices: list[int]) -> bytes:
    """LZW without a single repetition: its table is emptied before codes grow longer than 9 bits."""
    bits = count = 0
    for at, index in enumerate(indices):
        for code in (256, index) if at % 250 == 0 else (index,):
            bits |= code << 9 * count
            count += 1
    bits |= 257 << 9 * count
    data = bits.to_bytes((9 * (count + 1) + 7) // 8, "little")
    blocks = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"\x08" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\x00"


def table(colours: tuple[Colour, ...]) -> bytes:
    return b"".join(bytes(colour) for colour in colours)


def frame(
    what: int | list[int],
    box: tuple[int, int, int, int],
    disposal: int | None = 1,
    *,
    key: int | None = None,
    local: tuple[Colour, ...] = (),
) -> bytes:
    """One index or all of them at a place (left, top, width, height); without a disposal no control block."""
    control = b""
    if disposal is not None:
        control = b"!\xf9\x04" + struct.pack("<BHBB", disposal << 2 | (key is not None), 10, key or 0, 0)
    indices = what if isinstance(what, list) else [what] * (box[2] * box[3])
    head = b"," + struct.pack("<4HB", *box, 0x81 if local else 0)
    return control + head + table(local) + coded(indices)


def gif(*frames: bytes, screen: tuple[int, int] = (40, 30), palette: tuple[Colour, ...] = PALETTE) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x81 if palette else 0, 0, 0)
    return head + table(palette) + b"".join(frames) + b";"


FIRST_FRAMES = {
    "covers a part": (gif(frame(2, LEFT, None)), "40x30 .bb.."),
    "covers a part, with a transparent index": (gif(frame(GREEN_BLUE, LEFT, key=3)), "40x30 ..b.."),
    "covers a part, of many": (gif(frame(1, LEFT, 3), frame(2, RIGHT)), "40x30 .yy.."),
    "covers a part, with its own palette": (gif(frame(1, LEFT, local=LOCAL)), "40x30 .nn.."),
    "is larger than the screen": (gif(frame(2, (10, 10, 60, 40), None)), "70x50 .bb.b"),
    "is at the screen's left top, and larger": (gif(frame(2, (0, 0, 60, 40), None)), "60x40 bbbbb"),
    "is all of a screen without a size": (gif(frame(2, (0, 0, 40, 30), None), screen=(0, 0)), "40x30 bbbbb"),
    "is transparent all over": (gif(frame(3, WHOLE, key=3)), "40x30 ....."),
}
ANIMATIONS = {
    "cleared whole": (gif(frame(1, WHOLE, 2), frame(2, LEFT)), "yyyyy .bb.."),
    "cleared in part": (gif(frame(1, WHOLE), frame(2, LEFT, 2), frame(3, RIGHT)), "yyyyy ybbyy y..gy"),
    "brought back": (gif(frame(1, WHOLE), frame(2, LEFT, 3), frame(3, RIGHT)), "yyyyy ybbyy yyygy"),
    "brought back, as method 4": (gif(frame(1, WHOLE), frame(2, LEFT, 4), frame(3, RIGHT)), "yyyyy ybbyy yyygy"),
    "kept, as method 5": (gif(frame(1, WHOLE), frame(2, LEFT, 5), frame(3, RIGHT)), "yyyyy ybbyy ybbgy"),
    "brought back before the first": (gif(frame(1, WHOLE, 3), frame(2, LEFT)), "yyyyy .bb.."),
    "brought back before a partial first": (gif(frame(1, LEFT, 3), frame(2, RIGHT)), ".yy.. ...b."),
    "a method is of one frame": (
        gif(frame(1, WHOLE), frame(2, LEFT, 2), frame(3, RIGHT, 0), frame(2, CORNER, 0)),
        "yyyyy ybbyy y..gy b..gy",
    ),
    "a control block is of one frame": (
        gif(frame(1, WHOLE), frame(2, LEFT, 2), frame(3, RIGHT, None), frame(2, CORNER, None)),
        "yyyyy ybbyy y..gy b..gy",
    ),
    "transparent over": (gif(frame(1, WHOLE), frame(GREEN_BLUE, LEFT, key=3)), "yyyyy yybyy"),
    "transparent over, cleared": (
        gif(frame(1, WHOLE), frame(GREEN_BLUE, LEFT, 2, key=3), frame(2, (30, 20, 5, 5))),
        "yyyyy yybyy y..yy",
    ),
    "transparent first, cleared": (gif(frame(3, WHOLE, 2, key=3), frame(2, LEFT, key=0)), "..... .bb.."),
    "palettes of their own": (
        gif(frame(1, LEFT, local=LOCAL), frame(2, RIGHT, 2, key=0, local=LOCAL), frame(3, CORNER, 0)),
        ".nn.. .nnu. gnn..",
    ),
    "a later frame is cut at the screen": (gif(frame(1, WHOLE), frame(2, (10, 10, 60, 40))), "yyyyy ybbyb"),
    "a frame without a size": (gif(frame(1, WHOLE), frame([], (10, 10, 0, 0)), frame(3, RIGHT)), "yyyyy yyyyy yyygy"),
    "a frame beside the screen": (gif(frame(1, WHOLE), frame(2, (50, 50, 9, 9)), frame(3, RIGHT)), "yyyyy yyyyy yyygy"),
}
COLOURS = {"y": PALETTE[1], "b": PALETTE[2], "g": PALETTE[3], "n": LOCAL[1], "u": LOCAL[2]}


def shown(data: bytes, options: ImageOptions) -> list[Image.Image]:
    pictures = PictureSource.of(data, options).pictures()
    return [Image.open(io.BytesIO(picture.read())).convert("RGB") for picture in pictures]


def words(images: list[Image.Image], background: Colour) -> str:
    letters: dict[object, str] = {background: ".", **{colour: letter for letter, colour in COLOURS.items()}}
    return " ".join("".join(letters.get(image.getpixel(point), "?") for point in POINTS) for image in images)


@pytest.mark.parametrize(("name", "background"), [("white", (255, 255, 255)), ("#102030", (16, 32, 48))])
class TestAsInChromium:
    @pytest.mark.parametrize("case", FIRST_FRAMES)
    def test_the_first_frame(self, case: str, name: str, background: Colour) -> None:
        data, expected = FIRST_FRAMES[case]
        options = OPTIONS.model_copy(update={"background": name})
        for frames in (None, 1):
            [image] = shown(data, options.model_copy(update={"frames": frames}))
            if frames is None or "of many" not in case:  # one of two frames is the second
                assert f"{image.width}x{image.height} {words([image], background)}" == expected

    @pytest.mark.parametrize("case", FIRST_FRAMES)
    def test_the_first_frame_of_what_the_caller_opened(self, case: str, name: str, background: Colour) -> None:
        data, expected = FIRST_FRAMES[case]
        options = OPTIONS.model_copy(update={"background": name})
        with Image.open(io.BytesIO(data)) as opened:
            image = Image.open(io.BytesIO(prepare_image(opened, options).read())).convert("RGB")
        assert f"{image.width}x{image.height} {words([image], background)}" == expected

    @pytest.mark.parametrize("case", ANIMATIONS)
    def test_all_frames(self, case: str, name: str, background: Colour) -> None:
        data, expected = ANIMATIONS[case]
        images = shown(data, OPTIONS.model_copy(update={"background": name, "frames": 9}))
        assert words(images, background) == expected
        assert {image.size for image in images} == {(40, 30)}


def test_frames_that_are_not_asked_for_count_all_the_same() -> None:
    data, expected = ANIMATIONS["a method is of one frame"]
    original = PictureSource.of(data, OPTIONS.model_copy(update={"frames": 2}))
    assert original.select_pages().numbers == (2, 4)
    images = [Image.open(io.BytesIO(one.read())).convert("RGB") for one in original.pages(only={4})]
    assert words(images, (255, 255, 255)) == expected.split()[3]


def test_interlaced_frames_of_many_colours_are_those_that_were_saved() -> None:
    pictures = []
    for at in range(3):
        picture = Image.linear_gradient("L").resize((60, 50)).rotate(120 * at).quantize(200 - 60 * at)
        ImageDraw.Draw(picture).rectangle((at, at, 20, 10), fill=at)
        pictures.append(picture.convert("RGB"))
    data = encoded(pictures[0], "GIF", save_all=True, append_images=pictures[1:], interlace=1)
    images = shown(data, OPTIONS.model_copy(update={"frames": 3}))
    assert [image.tobytes() for image in images] == [picture.tobytes() for picture in pictures]


def test_greys_stay_greys() -> None:
    data = gif(frame(100, WHOLE), frame(200, LEFT), palette=())
    for picture in PictureSource.of(data, OPTIONS.model_copy(update={"frames": 2})).pictures():
        assert Image.open(io.BytesIO(picture.read())).mode == "L"
    assert Image.open(io.BytesIO(prepare_image(gif(frame(1, WHOLE)), OPTIONS).read())).mode == "RGB"


def test_what_is_bare_is_told_in_the_steps() -> None:
    converted = ("converted from GIF", "converted from palette")
    assert prepare_image(gif(frame(2, LEFT)), OPTIONS).steps == (*converted, "flattened on white")
    assert prepare_image(gif(frame(2, WHOLE)), OPTIONS).steps == converted


@pytest.mark.parametrize("frames", [None, 2])
@pytest.mark.parametrize(
    ("data", "size"),
    [
        (gif(frame(1, LEFT), frame(2, RIGHT), screen=(65_535, 65_535)), "65535x65535, 4,295 megapixels"),
        (gif(frame(1, (2_000, 2_000, 10, 10)), frame(2, RIGHT)), "2010x2010, 4 megapixels"),
    ],
    ids=["screen", "place"],
)
def test_a_huge_screen_is_refused_before_it_is_made(data: bytes, size: str, frames: int | None) -> None:
    with pytest.raises(ImageError, match=f"says that it is {size}") as caught:
        PictureSource.of(data, ImageOptions(frames=frames, max_source_pixels=1_000_000)).pictures()
    assert "max_source_pixels" in str(caught.value)


def test_a_huge_later_frame_is_refused_before_it_is_made() -> None:
    huge = b"," + struct.pack("<4HB", 0, 0, 65_535, 65_535, 0) + coded([1])
    with pytest.raises(ImageError, match="65535x65535"):
        PictureSource.of(gif(frame(1, WHOLE), huge), ImageOptions(frames=2)).pictures()
    assert prepare_image(gif(frame(1, WHOLE), huge)).original_size == (40, 30)


def test_the_model_sees_what_a_frame_without_a_method_left(demo: OllamaMultiModal) -> None:
    """A star that is cleared again; after it two shapes, of which neither is."""
    shapes = (Shape("blue", "square", "top left"), Shape("green", "triangle", "bottom right"))
    scenes = [draw_scene(shape) for shape in (Shape("purple", "star", "middle center"), *shapes)]
    flat = [scene.quantize(4) for scene in scenes]
    width, height = scenes[0].size
    frames = [frame(0, (0, 0, width, height), local=(GROUND,) * 4)]
    for picture, disposal in zip(flat, (2, None, None), strict=True):
        ground = picture.getpixel((0, 0))
        box = picture.point([int(index != ground) for index in range(256)], "1").getbbox()
        assert box is not None
        left, top, right, bottom = box
        part = picture.crop((left, top, right, bottom))
        colours = (picture.getpalette() or [])[:12]
        local = tuple((colours[at], colours[at + 1], colours[at + 2]) for at in range(0, 12, 3))
        frames.append(frame(list(part.tobytes()), (left, top, *part.size), disposal, local=local))
    frames.append(frame(0, (0, 0, 1, 1), None, local=(GROUND,) * 4))
    data = gif(*frames, screen=(width, height))
    last = PictureSource.of(data, ImageOptions(frames=5, background="#cdcdcd")).pictures()[-1]
    assert "2" in demo.complete("How many shapes are there?", [last]).text
    assert "top left" in demo.complete("Where is the blue square?", [last]).text
    assert "bottom right" in demo.complete("Where is the green triangle?", [last]).text
