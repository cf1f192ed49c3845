"""Plain pictures, pages and films in a folder, and what PictureReader makes of them."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.schema import BaseNode, ImageNode
from PIL import Image

from llama_index.multi_modal_llms.ollama import PictureReader, prepare_image
from ollama_embedded.scenes import Shape
from tests.support.picture_corpus import pixel

COLOURS = ("red", "lime", "blue")
SCENES = (Shape("red", "circle", "top left"), Shape("black", "cross"), Shape("yellow", "star", "bottom right"))


def plain(colour: str, size: tuple[int, int] = (80, 64)) -> Image.Image:
    return Image.new("RGB", size, colour)


def pages_file(path: Path, pages: list[Image.Image]) -> Path:
    """A PDF or TIFF, by its suffix."""
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def film(path: Path, images: list[Image.Image]) -> Path:
    """One second of each."""
    av = pytest.importorskip("av")
    with av.open(os.fspath(path), "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = *images[0].size, "yuv420p"
        stream.bit_rate = 4_000_000
        for image in images:
            for _ in range(10):
                output.mux(stream.encode(av.VideoFrame.from_image(image)))
        output.mux(stream.encode())
    return path


def load(paths: Any, **settings: Any) -> list[ImageNode]:
    return PictureReader(**settings).load_data(paths)


def shown(node: BaseNode) -> bytes:
    """The picture as the model gets it."""
    return prepare_image(node).read()


def colour(node: BaseNode) -> tuple[int, ...]:
    image = Image.open(io.BytesIO(shown(node))).convert("RGB")
    return pixel(image, image.width // 2, image.height // 2)


def near(seen: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return all(abs(one - other) <= 12 for one, other in zip(seen, wanted, strict=True))


RED, LIME, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
