"""Many calls in one process, and the files that it has open."""

from __future__ import annotations

import gc
from pathlib import Path

from llama_index.core.base.llms.types import ChatMessage

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from tests.support.wire_server import answer

HELLO = [ChatMessage(role="user", content="hello")]
SAYS_A = answer("chat", "A")


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


async def ask_often(llm: OllamaMultiModal, count: int = 3) -> list[str]:
    return [(await llm.achat(HELLO)).message.content or "" for _ in range(count)]
