"""Pictures in `message.additional_kwargs["images"]`, the first class's way, become ordinary blocks, once each.

Core appends such pictures to the message's blocks anew each time the message is put into an event; so they leave the
message before core sees it, on a copy, together with those that core has appended by then.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ImageBlock

from .errors import ImageError


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
        _base64_of(entry, f'{where}.additional_kwargs["images"][{index}]') for index, entry in enumerate(entries)
    ]
    blocks = [block for block in message.blocks if not _is_one_of(block, pictures)]
    # Not validated: that would decode each picture to find out whether it is base64.
    blocks += [ImageBlock.model_construct(image=picture) for picture in pictures]
    extra = {name: value for name, value in message.additional_kwargs.items() if name != "images"}
    return message.model_copy(update={"blocks": blocks, "additional_kwargs": extra})


def _is_one_of(block: Any, pictures: list[bytes]) -> bool:
    return isinstance(block, ImageBlock) and isinstance(block.image, bytes) and block.image in pictures


def _base64_of(entry: Any, where: str) -> bytes:
    if isinstance(entry, str):
        entry = entry.encode("ascii", "replace")
    if isinstance(entry, bytes):
        try:
            # Written anew, so that line breaks and missing padding do not hide that it is the same picture.
            joined = b"".join(entry.split())
            return base64.b64encode(base64.b64decode(joined + b"=" * (-len(joined) % 4), validate=True))
        except binascii.Error:
            raise ImageError(
                f"{where} is no base64 text; for raw bytes, paths and URLs put an ImageBlock into its blocks",
                where=where,
            ) from None
    if not hasattr(entry, "resolve_image"):
        raise ImageError(
            f"{where} is a {type(entry).__name__}; it may hold base64 text, ImageDocument, ImageNode or ImageBlock",
            where=where,
        )
    try:
        data: bytes = entry.resolve_image().read()
    except (OSError, ValueError, AttributeError) as cause:
        raise ImageError(f"{where} cannot be read: {cause}", where=where) from cause
    return base64.b64encode(data)
