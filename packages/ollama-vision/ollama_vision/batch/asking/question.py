"""One question to one picture: what is asked, who answers it, and the answer, whole and of its class."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel

from ollama_vision import errors
from ollama_vision.http import Deadline
from ollama_vision.protocol import MORE_ROOM, Said

from .repetition import RepetitionDetector

if TYPE_CHECKING:
    from ollama_vision.model import Answer, Calibration, Settings
    from ollama_vision.pictures import PreparedImage
    from ollama_vision.server import ModelCapabilities
    from ollama_vision.sight import SightReport


T = TypeVar("T")


@dataclass(frozen=True)
class PictureQuestion:
    """What each picture is asked."""

    prompt: str
    output_cls: type[BaseModel] | None = None
    keywords: Mapping[str, Any] = field(default_factory=dict)
    """Of the call: `think`, `options`, ..."""
    deadline: float | None = None
    """Seconds for one picture, from when its request starts, questions that are asked again included."""
    labels: tuple[str, ...] = ()
    """Of which one is the answer; empty where it is not one of some labels."""
    calibration: Calibration | None = None
    """What makes the labels' probabilities mean what they say."""
    confidence: bool = False
    """Whether to tell how sure the model is of fields of the class that are one of some values."""
    placeholders: tuple[str, ...] = ()
    """Names of those in the prompt, in whose place stands what each picture says of itself when it is asked about."""
    system: str | None = None
    """A system prompt, in place of the model's own."""


@dataclass(frozen=True)
class PictureAnswer:
    """What a picture's question came to."""

    text: str
    fields: dict[str, Any] | None = None
    """The object that the text is, as plain JSON; `None` when no class was asked for."""
    finish_reason: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    """The server's own; where it does not tell, all that passed."""
    waited: float = 0.0
    choice: dict[str, Any] | None = None
    """`label` and `probabilities`, where labels were given."""
    confidence: dict[str, float | None] | None = None
    """By field, how sure the model is of it; where that was asked for."""
    pictures: tuple[dict[str, Any], ...] = ()
    """What was sent of each picture, and what the server makes of it; empty where that is not known any more."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What who asked in several questions tells of them."""


class Heard(Said, Protocol):
    """What an item of an answer says, all of it so far."""

    @property
    def raw(self) -> Mapping[str, Any]:
        """The server's last reply; at the end with `usage`."""


H = TypeVar("H", bound=Heard)


class HostedModel(Protocol):
    """One model on one host, as a run asks it."""

    @property
    def model(self) -> str: ...

    @property
    def host(self) -> str:
        """The server's address, by which it is named."""

    @property
    def settings(self) -> Settings:
        """What every request is sent with, by which a question is known again."""

    async def answer(self, question: PictureQuestion, pictures: Sequence[PreparedImage]) -> PictureAnswer:
        """Ask, and wait for the whole answer.

        Raises:
            AnswerCutError: it ran into a limit, or repeats itself.
            EmptyResponseError: there is nothing in it.
            OllamaMultiModalError: whatever else a call raises.
        """

    async def examine(self, keywords: Mapping[str, Any], first: int) -> SightReport:
        """Ask about drawn pictures whether it sees; `first` right answers are enough. Raises as `answer` does."""

    async def greet(self) -> None:
        """Ask the server what it answers at once. Raises OllamaMultiModalError when it is not there."""

    async def is_loaded(self) -> bool | None:
        """Whether the model is in memory; `None` when the server does not say."""

    async def capabilities(self) -> ModelCapabilities | None:
        """What the model is, asked at once; `None` when the server does not say, or is not there."""

    async def load(self, keywords: Mapping[str, Any]) -> errors.OllamaMultiModalError | None:
        """Load it, with the options of the questions; why that failed, where the host is to blame for it."""


class AnswerCollector:
    """Hears one question's answers while they grow, so that one without end can be left; adds up what they cost."""

    def __init__(self, model: str, deadline: float | None) -> None:
        self._model = model
        self._started = time.monotonic()
        self._clock = Deadline(None, deadline)
        self._finish_reason = ""
        self._usage: dict[str, int] = {}
        self._seconds: float | None = None
        """What the server says that it took, waiting left out; `None` where it does not say."""
        self.pictures: tuple[dict[str, Any], ...] = ()
        """What was sent, where who listens tells it."""

    def time_left(self) -> dict[str, Any]:
        """The keyword that holds the next request to what is left of the deadline."""
        self._clock.check()
        return {} if self._clock.remaining is None else {"deadline": self._clock.remaining}

    async def listen(self, stream: AsyncGenerator[T, None], said: Callable[[T], H]) -> H:
        """What the last item of an answer says that comes in.

        Args:
            said: what an item says.

        Raises:
            AnswerCutError: it repeats itself without end; the request is closed.
        """
        last: H | None = None
        text_watch, thought_watch = RepetitionDetector(), RepetitionDetector()
        async with aclosing(stream):
            async for item in stream:
                last = said(item)
                if unit := text_watch.unit(last.text) or thought_watch.unit(last.thinking):
                    error = _repeats(self._model, last.text, last.thinking, unit)
                    error.seconds = time.monotonic() - self._started  # tokens are told at an answer's end alone
                    raise error
        assert last is not None, "a stream without an item is an error already"  # noqa: S101
        self._end(last.raw, last.finish_reason)
        return last

    def hear(self, answer: Answer) -> None:
        """One answer that came whole."""
        self._end(answer.raw, answer.finish_reason)

    def _end(self, raw: Mapping[str, Any], finish_reason: str) -> None:
        self._finish_reason = finish_reason
        for name, count in raw["usage"].items():
            self._usage[name] = self._usage.get(name, 0) + count
        if isinstance(raw.get("eval_duration"), int):
            took = sum(raw.get(f"{part}_duration") or 0 for part in ("load", "prompt_eval", "eval"))
            self._seconds = (self._seconds or 0.0) + took / 1e9

    def answer(self, text: str, fields: dict[str, Any] | None = None, thinking: str = "") -> PictureAnswer:
        """What the question came to.

        Raises:
            AnswerCutError: a text that ran into the limit.
            EmptyResponseError: there is nothing in it.
        """
        if fields is None and self._finish_reason == "length":
            error = cut(self._model, text, thinking)
            error.usage, error.seconds = dict(self._usage), time.monotonic() - self._started
            raise error
        if not text.strip():
            raise errors.EmptyResponseError(
                f"{self._model!r} answered with nothing. Ask in other words, or ask another model.",
                finish_reason=self._finish_reason,
            )
        passed = time.monotonic() - self._started
        seconds = passed if self._seconds is None else min(self._seconds, passed)
        waited = passed - seconds
        return PictureAnswer(text, fields, self._finish_reason, self._usage, seconds, waited, pictures=self.pictures)


def cut(model: str, text: str, thinking: str) -> errors.AnswerCutError:
    """The error of an answer that ran into the limit."""
    return errors.AnswerCutError(
        f"The answer of {model!r} is not whole: it ran into the limit after {len(text)} characters. "
        f"{MORE_ROOM} Or ask for less. What came is in partial_text.",
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
