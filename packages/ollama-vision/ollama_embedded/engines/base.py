"""The interface of an engine: it gets a checked request, and yields the answer piece by piece."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from ..faults import Fault
from ..protocol.catalog import ModelFacts
from ..protocol.embeddings import Embedded, EmbedRequest
from ..protocol.requests import Request


class EngineError(Exception):
    """An answer that failed: before the first piece `status` goes out, afterwards only the text can."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


@dataclass(frozen=True)
class ToolCall:
    """A call that the model asks for."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True)
class Piece:
    """What the model said next: one line of a stream."""

    content: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Ending:
    """Why and how an answer ended: the last line of a stream. Durations are nanoseconds."""

    reason: str = "stop"
    prompt_tokens: int = 0
    prompt_duration: int = 0
    answer_tokens: int = 0
    answer_duration: int = 0
    load_duration: int = 0
    context: tuple[int, ...] = ()
    piece: Piece = Piece()
    """Said on the last line itself: native tool calls come so."""


@dataclass(frozen=True)
class Rendered:
    """What a model would have seen: the answer to `_debug_render_only`."""

    prompt: str
    pictures: int


Event = Piece | Ending | Rendered | Fault
"""A fault may only come first: the reply then goes out through it."""


class Engine(Protocol):
    """A thing that answers. All its methods run on the server's event loop."""

    @property
    def models(self) -> Sequence[ModelFacts]:
        """The models that it has."""

    def context_length(self, model: ModelFacts, options: Mapping[str, Any]) -> int:
        """The context that a request with these options gets."""

    async def load(self, model: ModelFacts, options: Mapping[str, Any]) -> None:
        """Make a model ready, as a request without a prompt does."""

    async def unload(self, model: ModelFacts) -> None:
        """Give a model's memory back."""

    def answer(self, model: ModelFacts, request: Request) -> AsyncGenerator[Event, None]:
        """Say the answer; closing it stops the model. An answer without an `Ending` ends in silence."""

    async def close(self) -> None:
        """Give everything back."""


@runtime_checkable
class Embeds(Protocol):
    """What an engine may do besides: without it the server says, as a real one, that it supports no embeddings."""

    async def embed(self, model: ModelFacts, request: EmbedRequest) -> Embedded:
        """A vector for each text; raises `EngineError` for what the model cannot do."""
