"""ScriptedEngine: a fake model (a test double) whose replies, pace and faults a test sets."""

from __future__ import annotations

import inspect
import logging
import re
import threading
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..faults import Fault
from ..pace import Gate, Pause
from ..protocol.catalog import ModelFacts
from ..protocol.embeddings import UNSUPPORTED, Embedded, EmbedRequest
from ..protocol.options import checked
from ..protocol.requests import Request
from .base import Ending, EngineError, Event, Piece, ToolCall
from .daemon_thread import in_daemon_thread
from .scripted_vectors import BadVector, Script, check_script, vector_of

_HERE = Path(__file__).parent.parent
_LOG = logging.getLogger("ollama_embedded")
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

    def __post_init__(self) -> None:
        """Refuse what is no answer: it would be left out, or break the reply on its way."""
        _check_items("said", self.said, (str, Piece, Gate, Pause), "texts, Pieces, Gates and Pauses")
        _check_items("thinking", self.thinking, (str,), "texts")
        if isinstance(self.tool_calls, str) or not isinstance(self.tool_calls, Sequence):
            raise TypeError(f"tool_calls of a Reply is {self.tool_calls!r:.200}: give a list of ToolCalls")
        _check_items("tool_calls", self.tool_calls, (ToolCall,), "ToolCalls")
        if not isinstance(self.fault, Fault | None):
            raise TypeError(f"fault of a Reply is {self.fault!r:.200}: give a fault of ollama_embedded.faults")
        if not isinstance(self.ending, Ending | None):
            raise TypeError(f"ending of a Reply is {self.ending!r:.200}: give an Ending")

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


def _check_items(field: str, value: Any, kinds: tuple[type, ...], named: str) -> None:
    if isinstance(value, str):
        return
    if isinstance(value, bytes | bytearray) or not isinstance(value, Sequence):
        raise TypeError(f"{field} of a Reply is {value!r:.200}: give a text, or a list of {named}")
    for item in value:
        if not isinstance(item, kinds):
            raise TypeError(f"{field} of a Reply holds {item!r:.200}: give {named}")


Scene = Reply | Fault | None
"""One step of a script: a reply, a fault of the reply that would have come, or the default reply."""

DEFAULT_REPLY = Reply("A scripted answer.")

_Said = str | Scene
_Function = Callable[[Request], str | Reply | Fault | Awaitable[str | Reply | Fault]]
_WHAT_IT_MAY_SAY = "a text, a Reply or a fault"


class ScriptedEngine:
    """Says what it is told to: a fixed reply, one after the other, or a function of the request.

    >>> ScriptedEngine("A red circle.")
    >>> ScriptedEngine([busy(), Reply("A red circle.")])              # then the last one again and again
    >>> ScriptedEngine(lambda request: f"{len(request.pictures)} pictures")

    A function may take its time: it runs beside the server's event loop, as many at once as there are slots
    (`num_parallel`), so it must be safe in threads. It may be `async`, then it runs on the loop. What it raises, and
    what is no reply, is a 500 that says so. A script that says nothing is refused.

    >>> ScriptedEngine(embed={"a cat": [1, 0], "a dog": [0.9, 0.1]})     # for /api/embed and /v1/embeddings

    `embed` is a vector for every text, one for each, or a function of a text; without it embeddings are refused, as by
    a real server whose model makes none.
    """

    def __init__(
        self,
        replies: _Said | Iterable[_Said] | _Function = DEFAULT_REPLY,
        *,
        model: str = "scripted",
        capabilities: Sequence[str] = ("completion", "vision"),
        context_length: int = 4096,
        model_info: Mapping[str, Any] | None = None,
        projector_info: Mapping[str, Any] | None = None,
        models: Sequence[ModelFacts] = (),
        embed: Script | None = None,
    ) -> None:
        check_script(embed)
        facts = ModelFacts(
            name=model,
            capabilities=tuple(capabilities),
            context_length=context_length,
            model_info=model_info or {},
            projector_info=projector_info or {},
        )
        self._models = (facts, *models)
        self._script = replies if callable(replies) else _OneAfterTheOther(_check_script(replies))
        self.asked: list[Request] = []
        """Every request that was answered, checked and parsed."""
        self._embed = embed
        self.embedded: list[EmbedRequest] = []
        """Every request for embeddings."""

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

    async def embed(self, model: ModelFacts, request: EmbedRequest) -> Embedded:
        self.embedded.append(request)
        script = self._embed
        if script is None:
            raise EngineError(501, UNSUPPORTED)
        try:
            vectors = await in_daemon_thread(lambda: [vector_of(script, text) for text in request.texts])
        except BadVector as fault:
            raise EngineError(500, str(fault)) from None
        except Exception as fault:
            _LOG.exception("The script of the embedded server failed")
            raise EngineError(500, f"the script of the embedded server raised {_describe_exception(fault)}") from fault
        return Embedded(vectors, tokens=sum(len(text.split()) for text in request.texts))

    async def answer(self, model: ModelFacts, request: Request) -> AsyncGenerator[Event, None]:
        self.asked.append(request)
        checked(request.options)
        scene = await self._scene(request)
        if isinstance(scene, Fault):
            scene = replace(DEFAULT_REPLY, fault=scene)
        async for event in (scene or DEFAULT_REPLY).events():
            yield event

    async def _scene(self, request: Request) -> Scene:
        script = self._script
        try:
            if isinstance(script, _OneAfterTheOther):
                return await script.next_scene()
            said = await in_daemon_thread(lambda: script(request))
            return _scene(await said if inspect.isawaitable(said) else said, "the function of the script returned")
        except _BadScript as fault:
            raise EngineError(500, str(fault)) from None
        except Exception as fault:
            _LOG.exception("The script of the embedded server failed")
            raise EngineError(500, f"the script of the embedded server raised {_describe_exception(fault)}") from fault


def _describe_exception(fault: Exception) -> str:
    """An exception and where the test's own code let it out."""
    # A StopIteration cannot leave a coroutine as itself.
    shown = fault.__cause__ if isinstance(fault.__cause__, StopIteration) else fault
    frames = traceback.extract_tb(shown.__traceback__)
    where = next((frame for frame in frames if _HERE not in Path(frame.filename).parents), frames[-1])
    return f"{type(shown).__name__}: {shown} ({where.filename}:{where.lineno})"


class _BadScript(Exception):
    """What a script said is no reply."""


class _OneAfterTheOther:
    """Replies in turn, and then the last one again and again."""

    def __init__(self, replies: Iterable[_Said]) -> None:
        self._rest = iter(replies)
        self._may_block = not isinstance(replies, Sequence)
        self._turn = threading.Lock()
        self._last: Scene = None
        self._began = False

    async def next_scene(self) -> Scene:
        """A list's next is there; a generator may work for it."""
        return await in_daemon_thread(self._next) if self._may_block else self._next()

    def _next(self) -> Scene:
        with self._turn:
            for said in self._rest:
                self._last, self._began = _scene(said, "the replies of the script hold", none_is_default=True), True
                break
            if not self._began:
                raise _BadScript("the replies of the script are empty: there is nothing to say")
            return self._last


def _scene(said: Any, what: str, *, none_is_default: bool = False) -> Scene:
    if isinstance(said, str):
        return Reply(said)
    if isinstance(said, Reply | Fault) or (said is None and none_is_default):
        return said
    forgotten = " (a forgotten return?)" if said is None else ""
    raise _BadScript(f"{what} {said!r:.200}{forgotten}: give {_WHAT_IT_MAY_SAY}")


def _check_script(replies: _Said | Iterable[_Said]) -> Iterable[_Said]:
    """Replies as something to go through. What could only say nothing, or not what was meant, is a mistake."""
    if replies is None or isinstance(replies, str | Reply | Fault):
        return [replies]
    if isinstance(replies, Mapping | Set | bytes | bytearray) or not isinstance(replies, Iterable):
        raise TypeError(
            f"a {type(replies).__name__} is no script: give {_WHAT_IT_MAY_SAY}, a list of them, or a function"
            " that gets the request and returns one"
        )
    if isinstance(replies, Iterator):
        return replies
    listed = list(replies)
    if not listed:
        raise ValueError('an empty list is no script: leave it out for any answer, or give "" for an empty one')
    for said in listed:
        try:
            _scene(said, "the replies of the script hold", none_is_default=True)
        except _BadScript as fault:
            raise TypeError(str(fault)) from None
    return listed


def _pieces(text: str | Sequence[str]) -> Sequence[str]:
    return _WORDS.findall(text) if isinstance(text, str) else text
