"""ScriptedEngine: a model without a model, whose replies, pace and faults a test sets."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .catalog import ModelFacts
from .engine import Ending, Event, Piece, ToolCall
from .faults import Fault
from .options import checked
from .pace import Gate, Pause
from .wire import Request

_WORDS = re.compile(r"\S+\s*|\s+")
_MILLISECOND = 1_000_000


@dataclass(frozen=True)
class Reply:
    """What the scripted model says once.

    >>> Reply("A red circle.")                                  # streamed word by word
    >>> Reply(["A red", Gate(), " circle."])                    # exactly these pieces, at the test's pace
    >>> Reply("", thinking="Hm.", done_reason="length")         # ran out of tokens while thinking
    >>> Reply("", tool_calls=[ToolCall("get_weather", {"city": "Paris"})])
    """

    said: str | Sequence[str | Piece | Gate | Pause] = ""
    thinking: str | Sequence[str] = ""
    """Comes before what is said."""
    tool_calls: Sequence[ToolCall] = ()
    """Come on a line of their own before the last one; put them into `ending.piece` for the native way."""
    done_reason: str = "stop"
    prompt_tokens: int = 12
    answer_tokens: int | None = None
    """`None`: as many as there are pieces."""
    context: Sequence[int] = ()
    ending: Ending | None = None
    """The last line as a whole, in place of the fields above."""
    unfinished: bool = False
    """Ends in silence: a stream without a last line, a whole reply with `done: false`."""
    fault: Fault | None = None
    """How the reply goes wrong on its way."""

    async def events(self) -> AsyncGenerator[Event, None]:
        """The reply as an engine says it."""
        if self.fault is not None:
            yield self.fault
        count = 0
        for step in self._steps():
            if isinstance(step, Gate | Pause):
                await step.passed()
            else:
                count += 1
                yield step
        if self.unfinished:
            return
        yield self.ending or Ending(
            reason=self.done_reason,
            prompt_tokens=self.prompt_tokens,
            prompt_duration=self.prompt_tokens * _MILLISECOND,
            answer_tokens=count if self.answer_tokens is None else self.answer_tokens,
            answer_duration=count * _MILLISECOND,
            load_duration=_MILLISECOND,
            context=tuple(self.context),
        )

    def _steps(self) -> Iterable[Piece | Gate | Pause]:
        for thought in _pieces(self.thinking):
            yield Piece(thinking=thought)
        for step in _pieces(self.said) if isinstance(self.said, str) else self.said:
            yield Piece(step) if isinstance(step, str) else step
        if self.tool_calls:
            yield Piece(tool_calls=tuple(self.tool_calls))


Scene = Reply | Fault | None
"""One step of a script: a reply, a fault of the reply that would have come, or the default reply."""

DEFAULT_REPLY = Reply("A scripted answer.")


class ScriptedEngine:
    """Says what it is told to: a fixed reply, one after the other, or a function of the request.

    >>> ScriptedEngine("A red circle.")
    >>> ScriptedEngine([busy(), Reply("A red circle.")])              # then the last one again and again
    >>> ScriptedEngine(lambda request: f"{len(request.pictures)} pictures")
    """

    def __init__(
        self,
        replies: str | Scene | Iterable[str | Scene] | Callable[[Request], str | Scene] = DEFAULT_REPLY,
        *,
        model: str = "scripted",
        capabilities: Sequence[str] = ("completion", "vision"),
        context_length: int = 4096,
        model_info: Mapping[str, Any] | None = None,
        projector_info: Mapping[str, Any] | None = None,
        models: Sequence[ModelFacts] = (),
    ) -> None:
        facts = ModelFacts(
            name=model,
            capabilities=tuple(capabilities),
            context_length=context_length,
            model_info=model_info or {},
            projector_info=projector_info or {},
        )
        self._models = (facts, *models)
        self._replies = replies
        self._rest = iter(()) if callable(replies) else iter(_listed(replies))
        self._last: str | Scene = DEFAULT_REPLY
        self.asked: list[Request] = []
        """Every request that was answered, checked and parsed."""

    @property
    def models(self) -> Sequence[ModelFacts]:
        return self._models

    def context_length(self, model: ModelFacts, options: Mapping[str, Any]) -> int:
        return min(int(options.get("num_ctx", model.context_length)), model.context_length)

    async def load(self, model: ModelFacts, options: Mapping[str, Any]) -> None:
        """There is nothing to load."""

    async def unload(self, model: ModelFacts) -> None:
        """There is nothing to unload."""

    async def close(self) -> None:
        """There is nothing to give back."""

    async def answer(self, model: ModelFacts, request: Request) -> AsyncGenerator[Event, None]:
        self.asked.append(request)
        checked(request.options)
        scene = self._next(request)
        if isinstance(scene, Fault):
            scene = replace(DEFAULT_REPLY, fault=scene)
        async for event in (scene or DEFAULT_REPLY).events():
            yield event

    def _next(self, request: Request) -> Scene:
        if callable(self._replies):
            self._last = self._replies(request)
        else:
            self._last = next(self._rest, self._last)
        return Reply(self._last) if isinstance(self._last, str) else self._last


def _listed(replies: str | Scene | Iterable[str | Scene]) -> Iterable[str | Scene]:
    return [replies] if replies is None or isinstance(replies, str | Reply | Fault) else replies


def _pieces(text: str | Sequence[str]) -> Sequence[str]:
    return _WORDS.findall(text) if isinstance(text, str) else text
