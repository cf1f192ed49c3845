"""One picture, one question: the answer whole and of its class, or an error that says why it is not."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from .. import _structured, errors
from .._clock import Clock
from .repetition import Watch

if TYPE_CHECKING:
    from .._images import PreparedImage
    from ..base import OllamaMultiModal

Response = CompletionResponse | ChatResponse
_AS_IT_IS = "{prompt}"
"""A template that is nothing but its variable: braces in the prompt stay braces."""


@dataclass(frozen=True)
class Ask:
    """What each picture is asked."""

    prompt: str
    output_cls: type[BaseModel] | None = None
    keywords: Mapping[str, Any] = field(default_factory=dict)
    """Of the call: `think`, `options`, ..."""
    deadline: float | None = None
    """Seconds for one picture, from when its request starts, questions that are asked again included."""


@dataclass(frozen=True)
class Answer:
    """What a picture's question came to."""

    text: str
    fields: dict[str, Any] | None = None
    """The object that the text is, as plain JSON; `None` when no class was asked for."""
    finish_reason: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    """The server's own; where it does not tell, all that passed."""
    waited: float = 0.0


async def answer(llm: OllamaMultiModal, ask: Ask, pictures: Sequence[PreparedImage]) -> Answer:
    """Ask, and wait for the whole answer.

    Raises:
        AnswerCutError: it ran into a limit, or repeats itself.
        EmptyResponseError: there is nothing in it.
        OllamaMultiModalError: whatever else a call raises.
    """
    started = time.monotonic()
    teller = _Teller(llm, ask)
    if ask.output_cls is None:
        keywords = {**ask.keywords, **teller.time_left()}
        stream = await llm.astream_complete(ask.prompt, image_documents=list(pictures), **keywords)
        last = await teller.listen(stream)
        text, fields = last.text, None
        _refuse_what_is_cut(llm.model, text, last)
    else:
        made = await _object(llm, ask, teller, pictures)
        text, fields = teller.text, made.model_dump(mode="json")
    if not text.strip():
        raise errors.EmptyResponseError(
            f"{llm.model!r} answered with nothing. Ask in other words, or ask another model.",
            finish_reason=teller.finish_reason,
        )
    passed = time.monotonic() - started
    seconds = passed if teller.seconds is None else min(teller.seconds, passed)
    return Answer(text, fields, teller.finish_reason, teller.usage, seconds, passed - seconds)


async def _object(llm: OllamaMultiModal, ask: Ask, teller: _Teller, pictures: Sequence[PreparedImage]) -> BaseModel:
    assert ask.output_cls is not None  # noqa: S101
    prompted = {"prompt": ask.prompt, "image_documents": list(pictures)}
    question = _structured.Question(llm, ask.output_cls, PromptTemplate(_AS_IT_IS), dict(ask.keywords), prompted)
    try:
        return await _structured.predict(teller, question)
    except errors.StructuredOutputError as error:
        if error.finish_reason != "length":
            raise
        raise _cut(llm.model, error.partial_text, error.thinking) from error


class _Teller(_structured.LoopChat):
    """Asks by streams, so that an answer without end can be left, and keeps what the last answer said of itself."""

    def __init__(self, llm: OllamaMultiModal, ask: Ask) -> None:
        super().__init__(llm)
        self._model = llm.model
        self._clock = Clock.start(None, ask.deadline)
        self.text = ""
        self.finish_reason = ""
        self.usage: dict[str, int] = {}
        self.seconds: float | None = None
        """What the server says that it took, waiting left out; `None` where it does not say."""

    def time_left(self) -> dict[str, Any]:
        """The keyword that holds the next request to what is left of the deadline."""
        self._clock.check()
        return {} if self._clock.remaining is None else {"deadline": self._clock.remaining}

    async def whole(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        stream = await self.begin(messages, {**kwargs, **self.time_left()})
        response: ChatResponse = await self.listen(stream)
        self.text = response.message.content or ""
        return response

    async def listen(self, stream: AsyncGenerator[Any, None]) -> Any:
        """The last item of a stream.

        Raises:
            AnswerCutError: what comes repeats itself without end; the request is closed.
        """
        last: Any = None
        text_watch, thought_watch = Watch(), Watch()
        async with aclosing(stream):
            async for item in stream:
                last = item
                text = (item.message.content or "") if isinstance(item, ChatResponse) else item.text
                thinking = str(item.additional_kwargs.get("thinking") or "")
                if unit := text_watch.unit(text) or thought_watch.unit(thinking):
                    raise _repeats(self._model, text, thinking, unit)
        self.finish_reason = str(last.additional_kwargs.get("finish_reason") or "")
        for name, count in last.raw["usage"].items():
            self.usage[name] = self.usage.get(name, 0) + count
        if isinstance(last.raw.get("eval_duration"), int):
            took = sum(last.raw.get(f"{part}_duration") or 0 for part in ("load", "prompt_eval", "eval"))
            self.seconds = (self.seconds or 0.0) + took / 1e9
        return last


def _refuse_what_is_cut(model: str, text: str, last: Response) -> None:
    if last.additional_kwargs.get("finish_reason") == "length":
        raise _cut(model, text, str(last.additional_kwargs.get("thinking") or ""))


def _cut(model: str, text: str, thinking: str) -> errors.AnswerCutError:
    return errors.AnswerCutError(
        f"The answer of {model!r} is not whole: it ran into the limit after {len(text)} characters. Give it more "
        "room with num_predict (max_tokens) or context_window, or ask for less. What came is in partial_text.",
        partial_text=text,
        thinking=thinking,
        finish_reason="length",
    )


def _repeats(model: str, text: str, thinking: str, unit: str) -> errors.AnswerCutError:
    shown = " ".join(unit.split())[:60]
    return errors.AnswerCutError(
        f"{model!r} repeats itself without end ({shown!r}) and was stopped. Another seed, a higher temperature or "
        "repeat_penalty=1.1 may help. What came is in partial_text.",
        partial_text=text,
        thinking=thinking,
        finish_reason="repetition",
    )
