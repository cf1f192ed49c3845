"""The `ollama` package, as its README shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import ollama

from . import MODEL, OPTIONS, SECONDS


def _messages(prompt: str, picture: Path | None = None) -> list[dict[str, Any]]:
    images = {"images": [picture.read_bytes()]} if picture else {}
    return [{"role": "user", "content": prompt, **images}]


class Client:
    def __init__(self, url: str) -> None:
        self.client = ollama.Client(url, timeout=SECONDS)
        self.on_loop = ollama.AsyncClient(url, timeout=SECONDS)

    def ask(self, prompt: str, picture: Path) -> str:
        reply = self.client.chat(MODEL, _messages(prompt, picture), options=OPTIONS)
        return reply.message.content or ""

    async def aask(self, prompt: str, picture: Path) -> str:
        reply = await self.on_loop.chat(MODEL, _messages(prompt, picture), options=OPTIONS)
        return reply.message.content or ""

    def stream(self, prompt: str) -> Iterator[str]:
        for part in self.client.chat(MODEL, _messages(prompt), options=OPTIONS, stream=True):
            yield part.message.content or ""

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        async for part in await self.on_loop.chat(MODEL, _messages(prompt), options=OPTIONS, stream=True):
            yield part.message.content or ""
