"""A class in, its object back: by all four endpoints, with a real model and with replies that a test sets."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate, RichPromptTemplate
from llama_index.core.schema import ImageDocument
from llama_index.core.types import PydanticProgramMode
from PIL import Image
from pydantic import BaseModel, Field

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import Gate, Reply, ToolCall
from ollama_embedded.faults import NoDone
from ollama_vision.errors import CapabilityError, ImageError, StreamInterruptedError, StructuredOutputError
from tests.support.serving import Events, Serve
from tests.support.structured_asks import four, predict

ASK = PromptTemplate("Describe the {what}.")


class Thing(BaseModel):
    """One thing in a picture."""

    colour: Literal["red", "green", "blue", "yellow"]
    shape: Literal["circle", "square", "triangle", "star"]


class Scene(BaseModel):
    """What is in a picture."""

    title: str
    things: list[Thing]


class Person(BaseModel):
    name: str
    age: int = Field(ge=0)


ADA = '{"name": "Ada Lovelace", "age": 36}'


@pytest.fixture
def picture(scene: Image.Image, tmp_path: Path) -> Path:
    scene.save(tmp_path / "scene.png")
    return tmp_path / "scene.png"


@four
def test_a_real_model_fills_a_class_from_a_picture(demo: OllamaMultiModal, picture: Path, endpoint: str) -> None:
    for pictures in (picture, [ImageDocument(image_path=str(picture))]):
        found = predict(demo, endpoint, Thing, ASK, what="picture", image_documents=pictures)
        assert found[-1] == Thing(colour="blue", shape="square")
    found = predict(demo, endpoint, Thing, ASK, {"image_documents": [picture]}, what="picture")
    assert found[-1] == Thing(colour="blue", shape="square")


@four
def test_pictures_in_templates(demo: OllamaMultiModal, picture: Path, endpoint: str) -> None:
    rich = RichPromptTemplate('{% chat role="user" %}{{ question }}{{ picture | image }}{% endchat %}')
    url = "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()
    message = ChatMessage(role="user", blocks=[TextBlock(text="Describe the {what}."), ImageBlock(path=picture)])
    chat = ChatPromptTemplate(message_templates=[message])
    for template, values in ((rich, {"question": "What is it?", "picture": url}), (chat, {"what": "picture"})):
        found = predict(demo, endpoint, Thing, template, **values)
        assert found[-1] == Thing(colour="blue", shape="square")


@four
def test_a_template_may_use_the_name_image_documents_itself(serve: Serve, endpoint: str) -> None:
    serving = serve(ADA)
    predict(serving.llm, endpoint, Person, PromptTemplate("{image_documents}?"), image_documents="How many")
    assert serving.bodies[0]["messages"] == [{"role": "user", "content": "How many?"}]


@four
def test_the_schema_is_sent_without_references(serve: Serve, endpoint: str) -> None:
    serving = serve('{"title": "t", "things": [{"colour": "red", "shape": "star"}]}')
    [*_, found] = predict(serving.llm, endpoint, Scene, ASK, what="picture")
    assert found == Scene(title="t", things=[Thing(colour="red", shape="star")])
    (body,) = serving.bodies
    assert "$ref" not in json.dumps(body)
    assert body["format"]["properties"]["things"]["items"]["properties"]["colour"]["enum"] == [
        "red",
        "green",
        "blue",
        "yellow",
    ]
    assert "tools" not in body


@four
def test_the_system_prompt_is_kept(serve: Serve, endpoint: str) -> None:
    serving = serve(ADA, system_prompt="You see well.")
    predict(serving.llm, endpoint, Person, ASK, what="picture")
    assert [message["role"] for message in serving.bodies[0]["messages"]] == ["system", "user"]
    assert serving.bodies[0]["messages"][0]["content"] == "You see well."


@four
def test_a_model_that_thinks_does_not_unless_asked(serve: Serve, endpoint: str) -> None:
    thinks = ("completion", "thinking")
    serving = serve(ADA, capabilities=thinks)
    predict(serving.llm, endpoint, Person, ASK, what="picture")
    predict(serving.llm, endpoint, Person, ASK, {"think": "low"}, what="picture")
    asked = serve(Reply(ADA, thinking="Hm."), thinking=True, capabilities=thinks)
    predict(asked.llm, endpoint, Person, ASK, what="picture")
    assert [body["think"] for body in [*serving.bodies, *asked.bodies]] == [False, "low", True]


@four
def test_keywords_reach_the_chat_and_stay_as_they_are(serve: Serve, endpoint: str) -> None:
    serving = serve(ADA)
    kwargs = {"seed": 7, "options": {"top_k": 3}, "tool_required": True, "max_validation_retries": 0}
    before = copy.deepcopy(kwargs)
    predict(serving.llm, endpoint, Person, ASK, kwargs, what="picture")
    assert kwargs == before
    assert serving.bodies[0]["options"]["seed"] == 7
    assert serving.bodies[0]["options"]["top_k"] == 3


@four
@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"format": "json"}, "no place beside a class"),
        ({"tools": []}, "no place beside a class"),
        ({"image_documents": []}, "twice"),
        ({"sede": 1}, "Did you mean 'seed'"),
    ],
)
def test_keywords_that_cannot_be(serve: Serve, endpoint: str, kwargs: dict[str, Any], words: str) -> None:
    serving = serve(ADA)
    with pytest.raises(TypeError, match=words):
        predict(serving.llm, endpoint, Person, ASK, kwargs, what="picture", image_documents=None)
    assert not serving.bodies


@four
@pytest.mark.parametrize("text", [f"```json\n{ADA}\n```", f"```\n{ADA}", f"\n  {ADA}\n"])
def test_a_fence_around_the_json_is_no_part_of_it(serve: Serve, endpoint: str, text: str) -> None:
    found = predict(serve(text).llm, endpoint, Person, ASK, what="picture")
    assert found[-1] == Person(name="Ada Lovelace", age=36)


@four
def test_an_answer_that_breaks_the_schema_is_asked_for_again(serve: Serve, endpoint: str) -> None:
    serving = serve('{"name": "Ada", "age": -1}', ADA)
    found = predict(serving.llm, endpoint, Person, ASK, what="picture")
    assert found[-1] == Person(name="Ada Lovelace", age=36)
    first, second = serving.bodies
    assert second["messages"][:-2] == first["messages"]
    assert second["messages"][-2] == {"role": "assistant", "content": '{"name": "Ada", "age": -1}'}
    assert "age: Input should be greater than or equal to 0" in second["messages"][-1]["content"]
    assert second["format"] == first["format"]


@four
def test_pictures_are_in_the_second_question_too(serve: Serve, endpoint: str, picture: Path) -> None:
    serving = serve("no", ADA)
    predict(serving.llm, endpoint, Person, ASK, what="picture", image_documents=picture)
    first, second = serving.server.asked
    assert first.pictures == second.pictures == (picture.read_bytes(),)


@four
@pytest.mark.parametrize(("retries", "where"), [(0, "field"), (1, "field"), (2, "call")])
def test_an_answer_that_never_fits(serve: Serve, endpoint: str, retries: int, where: str) -> None:
    serving = serve('{"name": "Ada"}', max_validation_retries=retries if where == "field" else 0)
    kwargs = {"max_validation_retries": retries} if where == "call" else None
    with pytest.raises(StructuredOutputError, match=f"asked {retries + 1} times.*age: Field required") as caught:
        predict(serving.llm, endpoint, Person, ASK, kwargs, what="picture")
    assert len(serving.bodies) == retries + 1
    assert caught.value.partial_text == '{"name": "Ada"}'
    assert caught.value.finish_reason == "stop"
    assert "Field required" in caught.value.validation_error


@four
def test_json_that_was_cut_short_is_not_asked_for_again(serve: Serve, endpoint: str) -> None:
    serving = serve(Reply('{"name": "Ada', done_reason="length"))
    with pytest.raises(StructuredOutputError, match="num_predict") as caught:
        predict(serving.llm, endpoint, Person, ASK, what="picture")
    assert len(serving.bodies) == 1
    assert caught.value.partial_text == '{"name": "Ada'
    assert caught.value.finish_reason == "length"
    assert "EOF" in caught.value.validation_error


@four
def test_whole_json_at_the_limit_is_whole(serve: Serve, endpoint: str) -> None:
    serving = serve(Reply(ADA, done_reason="length"))
    assert predict(serving.llm, endpoint, Person, ASK, what="picture")[-1].age == 36


@four
def test_errors_of_the_chat_pass_as_they_are(serve: Serve, endpoint: str, picture: Path, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    blind = serve(ADA, capabilities=("completion",))
    with pytest.raises(CapabilityError):
        predict(blind.llm, endpoint, Person, ASK, what="picture", image_documents=picture)
    with pytest.raises(ImageError, match=r"image_documents\[1\]"):
        predict(blind.llm, endpoint, Person, ASK, what="picture", image_documents=[picture, tmp_path / "text.png"])
    cut = serve(Reply(ADA, fault=NoDone()))
    with pytest.raises(StreamInterruptedError):
        predict(cut.llm, endpoint, Person, ASK, what="picture")


PARTS = ['{"title": "Two', ' things", "things"', ': [{"colour": "re', 'd", "shape": "star"}', ", {", "}]}"]


def test_an_object_grows(serve: Serve) -> None:
    serving = serve(Reply([*PARTS[:-2], "]}"]))
    titles, things = [], []
    items: Iterator[Any] = serving.llm.stream_structured_predict(Scene, ASK, what="picture")
    for item in items:
        titles.append(item.title)
        things.append(item.things)
    assert titles == ["Two", "Two things", "Two things", "Two things", "Two things"]
    assert things[:3] == [None, None, [{"colour": "re"}]]
    assert things[3:] == [[Thing(colour="red", shape="star")]] * 2


def test_a_stream_gives_what_there_is_before_the_rest_comes(serve: Serve) -> None:
    gate = Gate()
    serving = serve(Reply([PARTS[0], gate, *PARTS[1:4], "]}"]))
    stream: Iterator[Any] = serving.llm.stream_structured_predict(Scene, ASK, what="it")
    assert next(stream).title == "Two"
    gate.open()
    assert list(stream)[-1].things == [Thing(colour="red", shape="star")]


def test_a_stream_raises_when_called_what_is_wrong_by_then(serve: Serve) -> None:
    serving = serve(ADA)
    serving.server.close()
    llm = serving.llm.model_copy(update={"max_retries": 0})
    with pytest.raises(ConnectionError):
        llm.stream_structured_predict(Person, ASK, what="picture")


@pytest.mark.parametrize("leave", ["close", "drop"])
def test_a_stream_that_is_left_is_closed_on_the_server(serve: Serve, leave: str) -> None:
    serving = serve(Reply([PARTS[0], Gate()]))
    stream = serving.llm.stream_structured_predict(Scene, ASK, what="it")
    next(stream)
    if leave == "close":
        stream.close()
        assert list(stream) == []
    else:
        del stream
    assert serving.server.asked[0].left.wait(10)


async def test_an_async_stream_that_is_left_is_closed_on_the_server(serve: Serve) -> None:
    serving = serve(Reply([PARTS[0], Gate()]))
    stream: AsyncGenerator[Any, None] = await serving.llm.astream_structured_predict(Scene, ASK, what="it")
    assert (await anext(stream)).title == "Two"
    await stream.aclose()
    assert [item async for item in stream] == []
    assert serving.server.asked[0].left.wait(10)


@four
def test_events(serve: Serve, endpoint: str, events: Events) -> None:
    found = predict(serve("no", ADA).llm, endpoint, Person, ASK, what="picture")
    (start,) = events.named("LLMStructuredPredictStart")
    (end,) = events.named("LLMStructuredPredictEnd")
    assert (start.output_cls, start.template, start.template_args) == (Person, ASK, {"what": "picture"})
    assert end.output == found[-1]
    growing = [event.output for event in events.named("LLMStructuredPredictInProgress")]
    assert growing == (found if "stream" in endpoint else [])
    assert len(events.named("LLMChatStart")) == len(events.named("LLMChatEnd")) == 2


def test_as_structured_llm(demo: OllamaMultiModal, picture: Path) -> None:
    structured = demo.as_structured_llm(Thing)
    assert structured.complete("Describe it.", image_documents=[picture]).raw == Thing(colour="blue", shape="square")
    message = ChatMessage(role="user", blocks=[TextBlock(text="Describe it."), ImageBlock(path=picture)])
    answer = structured.chat([message])
    assert json.loads(answer.message.content or "") == {"colour": "blue", "shape": "square"}
    *_, last = structured.stream_chat([message])
    assert last.raw == Thing(colour="blue", shape="square")


async def test_as_structured_llm_on_a_loop(demo: OllamaMultiModal, picture: Path) -> None:
    structured = demo.as_structured_llm(Thing)
    found = await structured.acomplete("Describe it.", image_documents=picture)
    assert found.raw == Thing(colour="blue", shape="square")
    message = ChatMessage(role="user", blocks=[TextBlock(text="Describe it."), ImageBlock(path=picture)])
    assert (await structured.achat([message])).raw == Thing(colour="blue", shape="square")
    items = [item async for item in await structured.astream_chat([message])]
    assert items[-1].raw == Thing(colour="blue", shape="square")


@four
def test_another_program_mode_is_cores_own(serve: Serve, endpoint: str) -> None:
    call = ToolCall("Person", {"name": "Ada Lovelace", "age": 36})
    serving = serve(Reply(tool_calls=[call]), pydantic_program_mode=PydanticProgramMode.FUNCTION)
    found = predict(serving.llm, endpoint, Person, ASK, what="picture")
    assert found[-1] == Person(name="Ada Lovelace", age=36)
    assert [tool["function"]["name"] for tool in serving.bodies[0]["tools"]] == ["Person"]
    assert "format" not in serving.bodies[0]
