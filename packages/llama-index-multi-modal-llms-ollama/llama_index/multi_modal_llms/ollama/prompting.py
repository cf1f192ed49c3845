"""Pictures beside a prompt template: what `predict`, `stream` and the structured endpoints take as `image_documents`.

Core takes every keyword of these for a variable of the template, and drops without a word what the template lacks.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, VideoBlock
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import ImageNode, NodeWithScore

from ollama_vision import model as _model
from ollama_vision import pictures as _images
from ollama_vision.http import run_blocking

from .keywords import Pictures

if TYPE_CHECKING:
    from llama_index.core.prompts import BasePromptTemplate
    from llama_index.core.types import TokenAsyncGen, TokenGen

    from ollama_vision.pictures import PreparedImage

    from .settings import OllamaSettings

PICTURES = "image_documents"


class ReadyBlock(ImageBlock):
    """A picture that is prepared already: it is sent as it is, whatever options the question has."""

    _prepared: PreparedImage = PrivateAttr()

    @classmethod
    def of(cls, picture: PreparedImage) -> ReadyBlock:
        """Not validated: that would decode the picture once more."""
        data = base64.b64encode(picture.read())
        block = cls.model_construct(image=data, image_mimetype=picture.media_type, detail=None)
        block._prepared = picture
        return block

    @property
    def prepared(self) -> PreparedImage:
        return self._prepared


class ReadyBlocks(list[ImageBlock]):
    """Pictures that are prepared and coded already, for code on an event loop."""


def pictures_apart(prompt: BasePromptTemplate, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """What fills the template, and the pictures beside it.

    Raises:
        TypeError: a keyword that is no variable of the template, and that by its name or its value means pictures.
    """
    variables = {*prompt.template_vars, *(prompt.template_var_mappings or {})}
    given = dict(arguments)
    pictures = None if PICTURES in variables else given.pop(PICTURES, None)
    for name, value in given.items():
        if name not in variables and (_model.is_meant_for_pictures(name, PICTURES) or _holds_a_picture(value)):
            raise TypeError(f"The template has no variable {name!r}. Did you mean {PICTURES!r}?")
    return given, pictures


def _holds_a_picture(value: Any) -> bool:
    """Whether it can be nothing else than a picture or a file; text that a template leaves out is core's own way."""
    if isinstance(value, (list, tuple)):
        return any(_holds_a_picture(item) for item in value)
    if isinstance(value, NodeWithScore):
        value = value.node
    return isinstance(value, (ImageBlock, VideoBlock, ImageNode)) or _model.is_picture_or_file(value)


def picture_blocks(
    pictures: Any, options: _images.ImageOptions, sizes: _images.ServerSizes | None = None
) -> ReadyBlocks:
    """Each picture as a block of a message, prepared. Reads, decodes and encodes; `None` is no picture.

    What is scaled is scaled to `sizes`, which the server leaves alone.
    """
    if isinstance(pictures, ReadyBlocks):
        return pictures
    return ReadyBlocks(map(ReadyBlock.of, _images.prepare_documents(pictures, options.for_server(sizes))))


def with_blocks(messages: Sequence[ChatMessage], blocks: Sequence[ImageBlock]) -> list[ChatMessage]:
    """The messages, with the pictures in the user's last one, which is a copy."""
    if not blocks:
        return list(messages)
    last = max((index for index, each in enumerate(messages) if each.role == MessageRole.USER), default=None)
    if last is None:
        return [*messages, ChatMessage(role=MessageRole.USER, blocks=list(blocks))]
    changed = messages[last].model_copy(update={"blocks": [*blocks, *messages[last].blocks]})
    return [*messages[:last], changed, *messages[last + 1 :]]


def _together(pictures: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """As core takes them: `None` is not given, so that a template may be filled with another `image_documents`."""
    return arguments if pictures is None else {**arguments, PICTURES: pictures}


class PromptsWithPictures:
    """A mixin before core's LLM: `predict`, `stream` and their async twins send what they get as `image_documents`."""

    def _asks(self) -> OllamaSettings:
        """Who prepares the pictures and asks: the object itself, unless it stands before another one."""
        return self  # type: ignore[return-value]

    def _get_messages(self, prompt: BasePromptTemplate, **prompt_args: Any) -> list[ChatMessage]:
        given, pictures = pictures_apart(prompt, prompt_args)
        messages: list[ChatMessage] = super()._get_messages(prompt, **given)  # type: ignore[misc]
        llm = self._asks()
        sizes = run_blocking(_model.server_sizes(llm._blocking, llm, pictures))
        return with_blocks(messages, picture_blocks(pictures, llm.image_options, sizes))

    def predict(self, prompt: BasePromptTemplate, *, image_documents: Pictures = None, **prompt_args: Any) -> str:
        """The answer to a filled template, and to pictures beside it."""
        return super().predict(prompt, **_together(image_documents, prompt_args))  # type: ignore[misc, no-any-return]

    def stream(self, prompt: BasePromptTemplate, *, image_documents: Pictures = None, **prompt_args: Any) -> TokenGen:
        """`predict`, piece by piece."""
        return super().stream(prompt, **_together(image_documents, prompt_args))  # type: ignore[misc, no-any-return]

    async def apredict(
        self, prompt: BasePromptTemplate, *, image_documents: Pictures = None, **prompt_args: Any
    ) -> str:
        """`predict` on an event loop."""
        ready = await self._ready(prompt, _together(image_documents, prompt_args))
        return await super().apredict(prompt, **ready)  # type: ignore[misc, no-any-return]

    async def astream(
        self, prompt: BasePromptTemplate, *, image_documents: Pictures = None, **prompt_args: Any
    ) -> TokenAsyncGen:
        """`stream` on an event loop: await it, then iterate."""
        ready = await self._ready(prompt, _together(image_documents, prompt_args))
        return await super().astream(prompt, **ready)  # type: ignore[misc, no-any-return]

    async def _ready(self, prompt: BasePromptTemplate, prompt_args: dict[str, Any]) -> dict[str, Any]:
        """The same arguments, the pictures prepared away from the loop."""
        given, pictures = pictures_apart(prompt, prompt_args)
        if pictures is None:
            return given
        llm = self._asks()
        blocks = await _model.LoopCaller(llm).prepare(
            pictures, lambda read, sizes: picture_blocks(read, llm.image_options, sizes)
        )
        return {**given, PICTURES: blocks}
