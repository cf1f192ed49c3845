"""Videos made with PyAV for tests: colours at times, in any container."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import VideoBlock
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, PreparedImage, prepare_block
from tests.support.picture_corpus import pixel

SAMPLES = Path(__file__).resolve().parent / "samples"
TENTH = Fraction(1, 10)
RED, GREEN, BLUE, WHITE = (220, 40, 40), (40, 180, 60), (50, 70, 210), (240, 240, 240)
NAMES = {RED: "red", GREEN: "green", BLUE: "blue", WHITE: "white"}
Shot = tuple[int, "tuple[int, int, int] | Image.Image"]
"""At how many tenths of a second, and what is shown from then on."""


def shots(*colours: tuple[int, int, int], start: int = 0, each: int = 10) -> list[Shot]:
    """Each colour for so many frames of a tenth of a second."""
    return [(start + index, colours[index // each]) for index in range(each * len(colours))]


def film(
    container: str,
    codec: str,
    pictures: Sequence[Shot],
    *,
    size: tuple[int, int] = (64, 48),
    pix_fmt: str = "yuv420p",
    last: int = 1,
    gop: int = 10,
    stream_options: Mapping[str, str] = {},
    container_options: Mapping[str, str] = {},
    sound: bool = False,
    set_up: Any = None,
) -> bytes:
    """`last`: how many tenths of a second the last picture stays. `set_up` may change the stream before it begins."""
    av = pytest.importorskip("av")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options=dict(container_options)) as output:
        rate = 25 if container == "mxf" else 10
        stream = output.add_stream(codec, rate=rate, options=dict(stream_options))
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.gop_size = gop
        stream.codec_context.time_base = Fraction(1, rate)
        if set_up is not None:
            set_up(stream)
        if sound:
            _hum(output, len(pictures))
        packets = []
        for at, picture in pictures:
            image = picture if isinstance(picture, Image.Image) else Image.new("RGB", size, picture)
            frame = av.VideoFrame.from_image(image)
            frame.pts, frame.time_base = at, Fraction(1, rate)
            packets += stream.encode(frame)
        packets += stream.encode()
        for packet in packets:
            if packet is packets[-1] and last > 1:
                packet.duration = int(last / rate / packet.time_base)
            output.mux(packet)
    return buffer.getvalue()


def red_film() -> bytes:
    """Two seconds of red, 160x120."""
    return film("mp4", "mpeg4", shots((255, 0, 0), each=20), size=(160, 120))


def _hum(output: Any, tenths: int) -> None:
    import av

    stream = output.add_stream("mp2", rate=32000, layout="mono")
    for _ in range(tenths):
        frame = av.AudioFrame(format="s16", layout="mono", samples=3200)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate = 32000
        output.mux(stream.encode(frame))
    output.mux(stream.encode())


def taken(data: bytes | Path, frames: int | None = None, **options: Any) -> list[PreparedImage]:
    block = VideoBlock(path=data) if isinstance(data, Path) else VideoBlock(video=data)
    prepared = prepare_block(block, ImageOptions(frames=frames, **options), where="here")
    assert all(isinstance(one, PreparedImage) for one in prepared)
    return prepared  # type: ignore[return-value]


def opened(picture: PreparedImage) -> Image.Image:
    return Image.open(io.BytesIO(picture.read())).convert("RGB")


def colour_of(picture: PreparedImage, at: tuple[int, int] | None = None) -> tuple[int, ...]:
    image = opened(picture)
    return pixel(image, *(at or (image.width // 2, image.height // 2)))


def named(colour: tuple[int, ...]) -> str:
    """The nearest of the four."""
    nearest = min(NAMES, key=lambda known: sum(abs(a - b) for a, b in zip(known, colour, strict=True)))
    return NAMES[nearest]


def seen(data: bytes | Path, frames: int | None = None) -> list[tuple[float, str]]:
    """Seconds and colour of each frame that leaves."""
    return [(round(one.seconds or 0.0, 2), named(colour_of(one))) for one in taken(data, frames)]


def refused(data: bytes | Path, **options: Any) -> str:
    with pytest.raises(ImageError) as caught:
        taken(data, **options)
    return str(caught.value)
