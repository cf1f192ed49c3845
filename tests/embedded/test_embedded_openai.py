"""OpenAI's routes of the embedded server answer as a real one's did: recorded exchanges, sent again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import httpx2
import pytest

from ollama_embedded import EmbeddedOllama, Ending, ModelFacts, Piece, Reply, ScriptedEngine, ToolCall
from tests.support.recorded import OPENAI, send

EXCHANGES = {path.stem: json.loads(path.read_text()) for path in sorted(OPENAI.glob("*.json"))}
OF_OTHER_MODELS = re.compile(r"v1-(think|tools-call|native-tools).*")
"""Their models are not shipped: the scripted engine says what they said."""
WITHOUT_TOOLS = re.compile(r"v1-(rendered-)?tools-unsupported")
"""Refused, because the pair that was recorded knew no tools."""
CUT_IN_SILENCE = "v1-rendered-overflow"
"""A prompt that is too long is cut, and an answer without an ending comes, only where a Go TEMPLATE is used."""
BY_THE_DEMO_MODEL = [
    name
    for name in EXCHANGES
    if name != CUT_IN_SILENCE and not OF_OTHER_MODELS.fullmatch(name) and not WITHOUT_TOOLS.fullmatch(name)
]
HEADERS = ("content-type", "allow", "location", "vary", "cache-control")
FREE = frozenset(("id", "created", "content", "token", "logprob", "bytes"))
"""Fields whose values are the model's or the moment's; that they are there is compared."""


def text_of(name: str) -> str:
    return "".join(text for _, text in EXCHANGES[name]["response"]["chunks"])


def is_stream(text: str) -> bool:
    return text.startswith("data: ")


def data_in(text: str) -> list[Any]:
    """The values of a reply: of each server-sent event, or the only one. The framing is held byte for byte."""
    if not is_stream(text):
        return [json.loads(text)] if text else []
    *events, done, end = text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    assert all(event.startswith("data: {") and "\n" not in event for event in events)
    return [json.loads(event.removeprefix("data: ")) for event in events]


def shape(value: Any, name: str = "") -> Any:
    """What must be equal: fields and their order, and the values of all that are not free."""
    if name == "data":
        return [shape(model) for model in value if model["id"] == "shapes:latest"]
    if name == "usage":
        assert value["prompt_tokens"] + value["completion_tokens"] == value["total_tokens"]
        return [(field, bool(count)) for field, count in value.items()]
    if isinstance(value, dict):
        return [(field, shape(item, field)) for field, item in value.items()]
    if name == "content" and isinstance(value, list):
        return bool(value) and shape(value[0])
    if name in FREE:
        return bool(value)
    if name == "message" and isinstance(value, str):
        return re.sub(r"\d{4,}", "N", value)
    return [shape(item) for item in value] if isinstance(value, list) else value


def assert_same_headers(reply: httpx2.Response, recorded: dict[str, Any]) -> None:
    for header in HEADERS:
        assert reply.headers.get(header) == recorded["headers"].get(header)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedOllama]:
    with EmbeddedOllama(aliases=["shapes-go"]) as server:
        yield server


@pytest.mark.parametrize("name", BY_THE_DEMO_MODEL)
def test_the_demo_model_answers_as_recorded(name: str, server: EmbeddedOllama) -> None:
    """A run of chunks that are alike counts once, since texts differ in length."""
    recorded, text = EXCHANGES[name]["response"], text_of(name)
    reply = send(server.url, EXCHANGES[name]["request"])
    assert reply.status_code == recorded["status"], reply.text
    assert_same_headers(reply, recorded)
    got, expected = (
        [alike for alike, _ in groupby(shape(value) for value in data_in(each))] for each in (reply.text, text)
    )
    assert got == expected
    assert reply.text.endswith("\n") == text.endswith("\n")
    if recorded["status"] != 200:
        assert ("content-length" in reply.headers) == ("content-length" in recorded["headers"])


ANSWERS = [
    name
    for name, exchange in EXCHANGES.items()
    if exchange["request"]["method"] == "POST" and exchange["response"]["status"] == 200
]


@pytest.mark.parametrize("name", ANSWERS)
def test_the_script_of_a_recording_gives_the_recorded_bytes(name: str) -> None:
    """The words, thoughts and tool calls of any recorded model, framed anew; only id and time are the moment's."""
    request, recorded, text = EXCHANGES[name]["request"], EXCHANGES[name]["response"], text_of(name)
    abilities = ("completion", "vision", "tools", "thinking")
    engine = ScriptedEngine(said_in(text), model=request["body"]["model"], capabilities=abilities)
    with EmbeddedOllama(engine=engine) as server:
        reply = send(server.url, request)
    assert reply.status_code == 200
    assert_same_headers(reply, recorded)
    assert ("content-length" in reply.headers) == ("content-length" in recorded["headers"])
    assert without_the_moment(reply.text) == without_the_moment(text)


def said_in(text: str) -> Reply:
    """The reply that a recording shows."""
    values = data_in(text)
    choices = [choice for value in values for choice in value["choices"]]
    said = [piece_of(choice.get("delta", choice.get("message"))) for choice in choices]
    pieces = [with_logprobs(piece, choice) for piece, choice in zip(said, choices, strict=True)]
    reason = choices[-1]["finish_reason"]
    if reason is None:
        return Reply(pieces, unfinished=True)
    usage: dict[str, int] = next((value["usage"] for value in values if "usage" in value), {})
    ending = Ending(
        reason="stop" if reason == "tool_calls" else reason,
        prompt_tokens=usage.get("prompt_tokens", 12),
        answer_tokens=usage.get("completion_tokens", 3),
    )
    return Reply(pieces[:-1] if is_stream(text) else pieces, ending=ending)


def piece_of(said: dict[str, Any]) -> Piece:
    calls = said.get("tool_calls", ())
    return Piece(
        content=said.get("content", ""),
        thinking=said.get("reasoning", ""),
        tool_calls=tuple(
            ToolCall(call["function"]["name"], json.loads(call["function"]["arguments"]), call["id"]) for call in calls
        ),
    )


def with_logprobs(piece: Piece, choice: dict[str, Any]) -> Piece:
    entries = choice.get("logprobs", {}).get("content", ())
    return Piece(piece.content, piece.thinking, piece.tool_calls, tuple(entries))


def without_the_moment(text: str) -> str:
    """The bytes, with one spelling of every number, since Go's of small ones is not Python's."""
    same = re.sub(r'("id":"chatcmpl-)\d+(","object":"chat.completion(?:.chunk)?","created":)\d+', r"\1N\2N", text)
    return re.sub(r"-?\d+\.\d+(e-\d+)?", lambda found: repr(float(found.group())), same)


@pytest.mark.parametrize("name", [name for name in EXCHANGES if WITHOUT_TOOLS.fullmatch(name)])
def test_a_model_without_tools_refuses_them_as_recorded(name: str) -> None:
    request, recorded = EXCHANGES[name]["request"], EXCHANGES[name]["response"]
    engine = ScriptedEngine(model=request["body"]["model"], capabilities=("completion", "vision"))
    with EmbeddedOllama(engine=engine) as server:
        reply = send(server.url, request)
    assert (reply.status_code, reply.text) == (recorded["status"], text_of(name))
    assert_same_headers(reply, recorded)


def test_all_models_are_listed() -> None:
    engine = ScriptedEngine(models=[ModelFacts("someone/vectors:2b", modified_ns=1_795_935_289_000_000_000)])
    with EmbeddedOllama(engine=engine) as server:
        listed = httpx2.get(f"{server.url}/v1/models", trust_env=False).json()["data"]
    assert [model["id"] for model in listed] == ["scripted:latest", "someone/vectors:2b"]
    assert (listed[1]["owned_by"], listed[1]["created"]) == ("someone", 1_795_935_289)
