"""A class in, its object back: the schema goes out as `format`, the answer is read, and asked for again if it must.

It asks through the object's public endpoints, so that each question that is really asked has its events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.llm import (
    LLMStructuredPredictEndEvent,
    LLMStructuredPredictInProgressEvent,
    LLMStructuredPredictStartEvent,
)
from llama_index.core.program.utils import create_flexible_model
from llama_index.core.types import Model

from ollama_vision.model import Attempts, BlockingCaller, LoopCaller, ObjectStream, ask_until_it_fits, resolve
from ollama_vision.protocol import ObjectOf, Said

from .prompting import PICTURES, picture_blocks, pictures_apart, with_blocks

if TYPE_CHECKING:
    from llama_index.core.prompts import BasePromptTemplate

    from .settings import OllamaSettings

_dispatcher = get_dispatcher(__name__)
_OF_TOOLS = ("tool_choice", "tool_required", "allow_parallel_tool_calls")
"""What core's own programs take out of `llm_kwargs`: it says nothing here."""


@dataclass(frozen=True)
class ResponseText:
    """What a response says."""

    text: str
    thinking: str = ""
    finish_reason: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, response: Any) -> ResponseText:
        """Of a ChatResponse or a CompletionResponse."""
        text = (response.message.content or "") if isinstance(response, ChatResponse) else response.text
        more = response.additional_kwargs
        return cls(text, str(more.get("thinking") or ""), str(more.get("finish_reason") or ""), response.raw)


class Question(Generic[Model]):
    """What a structured endpoint was asked: a class, a prompt, pictures, and the keywords of the chat to come.

    Raises:
        TypeError: a keyword that is not chat's, or that the schema takes the place of.
    """

    def __init__(
        self,
        llm: OllamaSettings,
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
        self.llm = llm
        self.form = ObjectOf.of(output_cls)
        retries = int(kwargs.pop("max_validation_retries", llm.max_validation_retries))
        self.attempts: Attempts[Said, Model] = Attempts(llm.model, self.form, retries)
        self.pictures = kwargs.pop(PICTURES, None)
        self.kwargs = {**kwargs, "format": self.form.schema}
        self._image_options = resolve(llm, "chat", self.kwargs).image_options
        self._prompt = prompt
        self._prompt_args = given
        _dispatcher.event(
            LLMStructuredPredictStartEvent(output_cls=output_cls, template=prompt, template_args=dict(prompt_args))
        )

    def messages(self, pictures: Any) -> list[ChatMessage]:
        """The conversation, the object's system prompt included. Reads and encodes the pictures."""
        messages = self._prompt.format_messages(llm=self.llm, **self._prompt_args)
        messages = with_blocks(messages, picture_blocks(pictures, self._image_options))
        return self.llm._extend_messages(messages)


class BlockingChat(BlockingCaller):
    """Asks by blocking the thread."""

    def __init__(self, question: Question[Any]) -> None:
        super().__init__(question.llm)
        self._llm, self._kwargs = question.llm, question.kwargs

    async def whole(self, messages: Sequence[ChatMessage]) -> Said:
        return ResponseText.of(self._llm.chat(messages, **self._kwargs))

    async def begin(self, messages: Sequence[ChatMessage]) -> Any:
        return self._llm.stream_chat(messages, **self._kwargs)


class LoopChat(LoopCaller):
    """Asks on the running event loop."""

    def __init__(self, question: Question[Any]) -> None:
        super().__init__(question.llm)
        self._llm, self._kwargs = question.llm, question.kwargs

    async def whole(self, messages: Sequence[ChatMessage]) -> Said:
        return ResponseText.of(await self._llm.achat(messages, **self._kwargs))

    async def begin(self, messages: Sequence[ChatMessage]) -> Any:
        return await self._llm.astream_chat(messages, **self._kwargs)


async def predict(chat: BlockingChat | LoopChat, question: Question[Model]) -> tuple[Said, Model]:
    """The answer that is an object of the class, and the object.

    Raises:
        StructuredOutputError: the answers do not fit the class.
    """
    messages = await chat.prepare(question.pictures, question.messages)
    said, made = await ask_until_it_fits(chat.whole, messages, follow, question.attempts)
    _dispatcher.event(LLMStructuredPredictEndEvent(output=made))
    return said, made


async def begin(chat: BlockingChat | LoopChat, question: Question[Model]) -> ObjectStream[list[ChatMessage], Model]:
    """Ask, and wait for the first piece of the answer: what goes wrong until then is raised here."""
    messages = await chat.prepare(question.pictures, question.messages)
    return ObjectStream(
        chat,
        follow,
        messages,
        await chat.begin(messages),
        question.attempts,
        question.form,
        said=ResponseText.of,
        partial=create_flexible_model(question.form.output_cls),
        on_object=_tell,
    )


def follow(messages: Sequence[ChatMessage], answer: str, words: str) -> list[ChatMessage]:
    """The conversation that goes on with an answer, and with further words of the user's."""
    said = ChatMessage(role=MessageRole.ASSISTANT, content=answer), ChatMessage(role=MessageRole.USER, content=words)
    return [*messages, *said]


def _tell(grown: Any, is_last: bool) -> None:
    _dispatcher.event(LLMStructuredPredictInProgressEvent(output=grown))
    if is_last:
        _dispatcher.event(LLMStructuredPredictEndEvent(output=grown))
