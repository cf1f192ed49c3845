"""A class in, its object back: the schema goes out as `format`, the answer is read, and asked for again if it must.

It asks through the object's public endpoints, so that each question that is really asked has its events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.llm import (
    LLMStructuredPredictEndEvent,
    LLMStructuredPredictInProgressEvent,
    LLMStructuredPredictStartEvent,
)
from llama_index.core.program.utils import create_flexible_model
from llama_index.core.types import Model

from ollama_vision.model import Attempts, BlockingChat, LoopChat, ObjectStream, ask_until_it_fits, resolve_arguments
from ollama_vision.protocol import ObjectOf, Said

from .prompting import PICTURES, picture_blocks, pictures_apart, with_blocks
from .tool_calls import follow

if TYPE_CHECKING:
    from llama_index.core.prompts import BasePromptTemplate

    from ollama_vision.pictures import ServerSizes

    from .settings import OllamaSettings

_dispatcher = get_dispatcher(__name__)
_OF_TOOLS = ("tool_choice", "tool_required", "allow_parallel_tool_calls")
"""What core's own programs take out of `llm_kwargs`: it says nothing here."""


class ResponseText(NamedTuple):
    """What a response says."""

    text: str
    thinking: str
    finish_reason: str
    raw: Mapping[str, Any]

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
        self._image_options = resolve_arguments(llm, "chat", self.kwargs).image_options
        self._prompt = prompt
        self._prompt_args = given
        _dispatcher.event(
            LLMStructuredPredictStartEvent(output_cls=output_cls, template=prompt, template_args=dict(prompt_args))
        )

    def messages(self, pictures: Any, sizes: ServerSizes | None) -> list[ChatMessage]:
        """The conversation, the object's system prompt included. Reads and encodes the pictures."""
        messages = self._prompt.format_messages(llm=self.llm, **self._prompt_args)
        messages = with_blocks(messages, picture_blocks(pictures, self._image_options, sizes))
        return self.llm._extend_messages(messages)


def blocking(question: Question[Any]) -> BlockingChat:
    """How the question is asked by blocking the thread."""
    llm = question.llm
    return BlockingChat(llm, llm.chat, llm.stream_chat, question.kwargs, ResponseText.of)


def on_loop(question: Question[Any]) -> LoopChat:
    """How it is asked on an event loop."""
    llm = question.llm
    return LoopChat(llm, llm.achat, llm.astream_chat, question.kwargs, ResponseText.of)


async def predict(chat: BlockingChat | LoopChat, question: Question[Model]) -> tuple[Said, Model]:
    """The answer that is an object of the class, and the object.

    Raises:
        StructuredOutputError: the answers do not fit the class.
    """
    messages = await chat.prepare(question.pictures, question.messages)
    said, made = await ask_until_it_fits(chat.collect, messages, follow, question.attempts)
    _dispatcher.event(LLMStructuredPredictEndEvent(output=made))
    return said, made


async def start(chat: BlockingChat | LoopChat, question: Question[Model]) -> ObjectStream[list[ChatMessage], Model]:
    """Ask, and wait for the first piece of the answer: what goes wrong until then is raised here."""
    messages = await chat.prepare(question.pictures, question.messages)
    return ObjectStream(
        chat,
        follow,
        messages,
        await chat.start(messages),
        question.attempts,
        question.form,
        said=ResponseText.of,
        partial=create_flexible_model(question.form.output_cls),
        on_object=_tell,
    )


def _tell(grown: Any, is_last: bool) -> None:
    _dispatcher.event(LLMStructuredPredictInProgressEvent(output=grown))
    if is_last:
        _dispatcher.event(LLMStructuredPredictEndEvent(output=grown))
