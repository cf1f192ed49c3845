"""LlamaIndex's messages -> Ollama's: roles, text, pictures in order, thinking, tool calls. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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

from ollama_vision.protocol import WireMessage, escape_image_markers

from . import tool_calls as _tool_calls

_ROLES = {
    MessageRole.DEVELOPER: "system",
    MessageRole.FUNCTION: "tool",
    MessageRole.CHATBOT: "assistant",
    MessageRole.MODEL: "assistant",
}
"""Roles of other vendors; the server would pass them to the template as they are, and the template drop them."""

_MEDIA = (ImageBlock, AudioBlock, VideoBlock, DocumentBlock)
OMITTED = "[picture omitted]"


@dataclass(frozen=True)
class FlatMessage:
    """A message whose citations are unpacked and whose cache points are gone."""

    message: ChatMessage
    where: str
    blocks: tuple[Any, ...]

    def media(self) -> Iterator[tuple[int, Any]]:
        """The blocks that have to be prepared, with their index."""
        return ((index, block) for index, block in enumerate(self.blocks) if isinstance(block, _MEDIA))


Prepared = Mapping[tuple[int, int], Sequence[Any]]
"""(message, block) -> what became of it: pictures (one, or pages, or frames), a sound, or text."""


def flatten(messages: Sequence[ChatMessage]) -> list[FlatMessage]:
    """Unpack what holds other blocks.

    Raises:
        TypeError: not a ChatMessage, or a block that cannot be sent.
    """
    flat = []
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if not isinstance(message, ChatMessage):
            raise TypeError(f"{where} is a {type(message).__name__}; chat takes ChatMessage objects")
        flat.append(FlatMessage(message, where, tuple(_unpack(message.blocks, where))))
    return flat


def with_newest_pictures(messages: Sequence[FlatMessage], count: int) -> list[FlatMessage]:
    """The conversation with only its newest pictures; a text stands where the others were.

    Those of the latest turn, from the user's last message on, always stay: they are what is asked about.
    """
    turn = max((index for index, flat in enumerate(messages) if flat.message.role == MessageRole.USER), default=0)
    left = count
    newest = []
    for index in reversed(range(len(messages))):
        flat, blocks = messages[index], []
        for block in reversed(flat.blocks):
            if isinstance(block, (ImageBlock, VideoBlock)) or is_pdf(block):
                left -= 1
                if left < 0 and index < turn:
                    block = TextBlock(text=OMITTED)
            blocks.append(block)
        newest.append(replace(flat, blocks=tuple(reversed(blocks))))
    return newest[::-1]


def to_wire(messages: Sequence[FlatMessage], prepared: Prepared) -> list[WireMessage]:
    """The messages in Ollama's form; the caller's are not changed.

    Ollama has one text and one list of pictures for each message: texts are joined by a newline, pictures keep
    their order, and their places between texts are lost. System messages without text are left out, for on the
    server even an empty one displaces the model's own.
    """
    hides_marks = any(not isinstance(item, str) for items in prepared.values() for item in items)
    wire = []
    for index, flat in enumerate(messages):
        texts, media = _split(flat, index, prepared)
        content = "\n".join(texts)
        role = _ROLES.get(flat.message.role, flat.message.role.value)
        if role == "system" and not content.strip() and not media:
            continue
        fields: dict[str, Any] = {
            "role": role,
            "content": escape_image_markers(content) if hides_marks else content,
        }
        if role == "assistant":
            fields.update(_assistant_fields(flat))
        elif role == "tool":
            fields.update(_tool_fields(flat, messages[:index]))
        wire.append(WireMessage(fields, tuple(media)))
    return wire


def is_pdf(block: Any) -> bool:
    """By what the block says of itself; what it really holds is looked at when it is prepared."""
    return isinstance(block, DocumentBlock) and block.document_mimetype == "application/pdf"


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


def _split(flat: FlatMessage, index: int, prepared: Prepared) -> tuple[list[str], list[Any]]:
    texts: list[str] = []
    media: list[Any] = []
    for position, block in enumerate(flat.blocks):
        if isinstance(block, TextBlock):
            texts.append(block.text)
        for item in prepared.get((index, position), ()):
            (texts if isinstance(item, str) else media).append(item)
    return texts, media


def _assistant_fields(flat: FlatMessage) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    thoughts = [block.content for block in flat.blocks if isinstance(block, ThinkingBlock) and block.content]
    if thoughts:
        fields["thinking"] = "\n".join(thoughts)
    if calls := _tool_calls.calls_of(flat.message):
        fields["tool_calls"] = calls
    return fields


def _tool_fields(flat: FlatMessage, earlier: Sequence[FlatMessage]) -> dict[str, Any]:
    """Which call a tool's result answers: LlamaIndex keeps the id only, the server's templates want the name."""
    call_id = flat.message.additional_kwargs.get("tool_call_id")
    name = _tool_calls.name_of(flat.message, [each.message for each in earlier])
    return {key: value for key, value in {"tool_name": name, "tool_call_id": call_id}.items() if value}
