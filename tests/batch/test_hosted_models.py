"""A run asks VisionModel and OllamaMultiModal alike: the same requests, the same answers, the same errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import prepare_image
from llama_index.multi_modal_llms.ollama.asking_llm import LlmOnHost
from ollama_embedded import Reply
from ollama_vision import errors
from ollama_vision.batch import HostedModel, ModelOnHost, PictureQuestion, request_hash
from ollama_vision.model.model import VisionModel
from tests.support.serving import Serve, Serving

RED = prepare_image(Image.new("RGB", (64, 64), "red"))


class Seen(BaseModel):
    grey: int


TEXT = PictureQuestion("What is {this}?", keywords={"think": False, "options": {"seed": 7}})
OBJECT = PictureQuestion("What is {this}?", Seen, {"think": False, "max_validation_retries": 1})


def outcome_of(
    serve: Callable[..., Serving], replies: tuple[Any, ...], ask: PictureQuestion, kind: str
) -> tuple[Any, Any]:
    """The answer or the error, without times, and what was asked on the wire."""
    serving = serve(*replies)
    model: HostedModel = LlmOnHost(serving.llm)
    if kind == "plain":
        model = ModelOnHost(VisionModel(serving.llm.model, serving.llm.base_url))
    assert request_hash(model.settings, ask) == request_hash(serving.llm, ask)
    try:
        answer = asyncio.run(model.answer(ask, [RED]))
        said: Any = (answer.text, answer.fields, answer.finish_reason, answer.usage)
    except errors.OllamaMultiModalError as error:
        said = (type(error), str(error), error.partial_text, getattr(error, "thinking", ""))
    return said, [(arrival.path, arrival.body) for arrival in serving.asked]


@pytest.mark.parametrize(
    ("ask", "replies", "kind"),
    [
        (TEXT, ("A red square.",), tuple),
        (replace(TEXT, system="Be {brief}."), ("A red square.",), tuple),
        (replace(OBJECT, system="Be {brief}."), ('{"grey": "seven"}', '{"grey": 7}'), tuple),
        (TEXT, (Reply("A red", done_reason="length"),), errors.AnswerCutError),
        (TEXT, (" \n",), errors.EmptyResponseError),
        (TEXT, ("and on and on, " * 200,), errors.AnswerCutError),
        (OBJECT, ('{"grey": 7}',), tuple),
        (OBJECT, ('{"grey": "seven"}', '[{"grey": 7}]'), tuple),
        (OBJECT, ('{"grey": "seven"}', '{"grey": "eight"}'), errors.StructuredOutputError),
        (OBJECT, (Reply('{"grey"', done_reason="length"),), errors.AnswerCutError),
    ],
    ids=[
        "text",
        "text with system",
        "object with system",
        "cut",
        "nothing",
        "endless",
        "object",
        "second try",
        "no object",
        "cut object",
    ],
)
def test_both_ask_and_answer_alike(serve: Serve, ask: PictureQuestion, replies: tuple[Any, ...], kind: type) -> None:
    plain, plain_asked = outcome_of(serve, replies, ask, "plain")
    llama, llama_asked = outcome_of(serve, replies, ask, "LlamaIndex")
    assert plain == llama
    assert plain_asked == llama_asked
    assert len(plain_asked) == len(replies)
    assert {path for path, _ in plain_asked} == {"/api/chat" if ask.output_cls else "/api/generate"}
    assert all((ask.system or "Be {brief}.") in str(body) for _, body in plain_asked) is (ask.system is not None)
    if kind is not tuple:
        assert plain[0] is kind


def test_another_system_prompt_and_other_keywords_are_sent_each_time(serve: Serve) -> None:
    """What all questions of a run come to is worked out once; of these two it is not the same."""
    serving = serve("A red square.", "A red square.", "A red square.")
    model = ModelOnHost(VisionModel(serving.llm.model, serving.llm.base_url))
    brief = PictureQuestion("What is this?", keywords={"think": False}, system="Be brief.")
    seeded = {"think": False, "options": {"seed": 3}}

    async def ask() -> None:
        for each in (brief, replace(brief, prompt="What?", system="Sing."), replace(brief, keywords=seeded)):
            await model.answer(each, [RED])

    asyncio.run(ask())
    told = [(body["prompt"], body["system"], body["options"].get("seed")) for body in serving.bodies]
    assert told == [("What is this?", "Be brief.", None), ("What?", "Sing.", None), ("What is this?", "Be brief.", 3)]
