"""Tool calls on their way back: every call, once, with its id, its arguments and its result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from PIL import Image

from ollama_embedded import Reply
from ollama_embedded.faults import RawReply
from ollama_vision.errors import AnswerCutError, EmptyResponseError, OllamaMultiModalError
from tests.support.recorded import FOLDER
from tests.support.serving import Serve
from tests.support.tool_asks import (
    LOOK,
    ask,
    message,
    raw,
    with_tools,
)


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
