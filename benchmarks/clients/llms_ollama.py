"""llama-index-llms-ollama, with the picture as an ImageBlock of a path: its quickest form."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.llms.ollama import Ollama

from . import MODEL, OPTIONS, SECONDS


def _messages(prompt: str, picture: Path | None = None) -> list[ChatMessage]:
    blocks = [TextBlock(text=prompt), *([ImageBlock(path=picture)] if picture else [])]
    return [ChatMessage(role="user", blocks=blocks)]


class Client:
    def __init__(self, url: str, model: str = MODEL) -> None:
        self.llm = Ollama(
            model=model, base_url=url, request_timeout=SECONDS, temperature=0.0, context_window=OPTIONS["num_ctx"]
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
