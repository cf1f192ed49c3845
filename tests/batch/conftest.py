"""Pictures to describe: drawn scenes that the demo model knows, and greys that a scripted one can tell apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from llama_index.core.schema import ImageNode
from PIL import Image

from ollama_embedded.scenes import draw_scene
from tests.support.picture_nodes import SHAPES, node_of


@pytest.fixture
def scenes(tmp_path: Path) -> list[ImageNode]:
    """One drawn shape a picture."""
    nodes = []
    for index, shape in enumerate(SHAPES):
        draw_scene(shape).save(tmp_path / f"{index}.png")
        nodes.append(node_of(tmp_path / f"{index}.png", place=index))
    return nodes


@pytest.fixture
def plain(tmp_path: Path) -> list[ImageNode]:
    """Twelve pictures in a folder of their own, each of one grey, 0 to 11."""
    folder = tmp_path / "greys"
    folder.mkdir()
    for grey in range(12):
        Image.new("L", (64, 64), grey).save(folder / f"grey{grey}.png")
    return [node_of(folder / f"grey{grey}.png") for grey in range(12)]
