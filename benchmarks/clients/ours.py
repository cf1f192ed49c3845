"""OllamaMultiModal as it is here. `ours` passes pictures through, as the others do; `ours, prepared` is its default."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal, prepare_image

from . import MODEL, OPTIONS, SECONDS

AS_IT_IS = ImageOptions(max_pixels=64_000_000)


def _messages(prompt: str, picture: Path | None = None) -> list[ChatMessage]:
    blocks = [TextBlock(text=prompt), *([ImageBlock(path=picture)] if picture else [])]
    return [ChatMessage(role="user", blocks=blocks)]


class Client:
    def __init__(self, url: str, model: str = MODEL, options: ImageOptions = AS_IT_IS) -> None:
        self.llm = OllamaMultiModal(
            model=model,
            base_url=url,
            request_timeout=SECONDS,
            temperature=0.0,
            context_window=OPTIONS["num_ctx"],
            image_options=options,
        )

    def ask(self, prompt: str, picture: Path) -> str:
        return self.llm.chat(_messages(prompt, picture)).message.content or ""

    async def aask(self, prompt: str, picture: Path) -> str:
        return (await self.llm.achat(_messages(prompt, picture))).message.content or ""

    def stream(self, prompt: str) -> Iterator[str]:
        for part in self.llm.stream_chat(_messages(prompt)):
            yield part.delta or ""

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        async for part in await self.llm.astream_chat(_messages(prompt)):
            yield part.delta or ""


class Prepared(Client):
    """With the default options, which scale a large photograph down."""

    def __init__(self, url: str, model: str = MODEL) -> None:
        super().__init__(url, model, ImageOptions())

    def sent(self, picture: Path) -> bytes:
        """What the server must have got."""
        return prepare_image(picture).read()
