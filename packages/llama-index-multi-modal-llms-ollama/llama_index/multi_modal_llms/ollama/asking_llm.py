"""OllamaMultiModal as the model that a run asks: through its public endpoints, so that each question has its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.prompts import BasePromptTemplate, ChatPromptTemplate, PromptTemplate
from pydantic import BaseModel

from ollama_vision.batch import AnswerCollector, Heard, ListeningChat, PictureQuestion, StreamedOnHost
from ollama_vision.protocol import Said

from .structured import Question, ResponseText, on_loop, predict

if TYPE_CHECKING:
    from ollama_vision.pictures import PreparedImage

    from .settings import OllamaSettings

_AS_IT_IS = "{prompt}"
"""A template that is nothing but its variable: braces in the prompt stay braces."""


class LlmOnHost(StreamedOnHost):
    """One OllamaMultiModal, asked by streams, so that an answer without end can be left."""

    def __init__(self, llm: OllamaSettings) -> None:
        super().__init__(llm)
        self._llm: Any = llm  # its endpoints take keywords that core's own do not name

    async def ask_for_text(
        self, ask: PictureQuestion, pictures: Sequence[PreparedImage], collector: AnswerCollector
    ) -> Heard:
        keywords = {**ask.keywords, **collector.time_left()}
        if ask.system is not None:
            keywords["system"] = ask.system
        stream = await self._llm.astream_complete(ask.prompt, image_documents=list(pictures), **keywords)
        return await collector.listen(stream, ResponseText.of)

    async def ask_for_object(
        self,
        ask: PictureQuestion,
        output_cls: type[BaseModel],
        pictures: Sequence[PreparedImage],
        collector: AnswerCollector,
    ) -> tuple[Said, BaseModel]:
        prompted: dict[str, Any] = {"prompt": ask.prompt, "image_documents": list(pictures)}
        template: BasePromptTemplate = PromptTemplate(_AS_IT_IS)
        if ask.system is not None:
            prompted["system"] = ask.system
            template = ChatPromptTemplate.from_messages([("system", "{system}"), ("user", _AS_IT_IS)])
        question = Question(self._llm, output_cls, template, dict(ask.keywords), prompted)
        return await predict(ListeningChat(on_loop(question), collector), question)
