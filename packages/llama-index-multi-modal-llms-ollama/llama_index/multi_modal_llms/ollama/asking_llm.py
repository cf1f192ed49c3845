"""OllamaMultiModal as the model that a run asks: through its public endpoints, so that each question has its events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from ollama_vision import errors
from ollama_vision.batch import AnswerCollector, OnHost, PictureAnswer, PictureQuestion, cut

from . import structured as _structured

if TYPE_CHECKING:
    from ollama_vision.pictures import PreparedImage

    from .base import OllamaMultiModal

_AS_IT_IS = "{prompt}"
"""A template that is nothing but its variable: braces in the prompt stay braces."""


class LlmOnHost(OnHost):
    """One OllamaMultiModal, asked by streams, so that an answer without end can be left."""

    def __init__(self, llm: OllamaMultiModal) -> None:
        super().__init__(llm)
        self._llm = llm

    async def answer(self, ask: PictureQuestion, pictures: Sequence[PreparedImage]) -> PictureAnswer:
        llm, collector = self._llm, AnswerCollector(self._llm.model, ask.deadline)
        if ask.output_cls is None:
            keywords = {**ask.keywords, **collector.time_left()}
            stream = await llm.astream_complete(ask.prompt, image_documents=list(pictures), **keywords)
            last = await _listen(collector, stream)
            return collector.answer(last.text, thinking=_thinking_of(last))
        chat = _ListeningChat(llm, collector)
        made = await _object(llm, ask, ask.output_cls, chat, pictures)
        return collector.answer(chat.text, made.model_dump(mode="json"))


async def _object(
    llm: OllamaMultiModal,
    ask: PictureQuestion,
    output_cls: type[BaseModel],
    chat: _ListeningChat,
    pictures: Sequence[PreparedImage],
) -> BaseModel:
    prompted = {"prompt": ask.prompt, "image_documents": list(pictures)}
    question = _structured.Question(llm, output_cls, PromptTemplate(_AS_IT_IS), dict(ask.keywords), prompted)
    try:
        return await _structured.predict(chat, question)
    except errors.StructuredOutputError as error:
        if error.finish_reason != "length":
            raise
        raise cut(llm.model, error.partial_text, error.thinking) from error


class _ListeningChat(_structured.LoopChat):
    """Asks by streams, and keeps the last answer's text."""

    def __init__(self, llm: OllamaMultiModal, collector: AnswerCollector) -> None:
        super().__init__(llm)
        self._collector = collector
        self.text = ""

    async def whole(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        stream = await self.begin(messages, {**kwargs, **self._collector.time_left()})
        response: ChatResponse = await _listen(self._collector, stream)
        self.text = response.message.content or ""
        return response


async def _listen(collector: AnswerCollector, stream: AsyncGenerator[Any, None]) -> Any:
    """The last item of a stream; raises as `Listener.listen` does."""
    last = await collector.listen(stream, _said)
    collector.end(last.raw, str(last.additional_kwargs.get("finish_reason") or ""))
    return last


def _said(item: Any) -> tuple[str, str]:
    text = (item.message.content or "") if isinstance(item, ChatResponse) else item.text
    return text, _thinking_of(item)


def _thinking_of(item: Any) -> str:
    return str(item.additional_kwargs.get("thinking") or "")
