"""What LlamaIndex asks of an endpoint -> a call: its messages, blocks and documents, and the responses that it gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    ImageBlock,
    VideoBlock,
)

from ollama_vision import pictures as _images
from ollama_vision.model import MEANT_FOR_PICTURES, Arguments, Call, Media, resolve
from ollama_vision.protocol import Request, chat_request, generate_request

from . import blocks as _blocks
from .redaction import with_shown_headers
from .responses import chat_maker, completion_maker
from .tool_results import refuse_lost_pictures

if TYPE_CHECKING:
    from .settings import OllamaSettings


def chat_call(llm: OllamaSettings, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> Call[ChatResponse]:
    _refuse_pictures_beside(kwargs, "chat")
    kwargs = {"keep_pictures": llm.keep_pictures, **with_shown_headers(kwargs)}
    arguments = resolve(llm, "chat", kwargs)
    flat = _blocks.flatten(messages)
    refuse_lost_pictures(flat, kwargs.get("tools") or ())
    if arguments.keep_pictures is not None:
        flat = _blocks.with_newest_pictures(flat, arguments.keep_pictures)

    def build() -> tuple[Request, Media]:
        prepared = {
            (index, position): _images.prepare_block(
                block,
                arguments.image_options,
                where=f"{message.where}.blocks[{position}]",
                options_from_call=arguments.image_options_from_call,
            )
            for index, message in enumerate(flat)
            for position, block in message.media()
        }
        wire = _blocks.to_wire(flat, prepared)
        media = [item for items in prepared.values() for item in items if not isinstance(item, str)]
        return chat_request(llm.model, wire, arguments), media

    blocks = [block for message in flat for _, block in message.media()]

    def again(answer: str, words: str) -> Call[ChatResponse]:
        said = ChatMessage(role="assistant", content=answer), ChatMessage(role="user", content=words)
        return chat_call(llm, [*messages, *said], kwargs)

    return Call(arguments, _needs(arguments, blocks), build, chat_maker, again)


def complete_call(
    llm: OllamaSettings, prompt: str, image_documents: Any, kwargs: Mapping[str, Any]
) -> Call[CompletionResponse]:
    _refuse_pictures_beside(kwargs, "complete")
    kwargs = with_shown_headers(kwargs)
    arguments = resolve(llm, "generate", kwargs)
    has_pictures = image_documents is not None
    if has_pictures and not prompt:
        raise ValueError(
            "complete() was given pictures but an empty prompt: the server would load the model and ignore the "
            "pictures. Ask something about them."
        )

    def build() -> tuple[Request, Media]:
        media: Media = _images.prepare_documents(image_documents, arguments.image_options) if has_pictures else ()
        return generate_request(llm.model, prompt, media, arguments), media

    needs = _needs(arguments, ()) | ({"vision"} if has_pictures else frozenset())

    def again(answer: str, words: str) -> Call[CompletionResponse]:
        return complete_call(llm, f"{prompt}\n\n{answer}\n\n{words}", image_documents, kwargs)

    return Call(arguments, needs, build, completion_maker, again)


def _refuse_pictures_beside(kwargs: Mapping[str, Any], verb: str) -> None:
    if verb == "chat" and "image_documents" in kwargs:
        raise TypeError(
            "chat takes no image_documents: put each picture into a message, as ImageBlock(path=...) in its blocks"
        )
    for name in kwargs:
        if name.lower() in MEANT_FOR_PICTURES:
            in_a_message = " Put each picture into a message, as ImageBlock(path=...) in its blocks."
            hint = in_a_message if verb == "chat" else " Did you mean 'image_documents'?"
            raise TypeError(f"{verb}() has no keyword {name!r}.{hint}")


def _needs(arguments: Arguments, blocks: Sequence[Any]) -> frozenset[str]:
    needs = {
        "vision": any(isinstance(block, (ImageBlock, VideoBlock)) or _blocks.is_pdf(block) for block in blocks),
        "audio": any(isinstance(block, AudioBlock) for block in blocks),
        "tools": arguments.offers_tools,
        "thinking": arguments.wants_thinking,
        "insert": bool(arguments.fields.get("suffix")),
    }
    return frozenset(ability for ability, needed in needs.items() if needed)
