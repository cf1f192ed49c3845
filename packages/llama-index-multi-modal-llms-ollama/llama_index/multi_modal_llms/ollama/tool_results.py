"""Pictures that LlamaIndex made text of before they came here: results of tools, looked at before they are sent. Pure.

Core keeps a tool's ImageBlocks, alone or in a list of blocks. Of anything else it makes text: of a PIL image its
`repr`, of an ImageDocument its caption, which most have none of. The model would not see what the tool gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ImageBlock, MessageRole, TextBlock

from ollama_vision import errors
from ollama_vision.user_warnings import warn_user

from .tool_calls import name_of

if TYPE_CHECKING:
    from .blocks import FlatMessage

_AS_PYTHON_SHOWS_IT = re.compile(
    r"<PIL\.[\w.]+ image mode=|<PreparedImage |\bImageBlock\(block_type=|\bImage(?:Document|Node)\(id_="
    r"|^b['\"](?:\\x89PNG|\\xff\\xd8\\xff|GIF8|RIFF....WEBP|II\*\\x00|MM\\x00\*)"
)
"""`str` of a picture, or of a tuple, dict or list that holds one."""
_AS_BASE64 = re.compile(r"(?:data:image/[\w.+-]+;base64,)?(?:iVBORw0KGgo|/9j/|R0lGOD|UklGR)[A-Za-z0-9+/=\s]{100,}")
_BEGINS_LIKE_A_VALUE = ("<", "[", "(", "{", "b'", 'b"')
_OBSERVATION = "Observation: "
"""How ReActAgent begins what a tool gave."""
_PICTURES = re.compile(r"\b(?:ImageDocument|ImageNode|ImageNodeWithScore)\b|\bPIL\.")
_RETURN_BLOCKS = (
    "Have the tool return ImageBlock(path=...) or ImageBlock(image=...) with a file's bytes, alone or in a list of "
    "nothing but blocks, with TextBlock for words. The bytes of any other picture: prepare_image(picture).read()"
)


def refuse_lost_pictures(messages: Sequence[FlatMessage], tools: Sequence[Any]) -> None:
    """Look at what tools gave.

    Args:
        messages: the conversation.
        tools: those of the call, as far as they are LlamaIndex's: how they are annotated is a hint.

    Raises:
        ImageError: a result is what Python, or base64, makes of a picture.
    """
    for index, flat in enumerate(messages):
        if flat.message.role not in (MessageRole.TOOL, MessageRole.FUNCTION):
            if flat.message.role == MessageRole.USER and (found := _observed(flat)) is not None:
                _refuse_text_of_a_picture(f"{flat.where} (what a tool gave)", found)
            continue
        name = name_of(flat.message, [each.message for each in messages[:index]])
        where = f"{flat.where} (what {f'the tool {name!r}' if name else 'a tool'} gave)"
        text = "\n".join(_texts(flat))
        _refuse_text_of_a_picture(where, text)
        if any(not isinstance(block, TextBlock) for block in flat.blocks):
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
    shown = text.startswith(_BEGINS_LIKE_A_VALUE) and _AS_PYTHON_SHOWS_IT.search(text) is not None
    if shown or _AS_BASE64.fullmatch(text):
        begins = f"{text[:60]}..." if len(text) > 60 else text
        raise errors.ImageError(
            f"{where} is a picture of which text was made before it came here ({begins}): the model would not see it. "
            f"{_RETURN_BLOCKS}"
        )


def _observed(flat: FlatMessage) -> str | None:
    text = "\n".join(_texts(flat))
    return text.removeprefix(_OBSERVATION) if text.startswith(_OBSERVATION) else None


def _texts(flat: FlatMessage) -> Iterator[str]:
    return (block.text for block in flat.blocks if isinstance(block, TextBlock))


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
