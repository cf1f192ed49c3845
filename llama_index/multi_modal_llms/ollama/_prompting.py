"""Pictures beside a prompt template: what `predict`, `stream` and the structured endpoints take as `image_documents`.

Core takes every keyword of these for a variable of the template, and drops without a word what the template lacks.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole

from . import _images
from ._keywords import MEANT_FOR_PICTURES

if TYPE_CHECKING:
    from llama_index.core.prompts import BasePromptTemplate
    from llama_index.core.types import TokenAsyncGen

    from .base import OllamaMultiModal

PICTURES = "image_documents"


class ReadyBlocks(list[ImageBlock]):
    """Pictures that are prepared and coded already, for code on an event loop."""


def pictures_apart(prompt: BasePromptTemplate, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """What fills the template, and the pictures beside it.

    Raises:
        TypeError: a keyword that is no variable of the template, and that can only mean pictures.
    """
    variables = {*prompt.template_vars, *(prompt.template_var_mappings or {})}
    given = dict(arguments)
    pictures = None if PICTURES in variables else given.pop(PICTURES, None)
    for name in given:
        if name not in variables and name.lower() in MEANT_FOR_PICTURES:
            raise TypeError(f"The template has no variable {name!r}. Did you mean {PICTURES!r}?")
    return given, pictures


def picture_blocks(pictures: Any, options: _images.ImageOptions) -> ReadyBlocks:
    """Each picture as a block of a message, prepared. Reads, decodes and encodes; `None` is no picture.

    The blocks are not validated: that would decode the pictures once more.
    """
    if isinstance(pictures, ReadyBlocks):
        return pictures
    return ReadyBlocks(
        ImageBlock.model_construct(
            image=base64.b64encode(picture.read()), image_mimetype=f"image/{picture.format}", detail=None
        )
        for picture in _images.prepare_documents(pictures, options)
    )


def with_blocks(messages: Sequence[ChatMessage], blocks: Sequence[ImageBlock]) -> list[ChatMessage]:
    """The messages, with the pictures in the user's last one, which is a copy."""
    if not blocks:
        return list(messages)
    last = max((index for index, each in enumerate(messages) if each.role == MessageRole.USER), default=None)
    if last is None:
        return [*messages, ChatMessage(role=MessageRole.USER, blocks=list(blocks))]
    changed = messages[last].model_copy(update={"blocks": [*blocks, *messages[last].blocks]})
    return [*messages[:last], changed, *messages[last + 1 :]]


class PromptsWithPictures:
    """A mixin before core's LLM: `predict`, `stream` and their async twins send what they get as `image_documents`."""

    def _asks(self) -> OllamaMultiModal:
        """Who prepares the pictures and asks."""
        raise NotImplementedError

    def _get_messages(self, prompt: BasePromptTemplate, **prompt_args: Any) -> list[ChatMessage]:
        given, pictures = pictures_apart(prompt, prompt_args)
        messages: list[ChatMessage] = super()._get_messages(prompt, **given)  # type: ignore[misc]
        return with_blocks(messages, picture_blocks(pictures, self._asks().image_options))

    async def apredict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        """`predict` on an event loop."""
        return await super().apredict(prompt, **await self._ready(prompt, prompt_args))  # type: ignore[misc, no-any-return]

    async def astream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenAsyncGen:
        """`stream` on an event loop: await it, then iterate."""
        return await super().astream(prompt, **await self._ready(prompt, prompt_args))  # type: ignore[misc, no-any-return]

    async def _ready(self, prompt: BasePromptTemplate, prompt_args: dict[str, Any]) -> dict[str, Any]:
        """The same arguments, the pictures prepared away from the loop."""
        given, pictures = pictures_apart(prompt, prompt_args)
        if pictures is None:
            return given
        pictures = await _images.awaited(pictures)
        llm = self._asks()
        blocks = await llm._on_loop().run(lambda: picture_blocks(pictures, llm.image_options), llm._clock())
        return {**given, PICTURES: blocks}
