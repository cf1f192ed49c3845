"""The same scene, however it comes, gets the same right answer from a real model, and another scene another."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, DocumentBlock, ImageBlock, TextBlock, VideoBlock
from llama_index.core.schema import ImageDocument, ImageNode
from PIL import Image, ImageChops

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal, PreparedImage
from ollama_embedded.scenes import GROUND, Shape, draw_scene
from tests.support.deep_pictures import png
from tests.support.dicom_files import RGB, dicom
from tests.support.heif_files import clap, sequence, still
from tests.support.picture_corpus import encoded, heic, png_chunk, raw_png, raw_tiff_16
from tests.support.tiff_files import LONG, Page, tiff, wide

# Each scene's colours, shapes and places: an answer that guesses is right about one of them at most.
SCENES = {
    "one": (Shape("blue", "square", "top left"), Shape("green", "triangle", "bottom right")),
    "other": (Shape("green", "triangle", "top left"), Shape("blue", "square", "bottom right")),
    "third": (Shape("red", "circle", "top right"), Shape("yellow", "star", "bottom left")),
}


def turned(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(image.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=exif)


def transparent(image: Image.Image) -> bytes:
    """The ground made see-through, with black behind it: a reader that drops alpha sees a black ground."""
    with_alpha = image.convert("RGBA")
    pixels = with_alpha.load()
    assert pixels is not None
    for x in range(image.width):
        for y in range(image.height):
            red, green, blue = image.getpixel((x, y))  # type: ignore[misc]
            if abs(red - GROUND[0]) + abs(green - GROUND[1]) + abs(blue - GROUND[2]) < 12:
                pixels[x, y] = (0, 0, 0, 0)
    return encoded(with_alpha, "PNG")


def faint(image: Image.Image) -> bytes:
    """Values of 0 to 510 in 16 bits: a reader that takes the high byte sees a black sheet."""
    rows = [[[2 * value for value in image.getpixel((x, y))] for x in range(image.width)] for y in range(image.height)]  # type: ignore[union-attr]
    return png(rows, 16, 2)


def film(image: Image.Image) -> bytes:
    av = pytest.importorskip("av")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *image.size, "yuv420p", 4_000_000
        for _ in range(10):
            output.mux(stream.encode(av.VideoFrame.from_image(image)))
        output.mux(stream.encode())
    return buffer.getvalue()


def in_other_colours(image: Image.Image) -> bytes:
    """Red and green exchanged in the pixels, and back by their chromaticities (cHRM), beside an alpha channel: a reader
    that goes by the pixels alone sees shapes of other colours."""
    red, green, blue = image.split()
    data = encoded(Image.merge("RGBA", (green, red, blue, Image.new("L", image.size, 255))), "PNG")
    exchanged = struct.pack(">8I", 31270, 32900, 30000, 60000, 64000, 33000, 15000, 6000)
    start = data.index(b"IDAT") - 4
    return data[:start] + png_chunk(b"gAMA", struct.pack(">I", 45455)) + png_chunk(b"cHRM", exchanged) + data[start:]


def sparse_planes(image: Image.Image) -> bytes:
    """Big-endian, a plane for each colour. The ground is masked, and tiles in which there is nothing else were never
    written: a reader that fills them with what stands elsewhere in the file sees other shapes, or none."""
    there = ImageChops.difference(image, Image.new("RGB", image.size, GROUND)).convert("L").point([0] * 8 + [255] * 248)
    width, height = image.size
    boxes = [(left, top, left + 32, top + 32) for top in range(0, height, 32) for left in range(0, width, 32)]
    blocks = [
        wide(band.crop(box).tobytes(), ">") if there.crop(box).getbbox() else None
        for band in image.split()
        for box in boxes
    ]
    page = Page(width, height, blocks, 16, 3, 2, (32, 32), planar=True)
    mask = Page(width, height, [there.tobytes()], photometric=4, tags={254: (LONG, [4])})
    return tiff(page, mask, order=">")


def cropped(image: Image.Image) -> bytes:
    """The scene cropped out of a picture that has another one beside it."""
    beside = draw_scene(Shape("purple", "star", "middle center"))
    whole = Image.new("RGB", (image.width + beside.width, image.height))
    whole.paste(image, (beside.width, 0))
    whole.paste(beside, (0, 0))
    return still(whole, clap(*image.size, beside.width, 0, whole.size))


FILES: dict[str, Callable[[Image.Image], bytes]] = {
    "PNG": lambda image: encoded(image, "PNG"),
    "PNG palette": lambda image: encoded(image.quantize(64), "PNG"),
    "PNG 16 bit": lambda image: raw_png(image, depth=16),
    "PNG 16 bit, a hundredth of them used": faint,
    "PNG transparent": transparent,
    "PNG in other colours": in_other_colours,
    "JPEG": lambda image: encoded(image, "JPEG", quality=95),
    "JPEG progressive": lambda image: encoded(image, "JPEG", quality=95, progressive=True),
    "JPEG CMYK": lambda image: encoded(image.convert("CMYK"), "JPEG", quality=95),
    "JPEG turned by EXIF": turned,
    "JPEG 12 megapixels": lambda image: encoded(image.resize((3500, 3500), Image.Resampling.LANCZOS), "JPEG"),
    "WebP": lambda image: encoded(image, "WEBP", quality=95),
    "WebP animated": lambda image: encoded(
        image, "WEBP", save_all=True, append_images=[Image.new("RGB", image.size, GROUND)], lossless=True
    ),
    "AVIF": lambda image: encoded(image, "AVIF", quality=95),
    "AVIF cropped": cropped,
    "HEIC": heic,
    "HEIC sequence": lambda image: sequence([image, Image.new("RGB", image.size, GROUND)]),
    "TIFF": lambda image: encoded(image, "TIFF"),
    "TIFF 16 bit": raw_tiff_16,
    "TIFF 16 bit, in planes and tiles, some never written": sparse_planes,
    "TIFF LZW": lambda image: encoded(image, "TIFF", compression="tiff_lzw"),
    "GIF": lambda image: encoded(image.quantize(64), "GIF"),
    "BMP": lambda image: encoded(image, "BMP"),
    "JPEG 2000": lambda image: encoded(image, "JPEG2000"),
    "PNM": lambda image: encoded(image, "PPM"),
    "DICOM": lambda image: dicom(image.tobytes(), **{**RGB, "Rows": image.height, "Columns": image.width}),
    "ICO": lambda image: encoded(image, "ICO", sizes=[image.size]),
}
HOLDERS: dict[str, Callable[[bytes, Path], Any]] = {
    "bytes": lambda data, path: data,
    "path": lambda data, path: path,
    "ImageDocument": lambda data, path: ImageDocument(image=base64.encodebytes(data).decode()),
    "ImageNode": lambda data, path: ImageNode(image_path=str(path)),
    "data URL": lambda data, path: "data:;base64," + base64.b64encode(data).decode(),
    "PIL image": lambda data, path: Image.open(path),
}


def assert_seen(ask: Callable[[str], str], shapes: tuple[Shape, ...]) -> None:
    """That the answers have this scene's number, colours, shapes and places."""
    count = ask("How many shapes are there?")
    assert str(len(shapes)) in count, count
    description = ask("Describe the image.")
    for shape in shapes:
        assert f"{shape.colour} {shape.kind}" in description, description
        where = ask(f"Where is the {shape.colour} {shape.kind}?")
        assert shape.place is not None
        assert shape.place in where, where
    absent = "purple star"
    assert "no" in ask(f"Is there a {absent}?").lower().split(",")[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "scene"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("scene_name", ["one", "other"])
def test_every_format_gets_the_right_answer(demo: OllamaMultiModal, path: Path, scene_name: str, name: str) -> None:
    shapes = SCENES[scene_name]
    path.write_bytes(FILES[name](draw_scene(*shapes)))
    assert_seen(lambda question: demo.complete(question, [path]).text, shapes)


@pytest.mark.parametrize("name", FILES)
def test_every_format_gets_it_in_a_message_too(demo: OllamaMultiModal, path: Path, name: str) -> None:
    shapes = SCENES["third"]
    path.write_bytes(FILES[name](draw_scene(*shapes)))

    def ask(question: str) -> str:
        blocks = [TextBlock(text=question), ImageBlock(path=path)]
        return str(demo.chat([ChatMessage(role="user", blocks=blocks)]).message.content)

    assert_seen(ask, shapes)


@pytest.mark.parametrize("name", HOLDERS)
def test_every_holder_gets_the_right_answer(demo: OllamaMultiModal, path: Path, name: str) -> None:
    shapes = SCENES["other"]
    data = turned(draw_scene(*shapes))
    path.write_bytes(data)
    assert_seen(lambda question: demo.complete(question, HOLDERS[name](data, path)).text, shapes)


async def test_async_too(demo: OllamaMultiModal) -> None:
    answer = await demo.acomplete("Where is the blue square?", [turned(draw_scene(*SCENES["one"]))])
    assert "top left" in answer.text


def test_without_turning_the_answer_is_another(demo: OllamaMultiModal, path: Path) -> None:
    """What a client answers that ignores EXIF: the tests above would notice."""
    path.write_bytes(encoded(draw_scene(*SCENES["one"]).transpose(Image.Transpose.ROTATE_90), "PNG"))
    assert "bottom left" in demo.complete("Where is the blue square?", [path]).text


def test_a_film_and_a_paper(demo: OllamaMultiModal) -> None:
    pytest.importorskip("pypdfium2")
    scene = draw_scene(*SCENES["one"])
    paper = encoded(scene, "PDF", quality=95)
    for block, options in (
        (VideoBlock(video=film(scene)), ImageOptions(frames=1)),
        (DocumentBlock(data=paper), ImageOptions()),
    ):
        message = ChatMessage(role="user", blocks=[block, TextBlock(text="Where is the green triangle?")])
        reply = demo.chat([message], image_options=options)
        assert "bottom right" in str(reply.message.content)
        assert len(reply.additional_kwargs["pictures"]) == 1


def test_a_film_in_high_dynamic_range(demo: OllamaMultiModal) -> None:
    """In PQ and BT.2020: shown as it is stored, it is grey, and the demo model saw a large black circle in it."""
    av = pytest.importorskip("av")
    scene = draw_scene(Shape("red", "circle", "top right"))
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as output:
        stream = output.add_stream("ffv1", rate=5)
        stream.width, stream.height, stream.pix_fmt = *scene.size, "bgr0"
        stream.codec_context.color_primaries, stream.codec_context.color_trc = 9, 16
        for _ in range(5):
            output.mux(stream.encode(av.VideoFrame.from_image(in_pq(scene)).reformat(format="bgr0")))
        output.mux(stream.encode())

    def ask(question: str) -> str:
        blocks = [VideoBlock(video=buffer.getvalue()), TextBlock(text=question)]
        message = ChatMessage(role="user", blocks=blocks)
        return str(demo.chat([message], image_options=ImageOptions(frames=1)).message.content)

    assert "red circle at the top right" in ask("Describe the image.")
    assert "top right" in ask("Where is the red circle?")


def in_pq(image: Image.Image) -> Image.Image:
    """sRGB as PQ in BT.2020, its white at 203 cd/m2 (ITU-R BT.2087, BT.2408, SMPTE ST 2084)."""

    def light(value: int) -> float:
        signal = value / 255
        return signal / 12.92 if signal <= 0.04045 else ((signal + 0.055) / 1.055) ** 2.4

    def stored(linear: float) -> int:
        power = (linear * 203 / 10_000) ** 0.1593017578125
        signal: float = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
        return round(255 * signal)

    def wide(colour: tuple[int, int, int]) -> tuple[int, ...]:
        red, green, blue = (light(value) for value in colour)
        rows = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))
        return tuple(stored(row[0] * red + row[1] * green + row[2] * blue) for row in rows)

    few = image.convert("RGB").quantize(64)
    palette = few.getpalette() or []
    colours = [wide((palette[at], palette[at + 1], palette[at + 2])) for at in range(0, len(palette), 3)]
    few.putpalette([value for colour in colours for value in colour])
    return few.convert("RGB")


def test_the_reply_tells_what_was_sent(demo: OllamaMultiModal, path: Path) -> None:
    path.write_bytes(FILES["JPEG 12 megapixels"](draw_scene(*SCENES["one"])))
    small = encoded(draw_scene(*SCENES["one"]), "PNG")
    reply = demo.complete("Describe the first image.", [path, small])
    first, second = reply.additional_kwargs["pictures"]
    assert first["steps"] == ["scaled 3500x3500 -> 1001x1001"]
    assert first["source"] == str(path)
    assert second["steps"] == []
    assert second["bytes"] == len(small)


def test_a_prepared_picture_is_sent_as_prepared(demo: OllamaMultiModal) -> None:
    from llama_index.multi_modal_llms.ollama import prepare_image

    prepared = prepare_image(turned(draw_scene(*SCENES["one"])), ImageOptions(max_pixels=50_000))
    assert isinstance(prepared, PreparedImage)
    reply = demo.complete("Where is the blue square?", [prepared])
    assert "top left" in reply.text
    (told,) = reply.additional_kwargs["pictures"]
    assert told.pop("frame")["size"] == [144, 144]
    assert told == prepared.describe()
