"""One call through an endpoint, and what came of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from llama_index.core.base.llms.types import ChatMessage

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from tests.support.endpoints import method_of, text_of


@dataclass
class Outcome:
    """What came of a call: the items that arrived, the error, and who raised it."""

    items: list[Any] = field(default_factory=list)
    error: BaseException | None = None
    raised_by_call: bool = False
    """By the call itself (or by awaiting it), not while iterating."""

    @property
    def text(self) -> str:
        assert self.error is None, repr(self.error)
        return text_of(self.items[-1])


def attempt(llm: OllamaMultiModal, endpoint: str, prompt: Any = "hello", *args: Any, **kwargs: Any) -> Outcome:
    """Call one of the endpoints and iterate to the end; whatever is raised is kept."""
    if endpoint.endswith("chat") and isinstance(prompt, str):
        prompt = [ChatMessage(role="user", content=prompt)]
    outcome = Outcome(raised_by_call=True)

    def blocking() -> None:
        result = method_of(llm, endpoint)(prompt, *args, **kwargs)
        outcome.raised_by_call = False
        for item in result if endpoint.startswith("stream") else [result]:
            outcome.items.append(item)

    async def on_loop() -> None:
        result = await method_of(llm, endpoint)(prompt, *args, **kwargs)
        outcome.raised_by_call = False
        if not endpoint.startswith("astream"):
            outcome.items.append(result)
            return
        async for item in result:
            outcome.items.append(item)

    try:
        asyncio.run(on_loop()) if endpoint.startswith("a") else blocking()
    except Exception as error:  # what it is, is for the test to say
        outcome.error = error
    else:
        outcome.raised_by_call = False
    return outcome
