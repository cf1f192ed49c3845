"""What is refused, in which order, and how requests wait: the embedded server keeps a real one's rules."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from itertools import combinations
from typing import Any

import httpx2
import pytest

from ollama_embedded import EmbeddedOllama, Gate, ModelFacts, Reply, ScriptedEngine
from ollama_embedded.embedded import DEMO_MODEL, DEMO_NAME, DEMO_PROJECTOR
from ollama_embedded.engines.base import Event
from ollama_embedded.engines.llama_cpp import LlamaCppEngine
from ollama_embedded.protocol.requests import Request

SOON = 30.0
CHAT: dict[str, Any] = {"model": "plain", "messages": [{"role": "user", "content": "x"}], "stream": False}
GENERATE: dict[str, Any] = {"model": "plain", "prompt": "x", "stream": False}
FULL = "registry.ollama.ai/library/plain:latest"
NO_FORMAT = 'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object'


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    engine = ScriptedEngine(
        model="plain", capabilities=["completion"], models=[ModelFacts("vectors", capabilities=("embedding",))]
    )
    with (
        EmbeddedOllama(engine=engine) as server,
        httpx2.Client(base_url=server.url, trust_env=False, timeout=SOON) as client,
    ):
        yield client


Broken = tuple[str, dict[str, Any], int, str | None]
"""A name, the change that breaks a request, and the status and error that come of it; no error is a load."""

CHAT_ORDER: list[Broken] = [
    (
        "think",
        {"think": "foo"},
        400,
        'invalid think value: "foo" (must be "high", "medium", "low", "max", true, or false)',
    ),
    ("top_logprobs", {"top_logprobs": -1}, 400, "top_logprobs must be between 0 and 20"),
    ("model", {"model": "nobody"}, 404, "model 'nobody' not found"),
    ("thinking", {"think": True}, 400, '"plain" does not support thinking'),
    ("tools", {"tools": [{"type": "function"}]}, 400, f"{FULL} does not support tools"),
    ("options", {"options": {"num_ctx": "4096"}}, 500, 'option "num_ctx" must be of type integer'),
    ("load", {"messages": []}, 200, None),
    ("format", {"format": "xml"}, 500, NO_FORMAT),
]
GENERATE_ORDER: list[Broken] = [
    ("keep_alive", {"keep_alive": "300"}, 400, 'time: missing unit in duration "300"'),
    ("top_logprobs", {"top_logprobs": 21}, 400, "top_logprobs must be between 0 and 20"),
    ("model", {"model": "nobody"}, 404, "model 'nobody' not found"),
    ("raw", {"raw": True, "system": "s"}, 400, "raw mode does not support template, system, or context"),
    ("thinking", {"think": "high"}, 400, '"plain" does not support thinking'),
    ("insert", {"suffix": "y"}, 400, f"{FULL} does not support insert"),
    ("options", {"options": {"stop": "x"}}, 500, 'option "stop" must be of type array'),
    ("load", {"prompt": ""}, 200, None),
    ("format", {"format": "xml"}, 500, NO_FORMAT),
]
TABLE = [("/api/chat", CHAT, CHAT_ORDER), ("/api/generate", GENERATE, GENERATE_ORDER)]
PAIRS = [
    pytest.param(path, whole, first, second, id=f"{path[5:]}-{first[0]}-{second[0]}")
    for path, whole, order in TABLE
    for first, second in combinations(order, 2)
    if not set(first[1]) & set(second[1])
]


@pytest.mark.parametrize(("path", "whole", "first", "second"), PAIRS)
def test_of_two_faults_the_earlier_is_told(
    path: str, whole: dict[str, Any], first: Broken, second: Broken, client: httpx2.Client
) -> None:
    reply = client.post(path, json={**whole, **second[1], **first[1]})
    _, _, status, error = first
    assert reply.status_code == status
    if error is None:
        assert reply.json()["done_reason"] == "load"
    else:
        assert reply.json() == {"error": error}


@pytest.mark.parametrize(
    ("path", "model", "status", "error"),
    [
        ("/api/chat", "", 400, "model is required"),
        ("/api/generate", "", 404, "model '' not found"),
        ("/api/show", "", 400, "model is required"),
        ("/api/pull", "", 400, "invalid model name"),
        ("/api/chat", "a b", 400, "invalid model name"),
        ("/api/pull", "a b", 400, "invalid model name"),
        ("/api/chat", "x:local:cloud", 400, 'use either :local or :cloud, not both: "x:local:cloud"'),
        ("/api/show", "Nobody", 404, "model 'Nobody:latest' not found"),
        ("/api/chat", "Nobody:1b", 404, "model 'Nobody:1b' not found"),
        ("/api/chat", "vectors", 400, '"vectors" does not support chat'),
        ("/api/generate", "vectors", 400, '"vectors" does not support generate'),
    ],
)
def test_names(path: str, model: str, status: int, error: str, client: httpx2.Client) -> None:
    reply = client.post(path, json={**CHAT, "prompt": "x", "model": model})
    assert (reply.status_code, reply.json()) == (status, {"error": error})


@pytest.mark.parametrize("images", [[""], [None], [[1, 2, 255]], ["QUJD\r\n"], None])
def test_pictures_that_are_read_all_the_same(images: Any, client: httpx2.Client) -> None:
    """What is in them fails later, in the model's own reader."""
    message = {"role": "user", "content": "x", "images": images}
    assert client.post("/api/chat", json={**CHAT, "messages": [message]}).is_success


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"images": ["data:image/png;base64,AAAA"]}, "illegal base64 data at input byte 4"),
        ({"images": ["AAA"]}, "illegal base64 data at input byte"),
        ({"images": "AAAA"}, "GenerateRequest.images of type []api.ImageData"),
        ({"options": "x"}, "GenerateRequest.options of type map[string]interface {}"),
        ({"prompt": []}, "GenerateRequest.prompt of type string"),
        ({"keep_alive": []}, "Unsupported type: '[]interface {}'"),
        ({"think": []}, "think must be a boolean or string"),
    ],
)
def test_values_of_the_wrong_kind(change: dict[str, Any], error: str, client: httpx2.Client) -> None:
    reply = client.post("/api/generate", json={**GENERATE, **change})
    assert reply.status_code == 400
    assert error in reply.json()["error"]


def tool(**function: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", **function}}


def with_property(value: Any) -> dict[str, Any]:
    return tool(parameters={"type": "object", "properties": {"x": value}})


IN_PROPERTY = "ToolFunctionParameters.tools.function.parameters.properties"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (5, "number into Go struct field ChatRequest.tools of type api.Tool"),
        ({"type": ["function"]}, "array into Go struct field Tool.tools.type of type string"),
        ({"function": "f"}, "string into Go struct field Tool.tools.function of type api.ToolFunction"),
        ({"Function": {"Name": 1}}, "number into Go struct field ToolFunction.tools.function.name of type string"),
        (
            tool(parameters=True),
            "bool into Go struct field ToolFunction.tools.function.parameters of type api.ToolFunctionParameters",
        ),
        (
            tool(parameters={"required": [1]}),
            "number into Go struct field ToolFunctionParameters.tools.function.parameters.required of type string",
        ),
        (tool(parameters={"properties": []}), f"array into Go struct field {IN_PROPERTY} of type api."),
        (with_property({"type": 5}), f"number into Go struct field {IN_PROPERTY}.type of type []string"),
        (with_property({"enum": "a"}), f"string into Go struct field {IN_PROPERTY}.enum of type []interface {{}}"),
        (
            with_property({"properties": {"y": True}}),
            f"bool into Go struct field {IN_PROPERTY}.properties of type api.ToolProperty",
        ),
        (
            with_property({"anyOf": [{"description": []}]}),
            f"array into Go struct field {IN_PROPERTY}.anyOf.description of type string",
        ),
    ],
)
def test_tools_of_the_wrong_kind(given: Any, error: str, client: httpx2.Client) -> None:
    """By Go's rules and Ollama's types; the recorded cases are sent with the other transcripts."""
    reply = client.post("/api/chat", json={**CHAT, "tools": [given]})
    assert (reply.status_code, reply.json()["error"][: len(error) + 23]) == (400, f"json: cannot unmarshal {error}")


@pytest.mark.parametrize("depth", [400, 100_000])
def test_a_schema_as_deep_as_python_does_not_reach(depth: int, client: httpx2.Client) -> None:
    """Go reads 10,000 levels. Here the reader of JSON or the check of types may give up before, and says so."""
    body = '{"model": "plain", "tools": [{"function": {"parameters": ' + '{"properties": {"x": ' * depth
    reply = client.post("/api/chat", content=body + "{}" + "}}" * depth + "}}]}")
    assert (reply.status_code, reply.json()) == (400, {"error": "exceeded max depth"})


def test_unloading_comes_before_all_but_the_name(client: httpx2.Client) -> None:
    """A model that was never loaded can be unloaded, with whatever else is wrong about the request."""
    wrong = {"think": True, "options": {"num_ctx": "x"}, "format": "xml"}
    reply = client.post("/api/chat", json={"model": "plain", "keep_alive": 0, **wrong})
    assert (reply.status_code, reply.json()["done_reason"]) == (200, "unload")
    assert client.post("/api/chat", json={"model": "nobody", "keep_alive": 0}).status_code == 404


@pytest.mark.parametrize("path", ["/", "/api/version", "/api/tags"])
def test_heads_without_a_body(path: str, client: httpx2.Client) -> None:
    head, whole = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))


def test_metrics_are_nanoseconds_and_a_zero_is_left_out(demo_server: EmbeddedOllama) -> None:
    body = {"model": "shapes", "prompt": "Hello", "stream": False}
    reply = httpx2.post(f"{demo_server.url}/api/generate", json=body, trust_env=False).json()
    parts = [reply[name] for name in ("load_duration", "prompt_eval_duration", "eval_duration")]
    assert all(isinstance(part, int) and part > 1000 for part in parts)
    assert reply["total_duration"] >= reply["eval_duration"]
    silent = ScriptedEngine(Reply("", prompt_tokens=0, answer_tokens=0))
    with EmbeddedOllama(engine=silent) as server:
        reply = httpx2.post(f"{server.url}/api/generate", json={**body, "model": "scripted"}, trust_env=False).json()
    assert not {"prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"} & set(reply)


# Waiting and leaving ------------------------------------------------------------------------------------------


def post(url: str, **body: Any) -> threading.Thread:
    """A request in a thread of its own; a client that leaves is no failure."""

    def ask() -> None:
        try:
            httpx2.post(f"{url}/api/chat", json={**CHAT, **body}, trust_env=False, timeout=SOON)
        except httpx2.HTTPError:
            pytest.fail("no answer came")

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_who_leaves_the_queue_is_not_answered() -> None:
    gate = Gate()
    engine = ScriptedEngine([Reply([gate, "first"]), "second"], model="plain")
    with EmbeddedOllama(engine=engine) as server:
        first = post(server.url)
        assert gate.reached.wait(SOON)
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.post(f"{server.url}/api/chat", json=CHAT, trust_env=False, timeout=0.2)
        assert server.asked[1].ended.wait(SOON)
        gate.open()
        first.join(SOON)
        reply = httpx2.post(f"{server.url}/api/chat", json=CHAT, trust_env=False)
    assert reply.json()["message"]["content"] == "second"
    assert len(engine.asked) == 2, "the model never heard of the one that left"


def test_as_many_answers_at_once_as_there_are_slots() -> None:
    """Two slots: the third client waits, and leaves unheard."""
    gates = [Gate(), Gate()]
    engine = ScriptedEngine([*(Reply([gate, "x"]) for gate in gates), "third"], model="plain")
    with EmbeddedOllama(engine=engine, num_parallel=2) as server:
        answered = [post(server.url), post(server.url)]
        assert all(gate.reached.wait(SOON) for gate in gates)
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.post(f"{server.url}/api/chat", json=CHAT, trust_env=False, timeout=0.5)
        assert server.asked[2].ended.wait(SOON)
        assert len(engine.asked) == 2
        gates[1].open()
        reply = httpx2.post(f"{server.url}/api/chat", json=CHAT, trust_env=False, timeout=SOON)
        assert reply.json()["message"]["content"] == "third", "one slot became free"
        gates[0].open()
        for thread in answered:
            thread.join(SOON)


@pytest.mark.parametrize("num_parallel", [1, 2])
def test_each_slot_has_the_whole_context(num_parallel: int) -> None:
    with EmbeddedOllama(num_parallel=num_parallel) as server:
        body = {**CHAT, "model": "shapes", "messages": [{"role": "user", "content": "shape " * 3000}]}
        reply = httpx2.post(f"{server.url}/api/chat", json=body, trust_env=False, timeout=SOON)
    assert reply.status_code == 400
    error = json.loads(reply.json()["error"])["error"]
    assert (error["type"], error["n_ctx"]) == ("exceed_context_size_error", 2048)
    assert error["n_prompt_tokens"] > 2048


class Held:
    """The demo model's engine, held after its first piece: only leaving lets it go."""

    def __init__(self) -> None:
        self.inner = LlamaCppEngine(
            DEMO_MODEL, DEMO_PROJECTOR, name=DEMO_NAME, parameters={"temperature": 0}, threads=1
        )
        self.models = self.inner.models
        self.context_length = self.inner.context_length
        self.load, self.unload, self.close = self.inner.load, self.inner.unload, self.inner.close
        self.gate = Gate()
        self.let_go = threading.Event()

    async def answer(self, model: ModelFacts, request: Request) -> AsyncGenerator[Event, None]:
        async with aclosing(self.inner.answer(model, request)) as answer:
            async for event in answer:
                yield event
                try:
                    await self.gate.passed()
                except asyncio.CancelledError:
                    self.let_go.set()
                    raise


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_stops_the_real_model(stream: bool) -> None:
    """Also when nothing of the answer was ever sent: then only the closed connection tells."""
    engine = Held()
    body = {"model": "shapes", "prompt": "Hello", "raw": True, "options": {"num_predict": 1900}, "stream": stream}
    with EmbeddedOllama(engine=engine) as server:
        with asking(server.url, body):
            assert engine.gate.reached.wait(SOON)
        assert server.asked[0].left.wait(SOON)
        assert engine.let_go.wait(SOON)
        assert server.asked[0].ended.wait(SOON)
        engine.gate.open()
        again = httpx2.post(f"{server.url}/api/generate", json={**body, "stream": False}, trust_env=False, timeout=SOON)
    assert again.is_success, "the only slot is free"


@contextmanager
def asking(url: str, body: dict[str, Any]) -> Iterator[None]:
    """A client that has sent its request, and leaves when the block ends."""
    data = json.dumps(body).encode()
    host, _, port = url.removeprefix("http://").partition(":")
    head = f"POST /api/generate HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(data)}\r\n\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + data)
        yield
