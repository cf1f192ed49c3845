"""VisionModel as a model that the dispatcher asks: by streams, so that an answer without end can be left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ollama_vision.http import admit
from ollama_vision.model import AsyncReplyStream, PlainQuestion, plain_call, start
from ollama_vision.protocol import CheckedByTheAsker, asks_again, json_schema, no_object, object_in, problems

from .loading import OnHost
from .question import AnswerCollector, PictureAnswer, PictureQuestion, cut

if TYPE_CHECKING:
    from ollama_vision.model import Answer as ModelAnswer
    from ollama_vision.pictures import PreparedImage


class ModelOnHost(OnHost):
    """One VisionModel, as a run asks it.

    What must be of a class is asked by /api/chat: where it is none, the conversation goes on with what is wrong.
    """

    async def answer(self, question: PictureQuestion, pictures: Sequence[PreparedImage]) -> PictureAnswer:
        model, output_cls = self._client, question.output_cls
        collector = AnswerCollector(model.model, question.deadline)
        keywords = dict(question.keywords)
        retries = int(keywords.pop("max_validation_retries", model.max_validation_retries))
        if output_cls is None:
            last = await self._ask(collector, PlainQuestion(question.prompt, pictures, keywords))
            return collector.answer(last.text, thinking=last.thinking)
        schema = CheckedByTheAsker(json_schema(output_cls) or {})
        next_call = PlainQuestion(question.prompt, pictures, {**keywords, "format": schema}, endpoint="chat")
        asked = 0
        while True:
            last = await self._ask(collector, next_call)
            asked += 1
            try:
                made = object_in(output_cls, last.text)
            except ValidationError as fault:
                if last.finish_reason == "length":
                    raise cut(model.model, last.text, last.thinking) from fault
                if asked > retries:
                    reason = last.finish_reason
                    raise no_object(model.model, output_cls, last.text, last.thinking, reason, fault, asked) from fault
                next_call = next_call.follow(last.text, asks_again(problems(fault), schema))
            else:
                return collector.answer(last.text, made.model_dump(mode="json"))

    async def _ask(self, collector: AnswerCollector, next_call: PlainQuestion) -> ModelAnswer:
        model = self._client
        await admit()
        call = plain_call(model, replace(next_call, keywords={**next_call.keywords, **collector.time_left()}))
        stream = AsyncReplyStream(await start(model._on_loop(), model, call))
        last: ModelAnswer = await collector.listen(stream, lambda item: (item.text, item.thinking))
        collector.end(last.raw, last.finish_reason)
        return last
