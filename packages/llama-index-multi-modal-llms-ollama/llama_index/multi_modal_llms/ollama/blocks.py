"""LlamaIndex's messages -> the engine's turns: roles, text, media in order, thinking, tool calls. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    AudioBlock,
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)

from ollama_vision.model import MediaBlock
from ollama_vision.protocol import Turn

from . import tool_calls as _tool_calls

_ROLES = {
    MessageRole.DEVELOPER: "system",
    MessageRole.FUNCTION: "tool",
    MessageRole.CHATBOT: "assistant",
    MessageRole.MODEL: "assistant",
}
"""Roles of other vendors; the server would pass them to the template as they are, and the template drop them."""

_MEDIA = (ImageBlock, AudioBlock, VideoBlock, DocumentBlock)


def turns_of(messages: Sequence[ChatMessage]) -> list[Turn]:
    """The messages with what holds other blocks unpacked; the caller's are not changed.

    Raises:
        TypeError: not a ChatMessage, or a block that cannot be sent.
        ValueError: a tool call of no known form.
    """
    turns = []
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if not isinstance(message, ChatMessage):
            raise TypeError(f"{where} is a {type(message).__name__}; chat takes ChatMessage objects")
        blocks = list(_unpack(message.blocks, where))
        parts = [
            block.text if isinstance(block, TextBlock) else _media_block(block, f"{where}.blocks[{position}]")
            for position, block in enumerate(blocks)
            if isinstance(block, (TextBlock, *_MEDIA))
        ]
        role = _ROLES.get(message.role, message.role.value)
        fields: dict[str, Any] = {}
        if role == "assistant":
            fields = _assistant_fields(message, blocks)
        elif role == "tool":
            fields = _tool_fields(message, messages[:index])
        turns.append(Turn(role, tuple(parts), fields, where))
    return turns


def _unpack(blocks: Sequence[Any], where: str) -> Iterator[Any]:
    for index, block in enumerate(blocks):
        if isinstance(block, CachePoint):
            continue
        if isinstance(block, CitableBlock):
            yield from _unpack(block.content, f"{where}.blocks[{index}].content")
        elif isinstance(block, CitationBlock):
            yield from _unpack([block.cited_content], f"{where}.blocks[{index}].cited_content")
        elif isinstance(block, (TextBlock, ThinkingBlock, ToolCallBlock, *_MEDIA)):
            yield block
        else:
            raise TypeError(f"{where}.blocks[{index}] is a {type(block).__name__}; Ollama has no place for one")


def _media_block(block: Any, where: str) -> MediaBlock:
    """By what the block says of itself; what it really holds is looked at when it is prepared."""
    if isinstance(block, AudioBlock):
        return MediaBlock(block, where, "audio")
    is_text = isinstance(block, DocumentBlock) and block.document_mimetype != "application/pdf"
    return MediaBlock(block, where, "" if is_text else "vision")


def _assistant_fields(message: ChatMessage, blocks: Sequence[Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    thoughts = [block.content for block in blocks if isinstance(block, ThinkingBlock) and block.content]
    if thoughts:
        fields["thinking"] = "\n".join(thoughts)
    if calls := _tool_calls.calls_of(message):
        fields["tool_calls"] = calls
    return fields


def _tool_fields(message: ChatMessage, earlier: Sequence[ChatMessage]) -> dict[str, Any]:
    """Which call a tool's result answers: LlamaIndex keeps the id only, the server's templates want the name."""
    call_id = message.additional_kwargs.get("tool_call_id")
    name = _tool_calls.name_of(message, earlier)
    return {key: value for key, value in {"tool_name": name, "tool_call_id": call_id}.items() if value}
