"""Tools out and tool calls back: whole schemas, every call, and a word where Ollama cannot do what was wished."""

from __future__ import annotations

import asyncio
import json
import logging
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import FunctionTool
from PIL import Image
from pydantic import BaseModel, Field

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import Ending, Piece, Reply, ToolCall
from ollama_embedded.faults import RawReply
from ollama_vision.errors import AnswerCutError, CapabilityError, EmptyResponseError, OllamaMultiModalError
from tests.support.recorded import FOLDER
from tests.support.serving import Serve, Serving


class Unit(StrEnum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


class Place(BaseModel):
    city: str
    country: str | None = Field(default=None, description="Where the city is.")


class Question(BaseModel):
    """A schema of its own: core cannot read annotations that are text."""

    place: Place
    unit: Unit = Unit.CELSIUS
    days: Literal[1, 7] = 1
    near: list[Place] | None = None


def get_weather(**question: Any) -> str:
    """Weather of a place."""
    return "sunny"


def look(city: str) -> str:
    """Look at a city."""
    return f"{city} is fine"


WEATHER = FunctionTool.from_defaults(get_weather, fn_schema=Question)
LOOK = FunctionTool.from_defaults(look)
with_tools = pytest.mark.parametrize(
    "endpoint", ["chat_with_tools", "achat_with_tools", "stream_chat_with_tools", "astream_chat_with_tools"]
)


def ask(llm: OllamaMultiModal, endpoint: str, *args: Any, **kwargs: Any) -> Any:
    """The last item of any endpoint that chats."""
    method = getattr(llm, endpoint)
    if not endpoint.startswith("a"):
        result = method(*args, **kwargs)
        return list(result)[-1] if endpoint.startswith("stream") else result

    async def run() -> Any:
        result = await method(*args, **kwargs)
        return [item async for item in result][-1] if endpoint.startswith("astream") else result

    return asyncio.run(run())


def calls(*cities: str) -> Reply:
    return Reply(tool_calls=[ToolCall("look", {"city": city}) for city in cities])


def raw(*lines: dict[str, Any]) -> Reply:
    """A reply line by line, of a server that need not be Ollama."""
    return Reply(fault=RawReply([json.dumps(line).encode() + b"\n" for line in lines]))


def message(**fields: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "message": {"role": "assistant", "content": "", **fields},
        "done": True,
        "done_reason": "stop",
    }


# What is offered


@with_tools
def test_the_whole_schema_is_sent(serve: Serve, endpoint: str) -> None:
    serving = serve("No tool needed.")
    ask(serving.llm, endpoint, [WEATHER], "How is the weather?")
    (tool,) = serving.bodies[0]["tools"]
    assert tool["type"] == "function"
    assert tool["function"]["name"] == "get_weather"
    assert "Weather of a place." in tool["function"]["description"]
    parameters = tool["function"]["parameters"]
    assert "$ref" not in json.dumps(parameters)
    assert "$defs" not in parameters
    assert parameters["required"] == ["place"]
    place = parameters["properties"]["place"]
    assert place["properties"]["city"]["type"] == "string"
    assert place["properties"]["country"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    assert place["properties"]["country"]["description"] == "Where the city is."
    assert parameters["properties"]["unit"]["enum"] == ["c", "f"]
    assert parameters["properties"]["unit"]["default"] == "c"
    assert parameters["properties"]["days"]["enum"] == [1, 7]
    assert parameters["properties"]["near"]["anyOf"][0]["items"]["required"] == ["city"]


@pytest.mark.parametrize(
    ("choice", "offered"),
    [
        (None, ["get_weather", "look"]),
        ("auto", ["get_weather", "look"]),
        ("required", ["get_weather", "look"]),
        ("none", None),
        ("look", ["look"]),
        ({"type": "function", "function": {"name": "look"}}, ["look"]),
    ],
)
def test_the_choice_among_tools(serve: Serve, choice: Any, offered: list[str] | None) -> None:
    serving = serve("Fine.")
    serving.llm.chat_with_tools([WEATHER, LOOK], "Hello", tool_choice=choice)
    sent = serving.bodies[0].get("tools")
    assert (sent and [tool["function"]["name"] for tool in sent]) == offered


def test_a_choice_that_is_none_of_the_tools(serve: Serve) -> None:
    with pytest.raises(ValueError, match="'see', but the tools of this call are: get_weather, look"):
        serve("Fine.").llm.chat_with_tools([WEATHER, LOOK], "Hello", tool_choice="see")


@with_tools
def test_the_history_is_copied(serve: Serve, endpoint: str) -> None:
    serving = serve("Fine.")
    history = [ChatMessage(role="user", content="Hello"), ChatMessage(role="assistant", content="Hi")]
    before = [each.model_copy(deep=True) for each in history]
    ask(serving.llm, endpoint, [LOOK], "How is Rome?", chat_history=history)
    assert history == before
    assert [each["content"] for each in serving.bodies[0]["messages"]] == ["Hello", "Hi", "How is Rome?"]


# What comes back


def recorded(name: str) -> tuple[Reply, list[tuple[str, dict[str, Any]]], list[str]]:
    """A recorded reply, and the names, arguments and ids of the calls in it."""
    response = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["response"]
    pieces = [text.encode() for _, text in response["chunks"]]
    lines = [json.loads(line) for line in b"".join(pieces).splitlines()]
    made = [call for line in lines for call in line.get("message", {}).get("tool_calls", ())]
    reply = Reply(fault=RawReply(pieces, response["status"], response["headers"]))
    return (
        reply,
        [(call["function"]["name"], call["function"]["arguments"]) for call in made],
        [call["id"] for call in made],
    )


@with_tools
@pytest.mark.parametrize("stream", ["", "-stream"])
@pytest.mark.parametrize("path", ["tools", "native-tools"])
@pytest.mark.parametrize(("name", "least"), [("one-call", 1), ("two-calls", 2), ("no-call", 0)])
def test_recorded_exchanges_give_what_the_model_called(
    serve: Serve, endpoint: str, stream: str, path: str, name: str, least: int
) -> None:
    reply, made, ids = recorded(f"{path}-{name}{stream}")
    assert len(made) >= least
    serving = serve(reply)
    last = ask(serving.llm, endpoint, [LOOK], "Hello", allow_parallel_tool_calls=True)
    found = serving.llm.get_tool_calls_from_response(last, error_on_no_tool_call=False)
    assert [(each.tool_name, each.tool_kwargs) for each in found] == made
    assert [each.tool_id for each in found] == ids
    blocks = [block for block in last.message.blocks if isinstance(block, ToolCallBlock)]
    assert [block.tool_call_id for block in blocks] == ids
    assert [call["id"] for call in last.message.additional_kwargs.get("tool_calls", [])] == ids


def test_a_model_may_make_the_same_call_many_times() -> None:
    _, made, ids = recorded("native-tools-one-call")
    assert len(made) > len({json.dumps(each) for each in made}) == 1
    assert len(set(ids)) == len(made)


@with_tools
@pytest.mark.parametrize("stream", ["", "-stream"])
@pytest.mark.parametrize(("path", "error"), [("tools", EmptyResponseError), ("native-tools", AnswerCutError)])
def test_a_recorded_call_that_was_cut_short_is_an_error(
    serve: Serve, endpoint: str, stream: str, path: str, error: type[OllamaMultiModalError]
) -> None:
    with pytest.raises(error, match="num_predict"):
        ask(serve(recorded(f"{path}-call-cut-short{stream}")[0]).llm, endpoint, [LOOK], "Hello")


@with_tools
def test_a_call_goes_back_once_with_its_result(serve: Serve, endpoint: str) -> None:
    reply, _, ids = recorded("tools-two-calls-stream")
    serving = serve(reply, "Sunny in both.")
    answer = ask(serving.llm, endpoint, [LOOK], "Hello", allow_parallel_tool_calls=True).message
    results = [
        ChatMessage(role="tool", content=text, additional_kwargs={"tool_call_id": id_})
        for text, id_ in zip(("18 C", "9 C"), ids, strict=True)
    ]
    ask(serving.llm, endpoint, [LOOK], chat_history=[ChatMessage(role="user", content="Hello"), answer, *results])
    _, again, *told = serving.bodies[1]["messages"]
    assert [call["id"] for call in again["tool_calls"]] == ids
    assert told == [
        {"role": "tool", "content": text, "tool_name": "get_weather", "tool_call_id": id_}
        for text, id_ in zip(("18 C", "9 C"), ids, strict=True)
    ]


@pytest.mark.parametrize("ids", [[None, None], ["", ""], ["same", "same"], [5, "a"]])
def test_ids_that_are_missing_or_doubled_are_made(serve: Serve, ids: list[Any]) -> None:
    function = {"name": "look", "arguments": {"city": "Rome"}}
    serving = serve(raw(message(tool_calls=[{"id": id_, "function": function} for id_ in ids])))
    last = serving.llm.chat([ChatMessage(content="Hello")], tools=[LOOK])
    found = [each.tool_id for each in serving.llm.get_tool_calls_from_response(last)]
    assert len(set(found)) == 2
    assert all(found)


def test_arguments_that_are_text(serve: Serve) -> None:
    function = {"name": "look", "arguments": '{"city": "Rome"}'}
    serving = serve(raw(message(tool_calls=[{"function": function}])))
    last = serving.llm.chat([ChatMessage(content="Hello")], tools=[LOOK])
    assert serving.llm.get_tool_calls_from_response(last)[0].tool_kwargs == {"city": "Rome"}
    block = last.message.blocks[-1]
    assert isinstance(block, ToolCallBlock)
    assert block.tool_kwargs == {"city": "Rome"}


def test_arguments_that_are_text_and_no_object(serve: Serve) -> None:
    serving = serve(raw(message(tool_calls=[{"function": {"name": "look", "arguments": '{"city": "Ro'}}])))
    last = serving.llm.chat([ChatMessage(content="Hello")], tools=[LOOK])
    with pytest.raises(ValueError, match="'look' are no JSON"):  # core would make an empty object of it
        serving.llm.get_tool_calls_from_response(last)


def test_calls_in_additional_kwargs_alone_are_sent_too(serve: Serve) -> None:
    serving = serve("Fine.")
    call = {"id": "c1", "function": {"name": "look", "arguments": '{"city": "Rome"}'}}
    assistant = ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [call]})
    result = ChatMessage(role="tool", content="ok", additional_kwargs={"tool_call_id": "c1"})
    serving.llm.chat([ChatMessage(content="Hello"), assistant, result])
    _, sent, told = serving.bodies[0]["messages"]
    assert sent["tool_calls"] == [{"id": "c1", "function": {"index": 0, "name": "look", "arguments": {"city": "Rome"}}}]
    assert told["tool_name"] == "look"


STORED = {
    "OpenAI": {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"place": "hall"}'}},
    "OpenAI's Responses": {
        "id": "fc1",
        "call_id": "c1",
        "type": "function_call",
        "name": "look",
        "arguments": '{"place": "hall"}',
        "status": "completed",
    },
    "Ollama": {"id": "c1", "function": {"index": 0, "name": "look", "arguments": {"place": "hall"}}},
    "Anthropic": {"id": "c1", "name": "look", "input": {"place": "hall"}, "type": "tool_use"},
    "with empty arguments beside": {"id": "c1", "name": "look", "arguments": {}, "input": {"place": "hall"}},
    "Bedrock": {"toolUseId": "c1", "name": "look", "input": {"place": "hall"}},
    "Bedrock, wrapped": {"toolUse": {"toolUseId": "c1", "name": "look", "input": {"place": "hall"}}},
    "LangChain": {"id": "c1", "name": "look", "args": {"place": "hall"}, "type": "tool_call"},
    "Gemini": {"functionCall": {"id": "c1", "name": "look", "args": {"place": "hall"}}},
    "ToolSelection": ToolSelection(tool_id="c1", tool_name="look", tool_kwargs={"place": "hall"}),
}


@pytest.mark.parametrize("form", STORED)
def test_calls_of_other_integrations_keep_their_arguments(serve: Serve, form: str) -> None:
    serving = serve("ok")
    called = ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [STORED[form]]})
    serving.llm.chat([ChatMessage(role="user", content="Look."), called])
    assert serving.bodies[0]["messages"][1]["tool_calls"] == [
        {"id": "c1", "function": {"index": 0, "name": "look", "arguments": {"place": "hall"}}}
    ]


@pytest.mark.parametrize("call", [{"id": "c1", "name": "look"}, {"function": {"name": "look"}, "id": "c1"}])
def test_a_call_without_arguments_has_none(serve: Serve, call: dict[str, Any]) -> None:
    serving = serve("ok")
    called = ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [call]})
    serving.llm.chat([ChatMessage(role="user", content="Look."), called])
    (sent,) = serving.bodies[0]["messages"][1]["tool_calls"]
    assert (sent["function"]["name"], sent["function"]["arguments"]) == ("look", {})


@pytest.mark.parametrize(
    "call",
    [
        {"id": "c1", "name": "look", "payload": {"place": "hall"}},
        {"id": "c1", "function": {"name": "look", "payload": {"place": "hall"}}},
        {"id": "c1", "arguments": {"place": "hall"}},
        "look(hall)",
    ],
)
def test_a_call_of_unknown_form_is_an_error(serve: Serve, call: Any) -> None:
    serving = serve("ok")
    called = ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [call]})
    with pytest.raises(ValueError, match="tool call"):
        serving.llm.chat([ChatMessage(role="user", content="Look."), called])
    assert not serving.asked


def spec_with(parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", "description": "d", "parameters": parameters}}


REWRITTEN = {
    "a property that may be anything": (
        {"type": "object", "properties": {"x": True}},
        {"type": "object", "properties": {"x": {}}},
    ),
    "a property that may not be": (
        {"type": "object", "properties": {"x": {"type": "string"}, "y": False}},
        {"type": "object", "properties": {"x": {"type": "string"}}},
    ),
    "an object or null": ({"type": ["object", "null"], "properties": {}}, {"type": "object", "properties": {}}),
    "required of draft 3": (
        {"type": "object", "properties": {"x": {"type": "string", "required": True}, "y": {"required": False}}},
        {"type": "object", "properties": {"x": {"type": "string"}, "y": {}}, "required": ["x"]},
    ),
    "required as text": (
        {"type": "object", "properties": {"x": {"type": "string"}}, "required": "x"},
        {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]},
    ),
    "any of anything": (
        {"type": "object", "properties": {"x": {"anyOf": [{"type": "string"}, True, False]}}},
        {"type": "object", "properties": {"x": {"anyOf": [{"type": "string"}, {}]}}},
    ),
    "deep inside": (
        {"type": "object", "properties": {"x": {"type": "object", "properties": {"y": True}, "required": "y"}}},
        {"type": "object", "properties": {"x": {"type": "object", "properties": {"y": {}}, "required": ["y"]}}},
    ),
    "nothing to do": (
        {"type": "object", "properties": {"x": {"type": ["string", "null"], "default": 3, "items": True}}},
        {"type": "object", "properties": {"x": {"type": ["string", "null"], "default": 3, "items": True}}},
    ),
}


@pytest.mark.parametrize("case", REWRITTEN)
def test_schemas_are_sent_in_the_forms_that_ollama_takes(serve: Serve, case: str) -> None:
    """The embedded server holds tools to Ollama's types, as recorded exchanges have them."""
    given, wanted = REWRITTEN[case]
    kept = json.dumps(given)
    serving = serve("ok")
    serving.llm.chat([ChatMessage(role="user", content="Look.")], tools=[spec_with(given)])
    assert serving.bodies[0]["tools"][0]["function"]["parameters"] == wanted
    assert json.dumps(given) == kept


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"type": "object", "properties": {"x": {"description": 5}}}, "f.parameters.properties.x.description"),
        ({"type": "object", "properties": {"x": {"enum": "a"}}}, "f.parameters.properties.x.enum"),
        ({"type": "object", "properties": {"x": {"anyOf": True}}}, "f.parameters.properties.x.anyOf"),
        ({"type": "object", "properties": {"x": {"type": [{"a": 1}]}}}, "f.parameters.properties.x.type"),
        ({"type": "object", "properties": {"x": "text"}}, "f.parameters.properties.x is"),
        ({"type": "object", "properties": ["x"]}, "f.parameters.properties is"),
        ({"type": "object", "properties": {}, "required": "x"}, "f.parameters.required"),
        ({"type": ["array", "null"]}, "f.parameters.type"),
        ({"type": 5}, "f.parameters.type"),
        (True, "parameters of the tool 'f'"),
    ],
)
def test_schemas_without_an_equivalent_are_refused_by_their_place(serve: Serve, parameters: Any, place: str) -> None:
    serving = serve("ok")
    with pytest.raises(ValueError, match=place.replace(".", r"\.")):
        serving.llm.chat([ChatMessage(role="user", content="Look.")], tools=[spec_with(parameters)])
    assert not serving.asked


def test_histories_of_integrations_that_take_the_name_for_the_id(serve: Serve) -> None:
    serving = serve("Fine.")
    call = ToolCallBlock(tool_name="look", tool_kwargs={"city": "Rome"})
    result = ChatMessage(role="tool", content="ok", additional_kwargs={"tool_call_id": "look"})
    serving.llm.chat([ChatMessage(content="Hello"), ChatMessage(role="assistant", blocks=[call]), result])
    assert serving.bodies[0]["messages"][2]["tool_name"] == "look"


def test_a_picture_in_a_tools_result(serve: Serve, scene: Image.Image, tmp_path: Path) -> None:
    scene.save(tmp_path / "scene.png")
    serving = serve("Fine.")
    call = ToolCallBlock(tool_call_id="c1", tool_name="camera", tool_kwargs={})
    blocks = [TextBlock(text="a frame"), ImageBlock(path=tmp_path / "scene.png")]
    result = ChatMessage(role="tool", blocks=blocks, additional_kwargs={"tool_call_id": "c1"})
    serving.llm.chat([ChatMessage(content="Hello"), ChatMessage(role="assistant", blocks=[call]), result])
    told = serving.bodies[0]["messages"][2]
    assert (told["tool_name"], told["content"], len(told["images"])) == ("camera", "a frame", 1)
    assert serving.asked[0].pictures == ((tmp_path / "scene.png").read_bytes(),)


# What Ollama cannot be told


@with_tools
def test_a_call_that_was_required_and_not_made(serve: Serve, endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    serving = serve("I would rather talk.", calls("Rome"))
    for _ in range(2):
        ask(serving.llm, endpoint, [LOOK], "Hello", tool_required=True)
    (said,) = caplog.messages
    assert "'m' called no tool, though one was required" in said


def test_no_call_is_an_error_for_whoever_needs_one(serve: Serve) -> None:
    serving = serve("I would rather talk.")
    with pytest.raises(ValueError, match=r"'m' called no tool; it said: 'I would rather talk.'"):
        serving.llm.predict_and_call([LOOK], "Hello")
    assert serving.llm.predict_and_call([LOOK], "Hello", error_on_no_tool_call=False).response == "I would rather talk."


@with_tools
def test_of_parallel_calls_that_are_not_allowed_the_first_is_kept(
    serve: Serve, endpoint: str, caplog: pytest.LogCaptureFixture
) -> None:
    native = Reply(ending=Ending(piece=Piece(tool_calls=tuple(calls("Rome", "Oslo", "Lima").tool_calls))))
    for reply in (calls("Rome", "Oslo", "Lima"), native):
        caplog.clear()
        serving = serve(reply)
        last = ask(serving.llm, endpoint, [LOOK], "Hello")
        (kept,) = serving.llm.get_tool_calls_from_response(last)
        assert kept.tool_kwargs == {"city": "Rome"}
        assert len(last.message.additional_kwargs["tool_calls"]) == 1
        assert len(last.raw["message"]["tool_calls"]) == 3
        (said,) = caplog.messages
        assert "3 tool calls" in said
        assert "Oslo" in said


@with_tools
def test_of_parallel_calls_that_are_allowed_all_are_kept(
    serve: Serve, endpoint: str, caplog: pytest.LogCaptureFixture
) -> None:
    serving = serve(calls("Rome", "Rome", "Lima"))
    last = ask(serving.llm, endpoint, [LOOK], "Hello", allow_parallel_tool_calls=True)
    found = serving.llm.get_tool_calls_from_response(last)
    assert [each.tool_kwargs["city"] for each in found] == ["Rome", "Rome", "Lima"]
    assert not caplog.messages


def test_a_chat_with_tools_of_its_own_keeps_all_calls(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    last = serve(calls("Rome", "Oslo")).llm.chat([ChatMessage(content="Hello")], tools=[LOOK])
    assert len(last.message.additional_kwargs["tool_calls"]) == 2
    assert not caplog.messages


@with_tools
@pytest.mark.parametrize("check", [True, False])
def test_a_model_without_tools(serve: Serve, endpoint: str, check: bool) -> None:
    serving = serve("Fine.", capabilities=("completion", "vision"), check_capabilities=check)
    with pytest.raises(CapabilityError, match="is_function_calling_model=False") as caught:
        ask(serving.llm, endpoint, [LOOK], "Hello")
    assert caught.value.missing == ("tools",)


# Long histories


def album(folder: Path, *turns: int) -> list[ChatMessage]:
    """A conversation with so many pictures in each of the user's turns; files that do not exist yet."""
    messages = []
    for turn, count in enumerate(turns):
        pictures = [
            ImageBlock.model_construct(path=folder / f"{turn}-{number}.png", image=None, url=None, detail=None)
            for number in range(count)
        ]
        messages.append(ChatMessage(role="user", content=f"Question {turn}"))
        messages[-1].blocks.extend(pictures)
        messages.append(ChatMessage(role="assistant", content=f"Answer {turn}"))
    return messages[:-1]


def draw(folder: Path, scene: Image.Image, *names: str) -> None:
    for name in names:
        scene.save(folder / f"{name}.png")


def shape_of(serving: Serving) -> list[tuple[str, int]]:
    """The user's messages that were sent: text, and number of pictures."""
    sent = [each for each in serving.bodies[-1]["messages"] if each["role"] == "user"]
    return [(each["content"], len(each.get("images", ()))) for each in sent]


@pytest.mark.parametrize("where", ["field", "call"])
def test_older_pictures_may_leave(serve: Serve, scene: Image.Image, tmp_path: Path, where: str) -> None:
    fewer: dict[str, Any] = {"keep_pictures": 2}
    serving = serve("Fine.", **(fewer if where == "field" else {}))
    messages = album(tmp_path, 2, 1, 1)
    before = [each.model_copy(deep=True) for each in messages]
    draw(tmp_path, scene, "1-0", "2-0")  # those of the first turn are not even read
    serving.llm.chat(messages, **(fewer if where == "call" else {}))
    assert shape_of(serving) == [
        ("Question 0\n[picture omitted]\n[picture omitted]", 0),
        ("Question 1", 1),
        ("Question 2", 1),
    ]
    assert messages == before


def test_pictures_of_the_latest_turn_stay(serve: Serve, scene: Image.Image, tmp_path: Path) -> None:
    serving = serve("Fine.")
    draw(tmp_path, scene, "1-0", "1-1", "1-2", "result")
    messages = album(tmp_path, 1, 3)
    call = ToolCallBlock(tool_call_id="c1", tool_name="camera", tool_kwargs={})
    messages += [
        ChatMessage(role="assistant", blocks=[call]),
        ChatMessage(role="tool", blocks=[ImageBlock(path=tmp_path / "result.png")]),
    ]
    serving.llm.chat(messages, keep_pictures=0)
    assert shape_of(serving) == [("Question 0\n[picture omitted]", 0), ("Question 1", 3)]
    assert len(serving.bodies[-1]["messages"][-1]["images"]) == 1


def test_all_pictures_stay_unless_told(serve: Serve, scene: Image.Image, tmp_path: Path) -> None:
    draw(tmp_path, scene, "0-0", "0-1", "1-0")
    serving = serve("Fine.", keep_pictures=1)
    serving.llm.chat(album(tmp_path, 2, 1), keep_pictures=None)
    assert shape_of(serving) == [("Question 0", 2), ("Question 1", 1)]


@pytest.mark.parametrize("count", [-1, "two", True, 1.5])
def test_a_number_of_pictures_that_is_none(serve: Serve, count: Any) -> None:
    with pytest.raises(ValueError, match="keep_pictures"):
        serve("Fine.").llm.chat([ChatMessage(content="Hello")], keep_pictures=count)


def test_complete_has_no_history(serve: Serve) -> None:
    with pytest.raises(TypeError, match="complete\\(\\) has no history"):
        serve("Fine.").llm.complete("Hello", keep_pictures=1)  # type: ignore[call-arg]
