"""Tools on their way out: whole schemas, the choice among them, and a word where Ollama cannot do what was wished."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage

from ollama_embedded import Ending, Piece, Reply
from ollama_vision.errors import CapabilityError
from tests.support.serving import Serve
from tests.support.tool_asks import (
    LOOK,
    WEATHER,
    ask,
    calls,
    with_tools,
)


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
