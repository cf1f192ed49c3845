"""OpenAI's routes of the embedded server: what is refused, in Go's and Ollama's words, and faults on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ollama_embedded import EmbeddedOllama, Gate, LosesPictures, Recorder, Reply, ScriptedEngine
from ollama_embedded.faults import (
    BadLine,
    BlankLines,
    CutStream,
    DoneFalse,
    ErrorLine,
    Fault,
    NoDone,
    NoFinalNewline,
    RawReply,
    Status,
    html,
    lost_picture,
    overflow,
)
from ollama_embedded.protocol.openai_replies import DONE
from tests.support.recorded import with_pictures

SOON = 30.0
CHAT: dict[str, Any] = {"model": "scripted", "messages": [{"role": "user", "content": "x"}]}
TOOL_CALLS = "messages.tool_calls"


def call(function: Any) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": function}]}]}


def part(value: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [value]}]}


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    return ScriptedEngine(capabilities=("completion", "vision", "tools", "thinking"))


@pytest.fixture(scope="module")
def client(engine: ScriptedEngine) -> Iterator[httpx2.Client]:
    with (
        EmbeddedOllama(engine=engine) as server,
        httpx2.Client(base_url=f"{server.url}/v1", trust_env=False, timeout=SOON) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"model": 1}, "number into Go struct field ChatCompletionRequest.model of type string"),
        ({"messages": {}}, "object into Go struct field ChatCompletionRequest.messages of type []openai.Message"),
        ({"messages": ["x"]}, "string into Go struct field ChatCompletionRequest.messages of type openai.Message"),
        ({"messages": [{"role": 1}]}, "number into Go struct field Message.messages.role of type string"),
        (
            {"messages": [{"tool_calls": {}}]},
            f"object into Go struct field Message.{TOOL_CALLS} of type []openai.ToolCall",
        ),
        (
            call(1),
            f"number into Go struct field ToolCall.{TOOL_CALLS}.function of type"
            ' struct { Name string "json:\\"name\\""; Arguments string "json:\\"arguments\\"" }',
        ),
        (call({"arguments": {}}), f"object into Go struct field .{TOOL_CALLS}.function.arguments of type string"),
        ({"stream": "x"}, "string into Go struct field ChatCompletionRequest.stream of type bool"),
        (
            {"stream_options": {"include_usage": 1}},
            "number into Go struct field StreamOptions.stream_options.include_usage of type bool",
        ),
        ({"max_tokens": 1.5}, "number 1.5 into Go struct field ChatCompletionRequest.max_tokens of type int"),
        ({"seed": "x"}, "string into Go struct field ChatCompletionRequest.seed of type int"),
        ({"temperature": "x"}, "string into Go struct field ChatCompletionRequest.temperature of type float64"),
        (
            {"response_format": {"json_schema": 1}},
            "number into Go struct field ResponseFormat.response_format.json_schema of type openai.JsonSchema",
        ),
        ({"reasoning": {"effort": 1}}, "number into Go struct field Reasoning.reasoning.effort of type string"),
        ({"logprobs": 2}, "number into Go struct field ChatCompletionRequest.logprobs of type bool"),
        ({"tools": ["x"]}, "string into Go struct field ChatCompletionRequest.tools of type api.Tool"),
    ],
)
def test_a_value_of_the_wrong_kind(change: dict[str, Any], error: str, client: httpx2.Client) -> None:
    """In the words of Go 1.26.8, which was given the same values for the same types."""
    assert_refused(client.post("/chat/completions", json=CHAT | change), f"json: cannot unmarshal {error}")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"messages": [{"role": "user"}]}, "invalid message content type: <nil>"),
        ({"messages": [{"role": "user", "content": 5}]}, "invalid message content type: float64"),
        ({"messages": [{"role": "user", "content": {}}]}, "invalid message content type: map[string]interface {}"),
        (part("x"), "invalid message format"),
        (part({"type": "text"}), "invalid message format"),
        (part({"type": "image_url", "image_url": {"url": "data:image/png;base64,???"}}), "invalid image input"),
        (part({"type": "input_audio"}), "invalid input_audio format"),
        (part({"type": "input_audio", "input_audio": {}}), "invalid input_audio format: missing data"),
        (call({"arguments": "{"}), "invalid tool call arguments"),
        (call({"arguments": "[]"}), "invalid tool call arguments"),
        (
            {"reasoning_effort": "huge"},
            'invalid reasoning value: "huge" (must be "minimal", "low", "medium", "high", "xhigh", "ultra", "max",'
            ' or "none")',
        ),
    ],
)
def test_what_ollama_refuses(change: dict[str, Any], error: str, client: httpx2.Client) -> None:
    """In the words of openai.go, as of 2026-08-21; the recorded cases are sent with the other transcripts."""
    assert_refused(client.post("/chat/completions", json=CHAT | change), error)


def assert_refused(reply: httpx2.Response, message: str) -> None:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    assert (reply.status_code, reply.json()) == (400, {"error": error})


def test_what_a_request_comes_to(client: httpx2.Client, engine: ScriptedEngine) -> None:
    """Stops, the defaults of OpenAI, and what Ollama ignores."""
    said = {"max_tokens": 3, "seed": 4, "frequency_penalty": 0.5, "presence_penalty": 0.25, "Stop": ["a", 1, "b"]}
    assert client.post("/chat/completions", json=CHAT | said | {"n": 7, "user": "me"}).status_code == 200
    assert engine.asked[-1].options == {
        "num_predict": 3,
        "seed": 4,
        "frequency_penalty": 0.5,
        "presence_penalty": 0.25,
        "stop": ["a", "b"],
        "temperature": 1.0,
        "top_p": 1.0,
    }
    assert client.post("/chat/completions", json=CHAT | {"stop": "a", "top_p": 0.5}).status_code == 200
    assert engine.asked[-1].options == {"stop": ["a"], "temperature": 1.0, "top_p": 0.5}


STREAMED = ["Hm. ", "A ", "cat."]


def streamed(*faults: Fault) -> tuple[int, bytes, bool]:
    """Status, body and whether the connection was cut, for a stream of three words."""
    with EmbeddedOllama(engine=ScriptedEngine(Reply(STREAMED)), faults=faults) as server:
        return body_of(server, CHAT | {"stream": True})


def body_of(server: EmbeddedOllama, body: dict[str, Any]) -> tuple[int, bytes, bool]:
    got = b""
    url = f"{server.url}/v1/chat/completions"
    with httpx2.Client(trust_env=False, timeout=SOON) as client, client.stream("POST", url, json=body) as reply:
        try:
            for data in reply.iter_raw():
                got += data
        except httpx2.RemoteProtocolError:
            return reply.status_code, got, True
    return reply.status_code, got, False


def words_in(body: bytes) -> list[str]:
    events = [json.loads(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: {")]
    return [event["choices"][0]["delta"].get("content") for event in events]


def test_a_stream_without_a_fault() -> None:
    status, body, cut = streamed()
    assert (status, words_in(body), cut) == (200, [*STREAMED, None], False)
    assert body.endswith(b'"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')


@pytest.mark.parametrize(
    ("fault", "words", "cut"),
    [
        (CutStream(after=2), STREAMED[:2], True),
        (NoDone(), STREAMED, False),
        (DoneFalse(), [*STREAMED, ""], False),
        # Ollama reads its own error line as an answer that says nothing.
        (ErrorLine(after=1), [STREAMED[0], ""], False),
    ],
)
def test_a_stream_that_does_not_end_as_it_should(fault: Fault, words: list[str], cut: bool) -> None:
    status, body, was_cut = streamed(fault)
    assert (status, words_in(body), was_cut) == (200, words, cut)
    assert b"[DONE]" not in body
    assert b'"finish_reason":"' not in body


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (BadLine(after=1), b'\n\n{"model":"shapes","mess\ndata: {"id":'),
        (BlankLines(), b"}]}\n\n\ndata: "),
    ],
)
def test_lines_that_are_no_replies_go_out_between_the_events(fault: Fault, part: bytes) -> None:
    _, body, _ = streamed(fault)
    assert part in body
    assert words_in(body) == [*STREAMED, None]


def test_the_last_event_has_no_end() -> None:
    _, body, _ = streamed(NoFinalNewline())
    assert body.endswith(b"\n\ndata: [DONE]")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", [overflow(), lost_picture()])
def test_a_status_of_ollama_s_is_an_error_of_openai_s(fault: Status, stream: bool) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(), faults=[fault]) as server:
        status, body, _ = body_of(server, CHAT | {"stream": stream})
    kind = "invalid_request_error" if fault.status == 400 else "api_error"
    error = {"message": fault.body["error"], "type": kind, "param": None, "code": None}
    assert (status, json.loads(body)) == (fault.status, {"error": error})


RAW = b'{"message":{"content":"as it is"},"done":true}\n'


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (html(502), 502, b"<!DOCTYPE html>"),
        (Status(401, {"detail": "who?"}), 401, b'{"detail":"who?"}'),
        (RawReply([RAW[:9], RAW[9:]]), 200, RAW),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_no_reply_of_ollama_s_goes_out_as_it_is(fault: Fault, status: int, body: bytes, stream: bool) -> None:
    for engine, faults in ((ScriptedEngine(), [fault]), (ScriptedEngine([fault]), [])):
        with EmbeddedOllama(engine=engine, faults=faults) as server:
            got = body_of(server, CHAT | {"stream": stream})
        assert (got[0], got[1][: len(body)]) == (status, body)


def test_faults_of_a_path_are_for_that_path() -> None:
    scripts = {"/v1/chat/completions": [Status(503)], "/v1/models": [Status(401)], "/api/chat": [Status(418)]}
    with EmbeddedOllama(engine=ScriptedEngine(), faults=scripts) as server:
        statuses = [body_of(server, CHAT)[0], body_of(server, CHAT)[0]]
        listed = [httpx2.get(f"{server.url}/v1/models", trust_env=False).status_code for _ in range(2)]
    assert (statuses, listed) == ([503, 200], [401, 200])


def test_a_picture_lost_by_this_route_is_lost_by_the_other() -> None:
    """They ask one model, with one cache."""

    def openai_form(*names: str) -> dict[str, Any]:
        parts = [{"type": "image_url", "image_url": {"url": {"$uri": name}}} for name in names]
        return with_pictures(CHAT | {"messages": [{"role": "user", "content": [*parts]}]})  # type: ignore[no-any-return]

    images = [with_pictures({"$picture": name}) for name in ("red-circle.png", "two-shapes.png")]
    both = {"role": "user", "content": "x", "images": images}
    with EmbeddedOllama(engine=ScriptedEngine(), faults=LosesPictures()) as server:
        asked = CHAT | {"stream": False, "messages": [both]}
        assert httpx2.post(f"{server.url}/api/chat", json=asked, trust_env=False).status_code == 200
        status, body, _ = body_of(server, openai_form("red-circle.png", "alpha.png"))
        fine = body_of(server, openai_form("two-shapes.png"))[0]
        pictures = [len(request.pictures) for request in server.asked]
    assert (status, "Chunk not found" in json.loads(body)["error"]["message"], fine) == (500, True, 200)
    assert pictures == [2, 2, 1]


def test_events_leave_one_by_one() -> None:
    gate = Gate()
    with (
        EmbeddedOllama(engine=ScriptedEngine(Reply(["A", gate, " cat."]))) as server,
        httpx2.Client(trust_env=False, timeout=SOON) as client,
        client.stream("POST", f"{server.url}/v1/chat/completions", json=CHAT | {"stream": True}) as reply,
    ):
        lines = reply.iter_lines()
        first = next(lines)
        gate.open()
        rest = "".join(lines)
    assert '"content":"A"' in first
    assert " cat." in rest


def test_a_stream_that_is_left_is_left_in_the_engine_too() -> None:
    gate = Gate()
    with EmbeddedOllama(engine=ScriptedEngine(Reply(["A", gate, " cat."]))) as server:
        url = f"{server.url}/v1/chat/completions"
        asked = CHAT | {"stream": True}
        with httpx2.stream("POST", url, json=asked, trust_env=False, timeout=SOON) as reply:
            next(reply.iter_lines())
        assert server.requests[0].ended.wait(SOON)
        assert server.requests[0].left.is_set()


def test_a_client_that_leaves_on_the_last_event_has_it_all(tmp_path: Path) -> None:
    """As clients of OpenAI's API do: the recording of such a stream is whole, and is played back."""
    events = b'data: {"id":"chatcmpl-1","choices":[]}\n\n' + DONE
    held = RawReply([events, Gate()], headers={"content-type": "text/event-stream"})
    asked = CHAT | {"stream": True}
    with (
        EmbeddedOllama(engine=ScriptedEngine(), faults=[held]) as real,
        Recorder(real.url, tmp_path) as recorder,
        httpx2.stream("POST", f"{recorder.url}/v1/chat/completions", json=asked, trust_env=False) as reply,
    ):
        assert "data: [DONE]" in reply.iter_lines()
    with EmbeddedOllama(replay=tmp_path) as replayed:
        assert body_of(replayed, asked) == (200, events, False)
