"""langchain-ollama; its messages take pictures as `data:` URLs."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage
from langchain_ollama import ChatOllama

from . import MODEL, OPTIONS, SECONDS


def _messages(prompt: str, picture: Path | None = None) -> list[HumanMessage]:
    content: list[str | dict[str, Any]] = [{"type": "text", "text": prompt}]
    if picture:
        url = "data:image/jpeg;base64," + base64.b64encode(picture.read_bytes()).decode()
        content.append({"type": "image_url", "image_url": {"url": url}})
    return [HumanMessage(content=content)]


class Client:
    def __init__(self, url: str, model: str = MODEL) -> None:
        self.llm = ChatOllama(
            model=model,
            base_url=url,
            temperature=0.0,
            num_ctx=int(OPTIONS["num_ctx"]),
            client_kwargs={"timeout": SECONDS},
        )

    def ask(self, prompt: str, picture: Path) -> str:
        return str(self.llm.invoke(_messages(prompt, picture)).content)

    async def aask(self, prompt: str, picture: Path) -> str:
        return str((await self.llm.ainvoke(_messages(prompt, picture))).content)

    def stream(self, prompt: str) -> Iterator[str]:
        for part in self.llm.stream(_messages(prompt)):
            yield str(part.content)

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        async for part in self.llm.astream(_messages(prompt)):
            yield str(part.content)
