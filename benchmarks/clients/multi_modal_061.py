"""llama-index-multi-modal-llms-ollama 0.6.1, the last release before this one.

It takes ImageNodes only, has no stream for async, and its messages hold no pictures: so `complete`, and for streams
`stream_chat`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.schema import ImageNode

from llama_index.multi_modal_llms.ollama import OllamaMultiModal

from . import MODEL, OPTIONS, SECONDS


class Client:
    def __init__(self, url: str) -> None:
        self.llm = OllamaMultiModal(
            model=MODEL, base_url=url, request_timeout=SECONDS, temperature=0.0, context_window=OPTIONS["num_ctx"]
        )

    def ask(self, prompt: str, picture: Path) -> str:
        return self.llm.complete(prompt, image_documents=[ImageNode(image_path=str(picture))]).text

    async def aask(self, prompt: str, picture: Path) -> str:
        return (await self.llm.acomplete(prompt, image_documents=[ImageNode(image_path=str(picture))])).text

    def stream(self, prompt: str) -> Iterator[str]:
        for part in self.llm.stream_chat([ChatMessage(role="user", content=prompt)]):
            yield part.delta or ""

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        async for part in await self.llm.astream_chat([ChatMessage(role="user", content=prompt)]):
            yield part.delta or ""
