"""Event handlers that keep what they hear, and the question that they hear of."""

from __future__ import annotations

from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import Field
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent


def question(endpoint: str) -> Any:
    return [ChatMessage(role="user", content="hello")] if endpoint.endswith("chat") else "hello"


class Keeper(BaseEventHandler):
    """Keeps every event, tracebacks and all, as some tracers do."""

    events: list[Any] = Field(default_factory=list)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.events.append(event)
