"""Picture nodes for tests: drawn scenes that the demo model knows, and greys that a scripted one can tell apart."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from llama_index.core.schema import BaseNode, ImageNode
from PIL import Image

from ollama_embedded.scenes import COLOURS, KINDS, draw_scene

SHAPES = ("red circle", "blue star", "green square", "yellow cross", "purple diamond", "black triangle")


def node_of(path: Path, **metadata: Any) -> ImageNode:
    return ImageNode(image_path=str(path), metadata={"file_path": str(path), **metadata})


def scene_pictures(tmp_path: Path) -> list[ImageNode]:
    """A fixture: one drawn shape a picture."""
    nodes = []
    for index, shape in enumerate(SHAPES):
        draw_scene(shape).save(tmp_path / f"{index}.png")
        nodes.append(node_of(tmp_path / f"{index}.png", place=index))
    return nodes


def words_in(node: BaseNode) -> str:
    """The colour and the shape that a description names."""
    text = node.get_content()
    return " ".join(word for known in (COLOURS, KINDS) for word in known if word in text)


def plain_pictures(tmp_path: Path) -> list[ImageNode]:
    """A fixture: twelve pictures in a folder of their own, each of one grey, 0 to 11."""
    folder = tmp_path / "greys"
    folder.mkdir()
    for grey in range(12):
        Image.new("L", (64, 64), grey).save(folder / f"grey{grey}.png")
    return [node_of(folder / f"grey{grey}.png") for grey in range(12)]


def grey_of(request: Any) -> int:
    """Which of the plain pictures a scripted model was shown."""
    (picture,) = request.pictures
    with Image.open(io.BytesIO(picture)) as image:
        return int(image.convert("L").getpixel((0, 0)))  # type: ignore[arg-type]
