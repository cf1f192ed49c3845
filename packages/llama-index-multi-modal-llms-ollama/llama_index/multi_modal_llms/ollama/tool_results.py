"""Pictures that LlamaIndex made text of before they came here: results of tools, looked at before they are sent. Pure.

Core keeps a tool's ImageBlocks, alone or in a list of blocks. Of anything else it makes text: of a PIL image its
`repr`, of an ImageDocument its caption, which most have none of. The model would not see what the tool gave.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from llama_index.core.base.llms.types import ImageBlock

from ollama_vision import model as _model
from ollama_vision.protocol import Turn

_PICTURES = re.compile(r"\b(?:ImageDocument|ImageNode|ImageNodeWithScore)\b|\bPIL\.")
_RETURN_BLOCKS = (
    "Have the tool return ImageBlock(path=...) or ImageBlock(image=...) with a file's bytes, alone or in a list of "
    "nothing but blocks, with TextBlock for words. The bytes of any other picture: prepare_image(picture).read()"
)


def refuse_lost_pictures(turns: Sequence[Turn], tools: Sequence[Any]) -> None:
    """Look at what tools gave; how those of the call are annotated, as far as they are LlamaIndex's, is a hint.

    Raises:
        ImageError: a result is what Python, or base64, makes of a picture.
    """
    promised = partial(_promised_picture, tools)
    _model.refuse_lost_pictures(turns, promised, maker="LlamaIndex", way_out=_RETURN_BLOCKS)


def _promised_picture(tools: Sequence[Any], name: str | None) -> str | None:
    """What a tool is annotated to return, if that is something of which core makes text."""
    for tool in tools:
        if isinstance(tool, Mapping) or tool.metadata.name != name:
            continue
        annotation = getattr(getattr(tool, "real_fn", None), "__annotations__", {}).get("return")
        said = annotation if isinstance(annotation, str) else _named(annotation)
        if said and _PICTURES.search(said) and ImageBlock.__name__ not in said:
            return said
    return None


def _named(annotation: Any) -> str:
    if isinstance(annotation, type) and not hasattr(annotation, "__origin__"):
        return f"{annotation.__module__}.{annotation.__qualname__}"
    return str(annotation)
