"""All endpoints as one: ask any of them the same question, get what it made of it."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_vision.model.model import VisionModel
from ollama_vision.model.settings import ModelSettings


@dataclass(frozen=True)
class Answer:
    """What came of a call: the items (one for a whole reply), the last of them, and its text."""

    items: list[Any]

    @property
    def last(self) -> Any:
        return self.items[-1]

    @property
    def text(self) -> str:
        return text_of(self.last)

    @property
    def deltas(self) -> str:
        return "".join(item.delta or "" for item in self.items)


def text_of(item: Any) -> str:
    return (item.message.content or "") if hasattr(item, "message") else item.text


Ask = Callable[..., Answer]
NAMES = (
    "complete",
    "stream_complete",
    "acomplete",
    "astream_complete",
    "chat",
    "stream_chat",
    "achat",
    "astream_chat",
)
eight = pytest.mark.parametrize("endpoint", NAMES)
"""One test over the eight of OllamaMultiModal."""

PLAIN = {"question": "ask", "stream_question": "stream", "aquestion": "aask", "astream_question": "astream"}
"""VisionModel's, by names that begin as those of the eight."""
twelve = pytest.mark.parametrize("endpoint", [*NAMES, *PLAIN])
"""One test over all."""


_plain: dict[int, VisionModel] = {}


def plain(llm: OllamaMultiModal) -> VisionModel:
    """VisionModel with the same settings: one for each object, which goes when that does."""
    if id(llm) not in _plain:
        settings: dict[str, Any] = {name: getattr(llm, name) for name in ModelSettings.model_fields}
        _plain[id(llm)] = VisionModel(**settings)
        weakref.finalize(llm, _plain.pop, id(llm))
    return _plain[id(llm)]


def method_of(llm: OllamaMultiModal, endpoint: str) -> Callable[..., Any]:
    """The endpoint; one of VisionModel's takes what `complete` does."""
    if endpoint not in PLAIN:
        found: Callable[..., Any] = getattr(llm, endpoint)
        return found
    method = getattr(plain(llm), PLAIN[endpoint])

    def put(prompt: str, image_documents: Any = None, **kwargs: Any) -> Any:
        pictures = image_documents if isinstance(image_documents, list) else [image_documents]
        if "format" in kwargs:
            kwargs["schema"] = kwargs.pop("format")
        return method(prompt, *(each for each in pictures if each is not None), **kwargs)

    return put


def ask(llm: OllamaMultiModal, endpoint: str, prompt: str, pictures: Any = (), **kwargs: Any) -> Answer:
    """Ask by one endpoint; pictures are paths, as `image_documents` or as ImageBlocks."""
    method = method_of(llm, endpoint)
    pictures = [pictures] if isinstance(pictures, (str, Path)) else list(pictures)
    if endpoint.endswith("chat"):
        blocks = [TextBlock(text=prompt), *(ImageBlock(path=path) for path in pictures)]
        args: tuple[Any, ...] = ([ChatMessage(role="user", blocks=blocks)],)
    else:
        args = (prompt, pictures or None)
    if not endpoint.startswith("a"):
        result = method(*args, **kwargs)
        return Answer(list(result) if endpoint.startswith("stream") else [result])

    async def run() -> list[Any]:
        result = await method(*args, **kwargs)
        return [item async for item in result] if endpoint.startswith("astream") else [result]

    return Answer(asyncio.run(run()))
