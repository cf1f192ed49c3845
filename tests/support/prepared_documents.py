"""What becomes of a document in `image_documents` or a block, or what is said of it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, PreparedImage, prepare_block

OPTIONS = ImageOptions()
WHERE = "messages[0].blocks[1]"


def pictures(block: Any, options: ImageOptions = OPTIONS) -> list[PreparedImage]:
    prepared = prepare_block(block, options, where=WHERE)
    assert all(isinstance(one, PreparedImage) for one in prepared)
    return prepared  # type: ignore[return-value]


def opened(picture: PreparedImage) -> Image.Image:
    image = Image.open(io.BytesIO(picture.read()))
    image.load()
    return image


def said(block: Any, options: ImageOptions = OPTIONS) -> str:
    with pytest.raises(ImageError) as caught:
        prepare_block(block, options, where=WHERE)
    assert caught.value.where == WHERE
    return str(caught.value)
