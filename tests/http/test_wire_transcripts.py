"""Every recorded exchange, replayed byte for byte and piece by piece: what must come of it is in `wire_outcomes`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from llama_index.multi_modal_llms.ollama import OllamaServer, PullProgress
from ollama_vision import errors
from tests.support.endpoints import NAMES, Answer, ask
from tests.support.recorded import FOLDER
from tests.support.wire_outcomes import OUTCOMES, Fails, NotAsked, Outcome, Pulls, Says, Tells
from tests.support.wire_server import CLOSE, END, Step, WireServer, chunk, client, head

RECORDED = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.json"))}
TAGS = RECORDED["tags"]["response"]
SLOW_BYTES = 4000
"""Bodies up to this size are also sent one byte at a time."""


def script(response: dict[str, Any], *, bytewise: bool = False) -> list[Step]:
    """The reply as it was recorded: status, headers, and each piece on its own."""
    headers = dict(response["headers"])
    pieces = [text.encode() for _, text in response["chunks"]]
    if "content-length" in headers:  # paths were shortened in a few of the recordings
        headers["content-length"] = str(sum(map(len, pieces)))
    if bytewise:
        whole = b"".join(pieces)
        pieces = [whole[at : at + 1] for at in range(len(whole))]
    steps: list[Step] = [head(response["status"], headers)]
    if headers.get("transfer-encoding") == "chunked":
        steps += [chunk(piece) for piece in pieces]
        steps.append(CLOSE if "error" in response else END)
    else:
        steps += pieces
    return steps


def keywords(recorded: dict[str, Any]) -> dict[str, Any]:
    """What of the recorded request matters for how its reply is read."""
    body = recorded["request"]["body"]
    return {"tools": body["tools"]} if isinstance(body, dict) and body.get("tools") else {}


def model_of(recorded: dict[str, Any]) -> str:
    body = recorded["request"]["body"]
    return (body.get("model") if isinstance(body, dict) else None) or "m"


def endpoints_of(recorded: dict[str, Any]) -> list[str]:
    is_chat = recorded["request"]["path"] == "/api/chat"
    return [name for name in NAMES if name.endswith("chat") == is_chat]


def is_text(found: str, expected: str) -> bool:
    return found.startswith(expected[:-3]) if expected.endswith("...") else found == expected


def check_answer(found: Answer, expected: Says, recorded: dict[str, Any]) -> None:
    last = found.last
    assert is_text(found.text, expected.text), found.text
    assert expected.length in (None, len(found.text))
    extra = last.additional_kwargs
    assert extra["finish_reason"] == expected.reason
    assert extra.get("thinking", "") == expected.thinking
    assert [(call["function"]["name"], call["function"]["arguments"]) for call in extra.get("tool_calls", [])] == list(
        expected.calls
    )
    assert len(last.logprobs or []) == expected.logprobs
    if hasattr(last, "message"):
        kinds = {"thinking": "content", "tool_call": "tool_name"}
        blocks = [
            (block.block_type, getattr(block, kinds.get(block.block_type, "text"))) for block in last.message.blocks
        ]
        thinking = [("thinking", expected.thinking)] if expected.thinking else []
        assert blocks == [*thinking, ("text", found.text), *(("tool_call", name) for name, _ in expected.calls)]
    whole = [json.loads(line) for line in "".join(text for _, text in recorded["response"]["chunks"]).splitlines()]
    prompt, spoken = whole[-1].get("prompt_eval_count", 0), whole[-1].get("eval_count", 0)
    assert last.raw["usage"] == {
        "prompt_tokens": prompt,
        "completion_tokens": spoken,
        "total_tokens": prompt + spoken,
    }
    if len(found.items) > 1:
        assert found.deltas == found.text


def check_error(error: Any, expected: Fails) -> None:
    assert type(error) is expected.error, repr(error)
    assert expected.words in str(error)
    for name, value in expected.details.items():
        found = getattr(error, name)
        assert is_text(found, value) if isinstance(value, str) else found == value, (name, found)


def what_came(call: Callable[[], Any]) -> Any:
    """What a call returned, or the error of the tree that it raised."""
    try:
        return call()
    except errors.OllamaMultiModalError as error:
        return error


def replay(recorded: dict[str, Any], expected: Outcome, endpoint: str, *, bytewise: bool = False) -> None:
    steps = script(recorded["response"], bytewise=bytewise)
    with WireServer(steps, routes={"/api/tags": script(TAGS)}) as server:
        llm = client(server, model=model_of(recorded))
        found = what_came(lambda: ask(llm, endpoint, "hello", **keywords(recorded)))
        if isinstance(expected, Fails):
            check_error(found, expected)
        else:
            assert isinstance(expected, Says)
            assert isinstance(found, Answer), f"{endpoint}: {found!r}"
            check_answer(found, expected, recorded)
        assert [seen.path for seen in server.asked] == [recorded["request"]["path"]]


def test_every_transcript_has_its_outcome() -> None:
    assert set(RECORDED) == set(OUTCOMES)
    assert len(RECORDED) == 464


ANSWERED = [name for name, each in RECORDED.items() if isinstance(OUTCOMES.get(name), (Says, Fails))]
BY_ENDPOINTS = [name for name in ANSWERED if RECORDED[name]["request"]["path"] in ("/api/chat", "/api/generate")]


@pytest.mark.parametrize("name", BY_ENDPOINTS)
def test_a_recorded_answer_ends_as_it_must_in_all_its_endpoints(name: str) -> None:
    for endpoint in endpoints_of(RECORDED[name]):
        replay(RECORDED[name], OUTCOMES[name], endpoint)


@pytest.mark.parametrize("name", BY_ENDPOINTS)
def test_a_recorded_answer_ends_as_it_must_byte_by_byte(name: str) -> None:
    recorded = RECORDED[name]
    size = sum(len(text) for _, text in recorded["response"]["chunks"])
    endpoint = next(each for each in endpoints_of(recorded) if each.startswith("a" if size % 2 else "stream"))
    replay(recorded, OUTCOMES[name], endpoint, bytewise=size <= SLOW_BYTES)


SIDE = [
    name
    for name, outcome in OUTCOMES.items()
    if not isinstance(outcome, NotAsked) and RECORDED[name]["request"]["path"] not in ("/api/chat", "/api/generate")
]


def question(server: OllamaServer, recorded: dict[str, Any], steps: list[PullProgress], prefix: str) -> Any:
    """The method of OllamaServer that asks such a question."""
    path = recorded["request"]["path"]
    model = model_of(recorded)
    return {
        "/api/show": lambda: getattr(server, f"{prefix}show")(model),
        "/api/tags": lambda: getattr(server, f"{prefix}models")(),
        "/api/ps": lambda: getattr(server, f"{prefix}running")(),
        "/api/version": lambda: getattr(server, f"{prefix}version")(),
        "/api/pull": lambda: getattr(server, f"{prefix}pull")(model, steps.append),
    }[path]()


def seen_of(path: str, result: Any) -> Any:
    if path == "/api/show":
        return set(result["capabilities"])
    if path == "/api/tags":
        return {model.name: set(model.capabilities) for model in result}
    if path == "/api/ps":
        return {model.name: model.details["context_length"] for model in result}
    return result


@pytest.mark.parametrize("prefix", ["", "a"])
@pytest.mark.parametrize("name", SIDE)
def test_a_recorded_side_question_ends_as_it_must(name: str, prefix: str) -> None:
    recorded, expected = RECORDED[name], OUTCOMES[name]
    path = recorded["request"]["path"]
    steps: list[PullProgress] = []
    with WireServer(script(recorded["response"]), routes={path: script(recorded["response"])}) as wire:
        server = OllamaServer(wire.url)

        async def run() -> Any:
            return await question(server, recorded, steps, "a")

        found = what_came(lambda: asyncio.run(run()) if prefix else question(server, recorded, steps, ""))
        if isinstance(expected, Fails):
            check_error(found, expected)
        elif isinstance(expected, Pulls):
            assert found is None
            assert len(steps) == expected.steps
            assert steps[-1].status == "success"
            assert all(step.completed <= step.total for step in steps)
        else:
            assert isinstance(expected, Tells)
            assert seen_of(path, found) == expected.value
        assert [seen.path for seen in wire.requests] == [path]


@pytest.mark.parametrize("prefix", ["", "a"])
@pytest.mark.parametrize(("name", "method"), [("generate-load", "preload"), ("chat-unload", "unload")])
def test_recorded_loads_and_unloads_are_understood(name: str, method: str, prefix: str) -> None:
    with WireServer(script(RECORDED[name]["response"])) as server:
        llm = client(server)

        async def run() -> None:
            await getattr(llm, f"a{method}")()

        asyncio.run(run()) if prefix else getattr(llm, method)()
        body = server.asked[0].json
    assert "prompt" not in body
    assert ("keep_alive" in body) == (method == "unload")
