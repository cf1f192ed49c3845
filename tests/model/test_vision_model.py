"""VisionModel: a plain question with pictures, whole and streamed, blocking and on an event loop."""

from __future__ import annotations

import asyncio
import json
import pickle
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image
from pydantic import BaseModel, Field

from ollama_embedded import EmbeddedOllama, Reply
from ollama_embedded.scenes import Shape, draw_scene
from ollama_vision import errors
from ollama_vision.model.answer import Answer
from ollama_vision.model.keywords import AskKeywords
from ollama_vision.model.model import VisionModel
from ollama_vision.protocol.options import names
from tests.support.serving import Serve

WAYS = ("ask", "stream", "aask", "astream")
each_way = pytest.mark.parametrize("way", WAYS)


class Thing(BaseModel):
    colour: str
    count: int = Field(ge=1)
    note: str = "none"


RED = '{"colour": "red", "count": 2}'


def put(model: VisionModel, way: str, question: str, *pictures: Any, **keywords: Any) -> list[Answer]:
    """The items of an answer, one for a whole one."""
    method = getattr(model, way)
    if not way.startswith("a") or way == "ask":
        result = method(question, *pictures, **keywords)
        return list(result) if way == "stream" else [result]

    async def run() -> list[Answer]:
        result = await method(question, *pictures, **keywords)
        return [item async for item in result] if way == "astream" else [result]

    return asyncio.run(run())


def on(serving: Any, **settings: Any) -> VisionModel:
    return VisionModel("m", serving.server.url, **settings)


@pytest.fixture
def model(demo_server: EmbeddedOllama) -> VisionModel:
    return VisionModel(demo_server.model, demo_server.url, temperature=0.0, context_window=2048)


@each_way
@pytest.mark.parametrize("colour", ["red", "blue"])
@pytest.mark.parametrize("kind", ["circle", "square"])
def test_the_model_sees_the_picture(model: VisionModel, way: str, colour: Any, kind: Any) -> None:
    """Each answer names what its own picture shows, and nothing that another one does."""
    picture = draw_scene(Shape(colour, kind, "middle center"))
    text = put(model, way, "Describe the image.", picture)[-1].text
    assert colour in text
    assert kind in text
    assert not {"red", "blue", "circle", "square"} - {colour, kind} & set(text.split())


@each_way
def test_pictures_arrive_in_their_order(model: VisionModel, demo_server: EmbeddedOllama, way: str) -> None:
    pictures = [draw_scene(Shape(colour, "circle", "middle center")) for colour in ("red", "green")]
    told = put(model, way, "How many shapes are there?", *pictures)[-1].pictures
    assert [each["size"] for each in told] == [list(picture.size) for picture in pictures]
    assert len(demo_server.asked[-1].pictures) == 2


@each_way
def test_an_answer_says_what_there_is_to_know(serve: Serve, way: str, scene: Image.Image) -> None:
    serving = serve(Reply("Two shapes.", thinking="I count."))
    answer = put(on(serving), way, "How many?", scene)[-1]
    assert (answer.text, answer.thinking, answer.finish_reason) == ("Two shapes.", "I count.", "stop")
    assert answer.usage == answer.raw["usage"]
    assert answer.usage["total_tokens"] == answer.usage["prompt_tokens"] + answer.usage["completion_tokens"]
    assert answer.raw["response"] == "Two shapes."
    assert [picture["format"] for picture in answer.pictures] == ["png"]
    assert answer.fields is None
    assert pickle.loads(pickle.dumps(answer)) == answer


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_grows(serve: Serve, way: str) -> None:
    items = put(on(serve("One two three.")), way, "Count.")
    assert len(items) > 2
    assert "".join(item.delta for item in items) == items[-1].text == "One two three."
    assert all(later.text.startswith(item.text) for item, later in pairwise(items))
    assert [bool(item.usage) for item in items] == [False] * (len(items) - 1) + [True]


@each_way
def test_what_is_sent_is_a_prompt_of_generate(serve: Serve, way: str, scene: Image.Image) -> None:
    serving = serve("Fine.")
    put(on(serving, seed=7, keep_alive="5m"), way, "What?", scene, system="Look well.", num_predict=9, think=False)
    body = serving.bodies[-1]
    assert serving.asked[-1].path == "/api/generate"
    assert (body["prompt"], body["system"], body["think"], body["keep_alive"]) == ("What?", "Look well.", False, "5m")
    assert (body["options"]["seed"], body["options"]["num_predict"]) == (7, 9)
    assert body["truncate"] is False
    assert len(serving.asked[-1].pictures) == 1


@pytest.mark.parametrize("way", ["ask", "aask"])
def test_a_schema_gives_fields(serve: Serve, way: str) -> None:
    serving = serve(f"Of course:\n```json\n{RED}\n```")
    answer = put(on(serving), way, "What?", schema=Thing)[-1]
    assert answer.fields == {"colour": "red", "count": 2, "note": "none"}
    assert Thing.model_validate_json(answer.text) == Thing(colour="red", count=2)
    assert serving.bodies[-1]["format"]["properties"].keys() == {"colour", "count", "note"}
    answer = put(on(serving), way, "What?", schema=Thing.model_json_schema())[-1]
    assert answer.fields == json.loads(RED)


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_the_fields_of_a_stream_grow(serve: Serve, way: str) -> None:
    text = '{"colour": "dark red", "count": 2}'
    items = put(on(serve(text)), way, "What?", schema=Thing)
    assert items[-1].text == text
    assert items[-1].fields == {"colour": "dark red", "count": 2, "note": "none"}
    assert {"colour": "dark "} in [item.fields for item in items]
    (*_, last) = put(on(serve('{"a": 1}'), json_mode=True), way, "What?")
    assert last.fields == {"a": 1}


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_that_breaks_the_schema_is_an_error_at_its_end(serve: Serve, way: str) -> None:
    serving = serve('{"colour": "red", "count": 0}')
    with pytest.raises(errors.StructuredOutputError, match="count"):
        put(on(serving), way, "What?", schema=Thing)
    assert len(serving.asked) == 1


SMALL = {"type": "object", "properties": {"count": {"type": "integer", "minimum": 1}}, "required": ["count"]}


@each_way
def test_an_answer_is_held_to_all_that_a_json_schema_says(serve: Any, way: str) -> None:
    serving = serve('{"count": 0}', '{"count": 0}')
    with pytest.raises(errors.StructuredOutputError, match="0 is less than the minimum of 1"):
        put(on(serving), way, "What?", schema=SMALL)
    assert serving.bodies[0]["format"] == SMALL
    answer = put(on(serve('{"count": 3, "more": null}')), way, "What?", schema=SMALL)[-1]
    assert answer.fields == {"count": 3, "more": None}
    with pytest.raises(ValueError, match="it is no JSON Schema"):
        put(on(serving), way, "What?", schema={"type": "object", "required": 7})


@pytest.mark.parametrize("way", ["ask", "aask"])
def test_an_answer_that_breaks_the_schema_is_asked_for_again_by_chat(
    serve: Serve, way: str, scene: Image.Image
) -> None:
    serving = serve('{"colour": "red", "count": 0}', RED)
    answer = put(on(serving), way, "What?", scene, schema=Thing, system="Look well.")[-1]
    assert answer.fields == {"colour": "red", "count": 2, "note": "none"}
    assert [asked.path for asked in serving.asked] == ["/api/generate", "/api/chat"]
    system, question, said, words = serving.bodies[-1]["messages"]
    assert (system["role"], system["content"]) == ("system", "Look well.")
    assert (question["role"], question["content"], len(question["images"])) == ("user", "What?", 1)
    assert (said["role"], said["content"]) == ("assistant", '{"colour": "red", "count": 0}')
    assert (words["role"], "count" in words["content"]) == ("user", True)
    assert serving.asked[0].pictures == serving.asked[1].pictures


@pytest.mark.parametrize("way", ["ask", "aask"])
def test_an_answer_that_never_fits_is_an_error(serve: Serve, way: str) -> None:
    serving = serve("No.")
    with pytest.raises(errors.StructuredOutputError) as caught:
        put(on(serving, max_validation_retries=2), way, "What?", schema=Thing)
    assert caught.value.partial_text == "No."
    assert len(serving.asked) == 3


@each_way
def test_pictures_without_a_question_are_refused(serve: Serve, way: str, scene: Image.Image) -> None:
    serving = serve("Fine.")
    with pytest.raises(ValueError, match="empty question"):
        put(on(serving), way, "", scene)
    assert serving.asked == []


@each_way
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("format", "Did you mean 'schema'?"),
        ("images", r"Pictures follow the question: ask\(question, picture, ...\)"),
        ("image_documents", "Pictures follow the question"),
        ("tools", r"OllamaMultiModal.chat\(\) has it"),
        ("context_window", "Did you mean 'num_ctx'?"),
        ("verify", r"VisionModel\(verify=...\)"),
        ("temprature", "Did you mean 'temperature'?"),
    ],
)
def test_another_keyword_is_refused_with_the_right_one(serve: Serve, way: str, name: str, hint: str) -> None:
    serving = serve("Fine.")
    with pytest.raises(TypeError, match=hint):
        put(on(serving), way, "What?", **{name: None})
    assert serving.asked == []


@each_way
def test_errors_name_the_picture(serve: Serve, way: str, scene: Image.Image) -> None:
    with pytest.raises(errors.ImageError, match=r"pictures\[1\]"):
        put(on(serve("Fine.")), way, "What?", scene, b"no picture")


@each_way
def test_a_model_that_cannot_see_is_not_shown_anything(serve: Serve, way: str) -> None:
    """Before the picture is read: otherwise what is wrong with that would be told."""
    serving = serve("Fine.", capabilities=("completion",))
    with pytest.raises(errors.CapabilityError):
        put(on(serving), way, "What?", b"no picture")
    assert serving.asked == []


@each_way
def test_fields_have_the_names_that_the_model_wrote(serve: Serve, way: str) -> None:
    class Named(BaseModel):
        colour: str = Field(alias="the colour")
        secret: str = Field(exclude=True)

    said = {"the colour": "red", "secret": "x"}
    answer = put(on(serve(json.dumps(said))), way, "What?", schema=Named)[-1]
    assert answer.fields == {"the colour": "red"}
    assert json.loads(answer.text) == said


@each_way
def test_every_keyword_that_is_shown_is_taken(serve: Serve, way: str) -> None:
    model = on(serve("Fine."))
    for name in sorted(names(AskKeywords)):
        assert put(model, way, "What?", **{name: None})[-1].text == "Fine."
