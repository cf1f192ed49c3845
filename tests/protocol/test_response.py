"""Reply lines -> responses: texts, thinking, calls and figures as they were sent, and a word where they were cut."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ollama_vision import errors
from tests.support.endpoints import text_of
from tests.support.replies_read import ENDPOINTS, dumped, outcome, read
from tests.support.wire_server import (
    last,
    part,
)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_line_of_ten_megabytes_is_an_answer(endpoint: str) -> None:
    text = "é" * 5_000_000
    line = json.dumps(last(endpoint, text), ensure_ascii=False).encode()
    assert text_of(read(endpoint, [line])[-1]) == text


def encoded(*lines: dict[str, Any]) -> list[bytes]:
    return [dumped(line) + b"\n" for line in lines]


def call(name: str, call_id: str | None = None, **arguments: Any) -> dict[str, Any]:
    return {**({"id": call_id} if call_id else {}), "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_answer_grows_and_its_last_item_is_the_whole(endpoint: str) -> None:
    lines = encoded(
        part(endpoint, "", thinking="H"),
        part(endpoint, "A", thinking="m", logprobs=[{"token": "A", "logprob": -1.0, "bytes": [65]}]),
        last(endpoint, " dog", total_duration=9, tool_calls=None),
    )
    items = read(endpoint, lines, pictures=[{"size": [40, 40]}])
    assert [(text_of(item), item.delta) for item in items] == [("", ""), ("A", "A"), ("A dog", " dog")]
    extra = [item.additional_kwargs for item in items]
    assert [each.get("thinking_delta") for each in extra] == ["H", "m", None]
    assert [each["thinking"] for each in extra] == ["H", "Hm", "Hm"]
    assert [each["done"] for each in extra] == [False, False, True]
    assert [len(item.logprobs or []) for item in items] == [0, 1, 1]
    assert extra[-1]["finish_reason"] == "stop"
    assert extra[-1]["total_duration"] == 9
    assert extra[-1]["pictures"] == [{"size": [40, 40]}]
    assert "tool_calls" not in extra[-1]
    assert items[-1].raw["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    assert json.loads(json.dumps(items[-1].raw)) == items[-1].raw
    if endpoint == "chat":
        kinds = [block.block_type for block in items[-1].message.blocks]
        assert kinds == ["thinking", "text"]
        assert items[-1].raw["message"] == {"role": "assistant", "content": "A dog", "thinking": "Hm"}
    else:
        assert items[-1].raw["response"] == "A dog"
        assert items[-1].raw["thinking"] == "Hm"


def test_tool_calls_keep_their_ids_and_none_is_lost_doubled_or_merged() -> None:
    first, second = call("f", "call_1", a=1), call("f", "call_1", a=1)
    nameless = call("g")
    items = read(
        "chat",
        encoded(part("chat", "", tool_calls=[first]), part("chat", "", tool_calls=[second, nameless]), last("chat")),
    )
    blocks = [block for block in items[-1].message.blocks if block.block_type == "tool_call"]
    assert [(block.tool_name, block.tool_kwargs) for block in blocks] == [("f", {"a": 1}), ("f", {"a": 1}), ("g", {})]
    ids = [block.tool_call_id for block in blocks]
    assert ids[0] == "call_1"
    assert len(set(ids)) == 3
    assert [each["id"] for each in items[-1].additional_kwargs["tool_calls"]] == ids
    assert [each["id"] for each in items[-1].message.additional_kwargs["tool_calls"]] == ids
    assert [len(item.additional_kwargs.get("tool_calls", [])) for item in items] == [1, 3, 3]


@pytest.mark.parametrize(("arguments", "wanted"), [(None, {}), ({}, {}), ('{"a": 1}', {"a": 1})])
def test_arguments_may_be_missing_or_text(arguments: Any, wanted: Any) -> None:
    line = last("chat", tool_calls=None, message={"tool_calls": [{"function": {"name": "f", "arguments": arguments}}]})
    block = read("chat", encoded(line))[-1].message.blocks[-1]
    assert block.tool_kwargs == wanted


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("every_line", [True, False])
def test_an_empty_answer_that_stops_is_an_answer(endpoint: str, every_line: bool) -> None:
    items = read(endpoint, encoded(last(endpoint)), every_line=every_line)
    assert [text_of(item) for item in items] == [""]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    ("thinking", "text", "reason", "tools", "words"),
    [
        ("Hm.", "", "stop", False, "it only thought"),
        ("Hm.", " \n", "length", False, "its thinking used up the whole budget"),
        ("", "", "length", True, "perhaps a tool call that Ollama dropped"),
        ("", " ", "length", False, "before any visible text"),
    ],
)
def test_an_answer_without_an_answer_is_an_error(
    endpoint: str, thinking: str, text: str, reason: str, tools: bool, words: str
) -> None:
    found = outcome(
        endpoint,
        encoded(part(endpoint, text, thinking=thinking), last(endpoint, done_reason=reason)),
        tools_offered=tools,
    )
    assert isinstance(found, errors.EmptyResponseError)
    assert words in str(found)
    assert (found.thinking, found.partial_text, found.finish_reason) == (thinking, text, reason)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_text_that_ran_into_the_limit_is_an_answer_that_says_so(endpoint: str) -> None:
    items = read(endpoint, encoded(last(endpoint, "A", done_reason="length")))
    assert items[-1].additional_kwargs["finish_reason"] == "length"


def test_probabilities_come_with_their_alternatives() -> None:
    entry = {
        "token": "A",
        "logprob": -0.1,
        "bytes": [65],
        "top_logprobs": [{"token": "A", "logprob": -0.1}, {"token": "B"}],
    }
    item = read("chat", encoded(last("chat", "A", logprobs=[entry])))[-1]
    assert [[each.token for each in position] for position in item.logprobs] == [["A", "B"]]
