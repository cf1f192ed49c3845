"""A class in, its object back: the schema goes out as `format`, the answer is read, and asked for again if it must.

One body serves sync and async: it is written over a `Chat`, of which there is one that blocks and one for event loops.
It asks through the object's public endpoints, so that each question that is really asked has its events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.llm import (
    LLMStructuredPredictEndEvent,
    LLMStructuredPredictInProgressEvent,
    LLMStructuredPredictStartEvent,
)
from llama_index.core.program.utils import FlexibleModel, create_flexible_model
from llama_index.core.types import Model
from pydantic import ValidationError
from pydantic_core import from_json

from ollama_vision.model import resolve
from ollama_vision.pictures import awaited
from ollama_vision.protocol import CheckedByTheAsker, asks_again, begun, json_schema, no_object, object_in, problems

from .prompting import PICTURES, picture_blocks, pictures_apart, with_blocks

if TYPE_CHECKING:
    from llama_index.core.prompts import BasePromptTemplate

    from .base import OllamaMultiModal

T = TypeVar("T")
_dispatcher = get_dispatcher(__name__)
_OF_TOOLS = ("tool_choice", "tool_required", "allow_parallel_tool_calls")
"""What core's own programs take out of `llm_kwargs`: it says nothing here."""


class Chat(Protocol):
    """How to wait for the object's answers; the two classes below."""

    async def run(self, work: Callable[[], T]) -> T:
        """Do work that reads, decodes or encodes, away from an event loop."""

    async def read(self, pictures: Any) -> Any:
        """The pictures, with what can only be awaited read."""

    async def whole(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponse: ...

    async def begin(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> Any:
        """An answer that is coming in."""

    async def next(self, stream: Any) -> ChatResponse | None: ...

    async def close(self, stream: Any) -> None: ...


class BlockingChat:
    """Asks by blocking the thread."""

    def __init__(self, llm: OllamaMultiModal) -> None:
        self._llm = llm

    async def run(self, work: Callable[[], T]) -> T:
        return await self._llm._blocking().run(work, self._llm._clock())

    async def read(self, pictures: Any) -> Any:
        return pictures

    async def whole(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        return self._llm.chat(messages, **kwargs)

    async def begin(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> Any:
        return self._llm.stream_chat(messages, **kwargs)

    async def next(self, stream: Any) -> ChatResponse | None:
        return next(stream, None)

    async def close(self, stream: Any) -> None:
        stream.close()


class LoopChat:
    """Asks on the running event loop."""

    def __init__(self, llm: OllamaMultiModal) -> None:
        self._llm = llm

    async def run(self, work: Callable[[], T]) -> T:
        return await self._llm._on_loop().run(work, self._llm._clock())

    async def read(self, pictures: Any) -> Any:
        return await awaited(pictures)

    async def whole(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        return await self._llm.achat(messages, **kwargs)

    async def begin(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> Any:
        return await self._llm.astream_chat(messages, **kwargs)

    async def next(self, stream: Any) -> ChatResponse | None:
        return await anext(stream, None)

    async def close(self, stream: Any) -> None:
        await stream.aclose()


class Question(Generic[Model]):
    """What a structured endpoint was asked: a class, a prompt, pictures, and the keywords of the chat to come.

    Raises:
        TypeError: a keyword that is not chat's, or that the schema takes the place of.
    """

    def __init__(
        self,
        llm: OllamaMultiModal,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: Mapping[str, Any] | None,
        prompt_args: Mapping[str, Any],
    ) -> None:
        kwargs = {name: value for name, value in (llm_kwargs or {}).items() if name not in _OF_TOOLS}
        for name in ("format", "tools"):
            if name in kwargs:
                raise TypeError(f"{name}= has no place beside a class: the schema of {output_cls.__name__} is sent")
        given, pictures = pictures_apart(prompt, prompt_args)
        if PICTURES in prompt_args and PICTURES not in given:
            if PICTURES in kwargs:
                raise TypeError("image_documents was given twice, beside the prompt and in llm_kwargs")
            kwargs[PICTURES] = pictures
        self.model = llm.model
        self.output_cls = output_cls
        self.retries = int(kwargs.pop("max_validation_retries", llm.max_validation_retries))
        self.pictures = kwargs.pop(PICTURES, None)
        self.schema = CheckedByTheAsker(json_schema(output_cls) or {})
        self.kwargs = {**kwargs, "format": self.schema}
        self._image_options = resolve(llm, "chat", self.kwargs).image_options
        self._llm = llm
        self._prompt = prompt
        self._prompt_args = given
        _dispatcher.event(
            LLMStructuredPredictStartEvent(output_cls=output_cls, template=prompt, template_args=dict(prompt_args))
        )

    def messages(self) -> list[ChatMessage]:
        """The conversation, the object's system prompt included. Reads and encodes pictures."""
        messages = self._prompt.format_messages(llm=self._llm, **self._prompt_args)
        messages = with_blocks(messages, picture_blocks(self.pictures, self._image_options))
        return self._llm._extend_messages(messages)

    def read(self, response: ChatResponse) -> Model:
        """The object that the answer is.

        Raises:
            ValidationError: it is none, or there is more than one.
        """
        return object_in(self.output_cls, response.message.content or "")

    def again(
        self, messages: Sequence[ChatMessage], response: ChatResponse, fault: ValidationError, asked: int
    ) -> list[ChatMessage]:
        """The conversation that asks once more, with what is wrong with the answer.

        Args:
            asked: how often it has been asked.

        Raises:
            StructuredOutputError: it has been asked often enough, or the answer was cut, as the next would be.
        """
        text = response.message.content or ""
        reason = str(response.additional_kwargs.get("finish_reason") or "")
        found = problems(fault)
        if reason != "length" and asked <= self.retries:
            return [
                *messages,
                ChatMessage(role=MessageRole.ASSISTANT, content=text),
                ChatMessage(
                    role=MessageRole.USER,
                    content=asks_again(found, self.schema),
                ),
            ]
        thinking = str(response.additional_kwargs.get("thinking") or "")
        raise no_object(self.model, self.output_cls, text, thinking, reason, fault, asked) from fault


async def predict(chat: Chat, question: Question[Model]) -> Model:
    """The whole object.

    Raises:
        StructuredOutputError: the answers do not fit the class.
    """
    question.pictures = await chat.read(question.pictures)
    messages, asked = await chat.run(question.messages), 0
    while True:
        response = await chat.whole(messages, question.kwargs)
        asked += 1
        try:
            result = question.read(response)
        except ValidationError as fault:
            messages = question.again(messages, response, fault, asked)
            continue
        _dispatcher.event(LLMStructuredPredictEndEvent(output=result))
        return result


async def begin(chat: Chat, question: Question[Model]) -> ObjectStream[Model]:
    """Ask, and wait for the first piece of the answer: what goes wrong until then is raised here."""
    question.pictures = await chat.read(question.pictures)
    messages = await chat.run(question.messages)
    return ObjectStream(chat, question, messages, await chat.begin(messages, question.kwargs))


class ObjectStream(Generic[Model]):
    """An object that grows: of its class as soon as it fits, and until then with the fields that are there."""

    def __init__(self, chat: Chat, question: Question[Model], messages: list[ChatMessage], stream: Any) -> None:
        self._chat = chat
        self._question = question
        self._messages = messages
        self._stream = stream
        self._asked = 1
        self._growing = create_flexible_model(question.output_cls)
        self._shown: Any = None
        self._last: ChatResponse | None = None
        self._ended = False

    async def more(self) -> Iterator[Model | FlexibleModel] | None:
        """The object with one piece more, or `None` at the end. The last one is whole."""
        while not self._ended:
            response = await self._chat.next(self._stream)
            grown = await self._whole() if response is None else self._part(response)
            if grown is not None:
                _dispatcher.event(LLMStructuredPredictInProgressEvent(output=grown))
                if self._ended:
                    _dispatcher.event(LLMStructuredPredictEndEvent(output=grown))
                return iter((grown,))
        return None

    async def close(self) -> None:
        self._ended = True
        await self._chat.close(self._stream)

    def _part(self, response: ChatResponse) -> Model | FlexibleModel | None:
        """What there is so far, if it is more than last time."""
        self._last = response
        try:
            there = from_json(begun(response.message.content or ""), allow_partial="trailing-strings")
        except ValueError:
            return None
        if not isinstance(there, dict) or not there or there == self._shown:
            return None
        self._shown = there
        try:
            return self._question.output_cls.model_validate(there)
        except ValidationError:
            return self._growing.model_validate(there)

    async def _whole(self) -> Model | None:
        """The object at the end of an answer; `None` when it had to be asked for again."""
        assert self._last is not None, "a stream without an item is an error already"  # noqa: S101
        try:
            result = self._question.read(self._last)
        except ValidationError as fault:
            self._messages = self._question.again(self._messages, self._last, fault, self._asked)
            self._stream = await self._chat.begin(self._messages, self._question.kwargs)
            self._asked += 1
            return None
        self._ended = True
        return result
