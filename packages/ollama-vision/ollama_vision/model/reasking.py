"""Validation retries: an answer that does not fit what was asked for is asked for again, with what is wrong with it.

One loop for every conversation, whatever its messages are; and one object that grows out of a stream.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from ollama_vision.protocol import Form, ObjectOf, Said, begun

T = TypeVar("T")
Question = TypeVar("Question")
Asked = TypeVar("Asked", contravariant=True)
Answer = TypeVar("Answer", bound=Said)
Model = TypeVar("Model", bound=BaseModel)


@dataclass
class Attempts(Generic[Answer, T]):
    """How often a model is asked for what its answer must be."""

    model: str
    form: Form[Answer, T]
    retries: int
    """Further questions after the first."""
    asked: int = 1

    def words_after(self, answer: Answer, fault: ValueError) -> str:
        """What the model is told after an answer that does not fit.

        Raises:
            StructuredOutputError: it has been asked often enough, or the answer was cut, as the next would be.
        """
        if answer.finish_reason == "length" or self.asked > self.retries:
            raise self.form.refusal(self.model, answer, fault, self.asked) from fault
        self.asked += 1
        return self.form.asks_again(fault)


async def ask_until_it_fits(
    ask: Callable[[Question], Awaitable[Answer]],
    question: Question,
    follow: Callable[[Question, str, str], Question],
    attempts: Attempts[Answer, T],
) -> tuple[Answer, T]:
    """The first answer that fits, and what it is.

    Args:
        ask: puts a question, and waits for the whole answer.
        question: the first one.
        follow: the question that goes on with an answer and with further words.
        attempts: what must come of it, and how often it is asked for.

    Raises:
        StructuredOutputError: no answer fits.
    """
    while True:
        answer = await ask(question)
        try:
            return answer, attempts.form.read(answer)
        except ValueError as fault:
            question = follow(question, answer.text, attempts.words_after(answer, fault))


class ChatEndpoints(Protocol[Asked]):
    """A model asked by streams, in whatever form its questions are."""

    async def start(self, question: Asked) -> Any:
        """An answer that is coming in."""

    async def take(self, stream: Any) -> Any | None:
        """Its next item; `None` at the end."""

    async def close(self, stream: Any) -> None: ...


@dataclass
class ObjectStream(Generic[Question, Model]):
    """An object that grows: of its class as soon as it fits, and until then with the fields that are there."""

    chat: ChatEndpoints[Question]
    follow: Callable[[Question, str, str], Question]
    """The question that goes on with an answer and with further words."""
    question: Question
    stream: Any
    """The answer to the question, as the chat began it."""
    attempts: Attempts[Said, Model]
    form: ObjectOf[Model]
    said: Callable[[Any], Said]
    """What an item of the stream says, all of it so far."""
    partial: type[BaseModel]
    """A class like the object's, to which no field is required."""
    on_object: Callable[[Any, bool], None]
    """Hears of each object before it is given out, and whether it is the last."""
    _shown: Any = None
    _last: Said | None = None
    _ended: bool = False

    async def next_items(self) -> Iterator[Any] | None:
        """The object with one piece more, or `None` at the end. The last one is whole."""
        while not self._ended:
            item = await self.chat.take(self.stream)
            grown = await self._whole() if item is None else self._part(self.said(item))
            if grown is not None:
                self.on_object(grown, self._ended)
                return iter((grown,))
        return None

    async def close(self) -> None:
        self._ended = True
        await self.chat.close(self.stream)

    def _part(self, answer: Said) -> BaseModel | None:
        """What there is so far, if it is more than last time."""
        self._last = answer
        try:
            there = from_json(begun(answer.text), allow_partial="trailing-strings")
        except ValueError:
            return None
        if not isinstance(there, dict) or not there or there == self._shown:
            return None
        self._shown = there
        try:
            return self.form.output_cls.model_validate(there)
        except ValidationError:
            return self.partial.model_validate(there)

    async def _whole(self) -> Model | None:
        """The object at the end of an answer; `None` when it had to be asked for again."""
        assert self._last is not None, "a stream without an item is an error already"  # noqa: S101
        try:
            made = self.form.read(self._last)
        except ValueError as fault:
            words = self.attempts.words_after(self._last, fault)
            self.question = self.follow(self.question, self._last.text, words)
            self.stream = await self.chat.start(self.question)
            return None
        self._ended = True
        return made
