"""VisionModel as the model that a run asks: by streams, so that an answer without end can be left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ollama_vision.http import admit
from ollama_vision.model import AsyncReplyStream, PlainQuestion, plain_call, start
from ollama_vision.protocol import CheckedByTheAsker, asks_again, json_schema, no_object, object_in, problems

from .loading import OnHost
from .question import Answer, Ask, Listener, cut

if TYPE_CHECKING:
    from ollama_vision.model import Answer as ModelAnswer
    from ollama_vision.pictures import PreparedImage


class ModelOnHost(OnHost):
    """One VisionModel, as a run asks it.

    What must be of a class is asked by /api/chat: where it is none, the conversation goes on with what is wrong.
    """

    async def answer(self, ask: Ask, pictures: Sequence[PreparedImage]) -> Answer:
        model, output_cls = self._client, ask.output_cls
        listener = Listener(model.model, ask.deadline)
        keywords = dict(ask.keywords)
        retries = int(keywords.pop("max_validation_retries", model.max_validation_retries))
        if output_cls is None:
            last = await self._ask(listener, PlainQuestion(ask.prompt, pictures, keywords))
            return listener.answer(last.text, thinking=last.thinking)
        schema = CheckedByTheAsker(json_schema(output_cls) or {})
        question = PlainQuestion(ask.prompt, pictures, {**keywords, "format": schema}, endpoint="chat")
        asked = 0
        while True:
            last = await self._ask(listener, question)
            asked += 1
            try:
                made = object_in(output_cls, last.text)
            except ValidationError as fault:
                if last.finish_reason == "length":
                    raise cut(model.model, last.text, last.thinking) from fault
                if asked > retries:
                    reason = last.finish_reason
                    raise no_object(model.model, output_cls, last.text, last.thinking, reason, fault, asked) from fault
                question = question.follow(last.text, asks_again(problems(fault), schema))
            else:
                return listener.answer(last.text, made.model_dump(mode="json"))

    async def _ask(self, listener: Listener, question: PlainQuestion) -> ModelAnswer:
        model = self._client
        await admit()
        call = plain_call(model, replace(question, keywords={**question.keywords, **listener.time_left()}))
        stream = AsyncReplyStream(await start(model._on_loop(), model, call))
        last: ModelAnswer = await listener.listen(stream, lambda item: (item.text, item.thinking))
        listener.end(last.raw, last.finish_reason)
        return last
