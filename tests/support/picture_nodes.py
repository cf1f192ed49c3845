"""Picture nodes for tests: drawn scenes that the demo model knows, and greys that a scripted one can tell apart."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from llama_index.core.schema import BaseNode, ImageNode
from PIL import Image

from ollama_embedded.scenes import COLOURS, KINDS

SHAPES = ("red circle", "blue star", "green square", "yellow cross", "purple diamond", "black triangle")


def node_of(path: Path, **metadata: Any) -> ImageNode:
    return ImageNode(image_path=str(path), metadata={"file_path": str(path), **metadata})


def words_in(node: BaseNode) -> str:
    """The colour and the shape that a description names."""
    text = node.get_content()
    return " ".join(word for known in (COLOURS, KINDS) for word in known if word in text)


def grey_of(request: Any) -> int:
    """Which of the plain pictures a scripted model was shown."""
    (picture,) = request.pictures
    with Image.open(io.BytesIO(picture)) as image:
        return int(image.convert("L").getpixel((0, 0)))  # type: ignore[arg-type]
