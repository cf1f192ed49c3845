"""A server that says what a test tells it to, a client on it, and the events that pass meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from pydantic import PrivateAttr

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, ReceivedRequest, Reply, Request, ScriptedEngine
from ollama_embedded.faults import Fault

ALL = ("completion", "vision", "tools", "thinking")
Said = str | Reply | Fault
Answering = Callable[[Request], Said | Awaitable[Said]]


class Serving:
    """A scripted server, started, and a client on it."""

    def __init__(
        self, *replies: Said | Answering, capabilities: Sequence[str] = ALL, num_parallel: int = 1, **settings: Any
    ) -> None:
        script: Any = replies[0] if len(replies) == 1 and callable(replies[0]) else list(replies)
        engine = ScriptedEngine(script, model="m", capabilities=capabilities)
        self.server = EmbeddedOllama(engine=engine, num_parallel=num_parallel).start()
        self.llm = OllamaMultiModal(**{"model": "m", "base_url": self.server.url, **settings})

    @property
    def asked(self) -> list[ReceivedRequest]:
        return self.server.asked

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was asked, oldest first."""
        return [request.body for request in self.server.asked]


class Serve(Protocol):
    """What the fixture `serve` gives: replies in, a running server and its client out."""

    def __call__(
        self, *replies: Said | Answering, capabilities: Sequence[str] = ALL, num_parallel: int = 1, **settings: Any
    ) -> Serving: ...


class Events(BaseEventHandler):
    """Keeps the events that pass."""

    _seen: list[Any] = PrivateAttr(default_factory=list)

    def handle(self, event: Any, **kwargs: Any) -> None:
        self._seen.append(event)

    def named(self, part: str) -> list[Any]:
        return [event for event in self._seen if part in event.class_name()]


def asked_since(server: EmbeddedOllama, known: Sequence[ReceivedRequest]) -> list[ReceivedRequest]:
    """What a shared server was asked after `known`: it remembers so many requests, and forgets the oldest."""
    seen = {id(request) for request in known}
    return [request for request in server.asked if id(request) not in seen]
