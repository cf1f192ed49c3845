"""Pictures that LlamaIndex made text of before they came here: results of tools, looked at before they are sent. Pure.

Core keeps a tool's ImageBlocks, alone or in a list of blocks. Of anything else it makes text: of a PIL image its
`repr`, of an ImageDocument its caption, which most have none of. The model would not see what the tool gave.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ImageBlock

from ollama_vision import errors
from ollama_vision.pictures import is_made_of_picture
from ollama_vision.protocol import Turn
from ollama_vision.user_warnings import warn_user

_OBSERVATION = "Observation: "
"""How ReActAgent begins what a tool gave."""
_PICTURES = re.compile(r"\b(?:ImageDocument|ImageNode|ImageNodeWithScore)\b|\bPIL\.")
_RETURN_BLOCKS = (
    "Have the tool return ImageBlock(path=...) or ImageBlock(image=...) with a file's bytes, alone or in a list of "
    "nothing but blocks, with TextBlock for words. The bytes of any other picture: prepare_image(picture).read()"
)


def refuse_lost_pictures(turns: Sequence[Turn], tools: Sequence[Any]) -> None:
    """Look at what tools gave.

    Args:
        turns: the conversation.
        tools: those of the call, as far as they are LlamaIndex's: how they are annotated is a hint.

    Raises:
        ImageError: a result is what Python, or base64, makes of a picture.
    """
    for turn in turns:
        if turn.role == "user" and turn.text.startswith(_OBSERVATION):
            _refuse_text_of_a_picture(f"{turn.where} (what a tool gave)", turn.text.removeprefix(_OBSERVATION))
        if turn.role != "tool":
            continue
        name, text = turn.fields.get("tool_name"), turn.text
        where = f"{turn.where} (what {f'the tool {name!r}' if name else 'a tool'} gave)"
        _refuse_text_of_a_picture(where, text)
        if any(not isinstance(part, str) for part in turn.parts):
            continue
        promised = _promises_picture(name, tools)
        if promised and not text.strip():
            raise errors.ImageError(
                f"{where} is empty, and the tool says that it returns {promised}: LlamaIndex made text of it, and the "
                f"model would not see it. {_RETURN_BLOCKS}"
            )
        if promised:
            warn_user(f"{where} is text alone, though the tool says that it returns {promised}. {_RETURN_BLOCKS}")
        elif not text.strip():
            warn_user(
                f"{where} is empty. If it was an ImageDocument or ImageNode, the model sees none. {_RETURN_BLOCKS}"
            )


def _refuse_text_of_a_picture(where: str, text: str) -> None:
    text = text.strip()
    if is_made_of_picture(text):
        begins = f"{text[:60]}..." if len(text) > 60 else text
        raise errors.ImageError(
            f"{where} is a picture of which text was made before it came here ({begins}): the model would not see it. "
            f"{_RETURN_BLOCKS}"
        )


def _promises_picture(name: str | None, tools: Sequence[Any]) -> str | None:
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
