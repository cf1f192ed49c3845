"""Models as the dispatcher asks them: by streams, so that an answer without end can be left; VisionModel among them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ollama_vision.errors import StructuredOutputError
from ollama_vision.model import (
    Arguments,
    AsyncReplyStream,
    Attempts,
    LoopChat,
    Pictures,
    PlainQuestion,
    ask_until_it_fits,
    choose,
    confidences,
    plain_call,
    start,
)
from ollama_vision.protocol import ObjectOf, Said, fields_of_few_values, value_at

from .fingerprint import arguments_of
from .loading import OnHost
from .question import AnswerCollector, Heard, PictureAnswer, PictureQuestion, cut

if TYPE_CHECKING:
    from ollama_vision.model import Answer as ModelAnswer
    from ollama_vision.pictures import PreparedImage


_RETRIES = "max_validation_retries"
_NOTHING = object()


class StreamedOnHost(OnHost, ABC):
    """A model on a host; who asks it says how a text and how an object is asked for."""

    async def answer(self, ask: PictureQuestion, pictures: Sequence[PreparedImage]) -> PictureAnswer:
        """See `HostedModel`."""
        collector = AnswerCollector(self.model, ask.deadline)
        if ask.labels:
            return await self.choose(ask, pictures, collector)
        if ask.output_cls is None:
            heard = await self.ask_for_text(ask, pictures, collector)
            return collector.answer(heard.text, thinking=heard.thinking)
        try:
            said, made = await self.ask_for_object(ask, ask.output_cls, pictures, collector)
        except StructuredOutputError as error:
            if error.finish_reason != "length":
                raise
            raise cut(self.model, error.partial_text, error.thinking) from error
        fields = made.model_dump(mode="json")
        if not ask.confidence:
            return collector.answer(said.text, fields)
        told = await self.confidences(ask, made, pictures, collector)
        return replace(collector.answer(said.text, fields), confidence=told)

    @abstractmethod
    async def ask_for_text(
        self, ask: PictureQuestion, pictures: Sequence[PreparedImage], collector: AnswerCollector
    ) -> Heard:
        """All of the answer, as the collector heard it."""

    @abstractmethod
    async def ask_for_object(
        self,
        ask: PictureQuestion,
        output_cls: type[BaseModel],
        pictures: Sequence[PreparedImage],
        collector: AnswerCollector,
    ) -> tuple[Said, BaseModel]:
        """The answer that is an object of the class, and the object. Raises StructuredOutputError."""

    async def choose(
        self, ask: PictureQuestion, pictures: Sequence[PreparedImage], collector: AnswerCollector
    ) -> PictureAnswer:
        """The most probable label."""
        model = self.settings
        question = _plain(ask, pictures, _of_a_choice(ask.keywords))
        choice = await choose(model._on_loop, model, question, ask.labels, ask.calibration, listener=collector)
        told = {"label": choice.label, "probabilities": choice.probabilities}
        return replace(collector.answer(choice.label), choice=told)

    async def confidences(
        self,
        ask: PictureQuestion,
        made: BaseModel,
        pictures: Sequence[PreparedImage],
        collector: AnswerCollector,
    ) -> dict[str, float | None]:
        """How sure the model is of what its answer says of fields that are one of some values."""
        model = self.settings
        said = made.model_dump(mode="json", by_alias=True, exclude_unset=True)
        question = _plain(ask, pictures, _of_a_choice(ask.keywords))
        values = fields_of_few_values(type(made).model_json_schema())
        answered = {path: each for path, each in values.items() if value_at(said, path, _NOTHING) is not _NOTHING}
        told = await confidences(model._on_loop, model, question, said, answered, listener=collector)
        return {path: told.get(path) for path in values}


def _asks_alike(one: PictureQuestion, other: PictureQuestion) -> bool:
    """Whether nothing differs but the prompt."""
    if one is other:
        return True
    return one.keywords is other.keywords and one.output_cls is other.output_cls and one.system == other.system


def _plain(ask: PictureQuestion, pictures: Sequence[PreparedImage], keywords: Mapping[str, Any]) -> PlainQuestion:
    return PlainQuestion(ask.prompt, Pictures(pictures, "pictures"), keywords, ask.system)


def _of_a_choice(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """What a choice takes of a question's keywords."""
    return {name: each for name, each in keywords.items() if name != _RETRIES}


class ListeningChat(LoopChat):
    """A model's own chat, asked by streams that are listened to."""

    def __init__(self, chat: LoopChat, collector: AnswerCollector) -> None:
        super().__init__(chat._asker, chat._chat, chat._stream, chat._keywords, chat.said)
        self._asked, self._collector = dict(chat._keywords), collector

    async def collect(self, messages: Any) -> Said:
        self._keywords = {**self._asked, **self._collector.time_left()}
        heard: Heard = await self._collector.listen(await self.start(messages), self.said)
        return heard


class ModelOnHost(StreamedOnHost):
    """One VisionModel, as a run asks it.

    What must be of a class is asked by /api/chat: where it is none, the conversation goes on with what is wrong.
    """

    _asked: tuple[PictureQuestion, Arguments] | None = None
    """The last question, and what settings and keywords come to: of all pictures of a run it is the same, though their
    prompts may have words of their own."""

    async def ask_for_text(
        self, ask: PictureQuestion, pictures: Sequence[PreparedImage], collector: AnswerCollector
    ) -> Heard:
        keywords = {name: each for name, each in ask.keywords.items() if name != _RETRIES}
        arguments = self._arguments_of(ask) if ask.deadline is None else None
        return await self._ask(collector, _plain(ask, pictures, keywords), arguments)

    def _arguments_of(self, ask: PictureQuestion) -> Arguments:
        if self._asked is None or not _asks_alike(self._asked[0], ask):
            self._asked = ask, arguments_of(self.settings, ask)
        return self._asked[1]

    async def ask_for_object(
        self,
        ask: PictureQuestion,
        output_cls: type[BaseModel],
        pictures: Sequence[PreparedImage],
        collector: AnswerCollector,
    ) -> tuple[Said, BaseModel]:
        keywords: dict[str, Any] = dict(ask.keywords)
        retries = int(keywords.pop(_RETRIES, self.settings.max_validation_retries))
        form = ObjectOf.of(output_cls)
        question = replace(_plain(ask, pictures, {**keywords, "format": form.schema}), endpoint="chat")
        attempts: Attempts[ModelAnswer, BaseModel] = Attempts(self.model, form, retries)
        return await ask_until_it_fits(partial(self._ask, collector), question, PlainQuestion.follow, attempts)

    async def _ask(
        self, collector: AnswerCollector, question: PlainQuestion, arguments: Arguments | None = None
    ) -> ModelAnswer:
        model = self.settings
        if time_left := collector.time_left():
            question = replace(question, keywords={**question.keywords, **time_left})
        call = plain_call(model, question, arguments=arguments)
        stream = AsyncReplyStream(await start(model._on_loop, model, call))
        answer = await collector.listen(stream, _as_it_is)
        collector.pictures = answer.pictures
        return answer


def _as_it_is(answer: ModelAnswer) -> ModelAnswer:
    return answer
