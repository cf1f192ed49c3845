"""Entry points: one source, the `image_documents` list, a block of a message, a legacy entry -> prepared pictures."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Any

from .async_files import awaited
from .blob import Blob
from .blocks import audio_block, document_block, video_block
from .cancellation import check_deadline
from .decoders.one_page import asks_for_other_pages
from .error_words import image_error
from .formats.kinds import EVERY_KIND, READABLE
from .inputs.forms import from_block_fields, image_block, open_input
from .options import ImageOptions
from .picture import prepare
from .prepared import PreparedAudio, PreparedImage
from .registry import open_value
from .source import is_drawn_page, with_all_pages


def prepare_image(source: Any, options: ImageOptions | None = None) -> PreparedImage:
    """One picture, as it would be sent: upright, opaque, 8-bit RGB or grey, JPEG or PNG, of a useful size.

    `source` is a path or URL (str or Path), bytes, an open file, a PIL image, a uint8 or uint16 array (HxW, HxWx3 or
    HxWx4, RGB), or a PreparedImage, which is returned as it is; once `llama_index.multi_modal_llms.ollama` has been
    imported, also an ImageDocument, ImageNode, NodeWithScore or ImageBlock. It reads, fetches and computes while the
    caller waits; `aprepare_image` does so in a thread. Raises ImageError, also when the source has several pages and
    `options.pages` does not choose one.
    """
    pictures = _prepare_item(source, options or ImageOptions(), where="")
    if any(picture.tile for picture in pictures):
        problem = f"becomes {len(pictures)} with its tiles, and prepare_image prepares one"
        way_out = "Leave tiles= out, or take one part by region=; a question sends all of them."
        raise image_error("", pictures[0].source, problem, way_out)
    if len(pictures) != 1:
        what, way_out = "pages", "Choose it: ImageOptions(pages=(1,)) for the first one."
        if any(step.startswith("frame ") for step in pictures[0].steps):
            what, way_out = "frames", "Choose it: ImageOptions(frames=1) for the middle one."
        problem = f"has {len(pictures)} {what}, and prepare_image prepares one"
        raise image_error("", pictures[0].source, problem, way_out)
    return pictures[0]


async def aprepare_image(source: Any, options: ImageOptions | None = None) -> PreparedImage:
    """`prepare_image` in a thread, so that the event loop goes on."""
    return await asyncio.to_thread(prepare_image, await awaited(source), options)


def prepare_documents(
    image_documents: Any, options: ImageOptions, *, where: str = "image_documents"
) -> list[PreparedImage]:
    """What an `image_documents=` argument holds, in its order: one picture, or a list or generator of them.

    `None` is no picture; a list or generator without one is an error: somebody meant to send some. Errors name
    it `where[i]`.
    """
    if image_documents is None:
        return []
    if not isinstance(image_documents, (list, tuple)) and not (
        isinstance(image_documents, Iterator) and not hasattr(image_documents, "read")
    ):
        return _prepare_item(image_documents, options, where=where)
    pictures: list[PreparedImage] = []
    for index, item in enumerate(image_documents):
        if index:
            check_deadline()
        pictures += _prepare_item(item, options, where=f"{where}[{index}]")
    if not pictures:
        way_out = "Where did they go? To ask without pictures, pass None, or leave it out."
        raise image_error("image_documents", type(image_documents).__name__, "holds no picture", way_out, "empty")
    return pictures


def _prepare_item(item: Any, options: ImageOptions, *, where: str) -> list[PreparedImage]:
    if isinstance(item, PreparedImage):
        return [item]
    if getattr(item, "block_type", None) in ("video", "document", "audio"):
        pictures = prepare_block(item, options, where=where, options_from_call=True)
        if others := [one for one in pictures if not isinstance(one, PreparedImage)]:
            what = "text" if isinstance(others[0], str) else "a sound"
            raise image_error(where, type(item).__name__, f"is {what}, not a picture", "Put it into a chat message.")
        return [one for one in pictures if isinstance(one, PreparedImage)]
    if getattr(item, "block_type", None) == "text":
        way_out = (
            "Put text into the prompt. LlamaIndex's MultiModalLLMCompletionProgram appends its prompt to the list that "
            "it is given: give it a copy, list(pictures)."
        )
        raise image_error(where, type(item).__name__, "is text, not a picture", way_out, "text")
    source = open_input(item, options, where=where)
    if (
        options.pages is not None
        and asks_for_other_pages(options)
        and isinstance(source, Blob)
        and is_drawn_page(item, source)
    ):
        options = with_all_pages(options)
    return prepare(source, options, accepted=EVERY_KIND if _is_bare(item) else READABLE)


def _is_bare(item: Any) -> bool:
    """Whether it is a file by itself: what LlamaIndex calls an image stays one picture."""
    return isinstance(item, (str, os.PathLike, bytes, bytearray, memoryview)) or hasattr(item, "read")


def prepare_block(
    block: Any, options: ImageOptions, *, where: str, options_from_call: bool = False
) -> list[PreparedImage | PreparedAudio | str]:
    """One media block of a message: an ImageBlock, AudioBlock, VideoBlock or DocumentBlock.

    A text document gives its text, an ImageBlock with a PreparedImage as its `prepared` that picture. `detail` sets the
    number of pixels, unless the options came with the call. `where` is the block's place, such as
    "messages[0].blocks[1]".
    """
    detail = getattr(block, "detail", None)
    if not options_from_call and detail in ("low", "high"):
        options = options.with_detail(detail)
    kind = getattr(block, "block_type", None)
    if kind == "image":
        if isinstance(ready := getattr(block, "prepared", None), PreparedImage):
            return [ready]
        return [*prepare(image_block(block, options, where=where), options)]
    if kind == "video":
        return [*video_block(block, options, where=where)]
    if kind == "document":
        return [*document_block(block, options, where=where)]
    if kind == "audio":
        return [audio_block(block, options, where=where)]
    name = type(block).__name__
    raise image_error(where, name, "is no block of a picture, video, document or sound", "Leave it out.")


def prepare_legacy(value: Any, options: ImageOptions, *, where: str) -> list[PreparedImage]:
    """One entry of `message.additional_kwargs["images"]`: a document, node or block, or base64.

    A string is never a path here, nor a URL other than `data:`.
    """
    return prepare(_legacy(value, options, where=where), options)


def legacy_bytes(value: Any, *, where: str, options: ImageOptions | None = None) -> bytes:
    """The file behind such an entry, out of all its wrappings: by it the same picture is known again.

    Core appends an ImageBlock of it to the message each time it validates the message anew. Reads files and
    fetches URLs. Raises ImageError.
    """
    with _legacy(value, options or ImageOptions(), where=where).open() as file:
        return file.read()


def _legacy(value: Any, options: ImageOptions, *, where: str) -> Blob:
    if isinstance(value, (str, bytes)):
        blob = from_block_fields(value, None, None, options, where=where, name="base64")
        if blob.kind().family == "text":
            raise blob.error("is no base64", "For a path or a URL put an ImageBlock into the message's blocks.")
        return blob
    held = open_value(value, options, where=where)
    if held is None:
        way_out = "Give an ImageBlock, an ImageDocument, or base64."
        raise image_error(where, type(value).__name__, "is no picture that a message can hold", way_out)
    return held
