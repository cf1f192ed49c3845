"""A server that says what a test tells it to, a client on it, and the events that pass meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from pydantic import PrivateAttr

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, ReceivedRequest, ScriptedEngine

ALL = ("completion", "vision", "tools", "thinking")


class Serving:
    """A scripted server, started, and a client on it."""

    def __init__(self, *replies: Any, capabilities: Any = ALL, num_parallel: int = 1, **settings: Any) -> None:
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


def start_servers() -> Iterator[Callable[..., Serving]]:
    """A fixture: replies in, a running server and its client out."""
    started: list[Serving] = []

    def serve(*replies: Any, **settings: Any) -> Serving:
        started.append(Serving(*replies, **settings))
        return started[-1]

    yield serve
    for serving in started:
        serving.server.close()


class Events(BaseEventHandler):
    """Keeps the events that pass."""

    _seen: list[Any] = PrivateAttr(default_factory=list)

    def handle(self, event: Any, **kwargs: Any) -> None:
        self._seen.append(event)

    def named(self, part: str) -> list[Any]:
        return [event for event in self._seen if part in event.class_name()]


def listen() -> Iterator[Events]:
    """A fixture: the events of the test."""
    handler = Events()
    dispatcher = get_dispatcher()
    dispatcher.add_event_handler(handler)
    yield handler
    dispatcher.event_handlers.remove(handler)
