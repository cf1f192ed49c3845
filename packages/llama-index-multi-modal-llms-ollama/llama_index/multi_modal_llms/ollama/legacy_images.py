"""Pictures in `message.additional_kwargs["images"]`, the first class's way, become ordinary blocks, once each.

Core appends such pictures to the message's blocks anew each time the message is put into an event; so they leave the
message before core sees it, on a copy, together with those that core has appended by then.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ImageBlock

from ollama_vision import pictures as _images


def has_legacy_images(message: Any) -> bool:
    return isinstance(message, ChatMessage) and bool(message.additional_kwargs.get("images"))


def with_blocks_for_legacy_images(messages: Sequence[Any]) -> list[Any]:
    """The messages, those with such pictures as copies; the caller's are not changed. Reads files that they name.

    Raises:
        ImageError: an entry that is neither a document, node or block of LlamaIndex nor base64.
    """
    return [
        _converted(message, f"messages[{index}]") if has_legacy_images(message) else message
        for index, message in enumerate(messages)
    ]


def _converted(message: ChatMessage, where: str) -> ChatMessage:
    entries = message.additional_kwargs["images"]
    if not isinstance(entries, (list, tuple)):
        entries = [entries]
    pictures = [
        _images.legacy_bytes(entry, where=f'{where}.additional_kwargs["images"][{index}]')
        for index, entry in enumerate(entries)
    ]
    blocks = [
        block
        for index, block in enumerate(message.blocks)
        if not (_holds_bytes(block) and _images.legacy_bytes(block, where=f"{where}.blocks[{index}]") in pictures)
    ]
    # Not validated: that would decode each picture to find out whether it is base64.
    blocks += [ImageBlock.model_construct(image=base64.b64encode(picture)) for picture in pictures]
    extra = {name: value for name, value in message.additional_kwargs.items() if name != "images"}
    return message.model_copy(update={"blocks": blocks, "additional_kwargs": extra})


def _holds_bytes(block: Any) -> bool:
    return isinstance(block, ImageBlock) and isinstance(block.image, bytes)
