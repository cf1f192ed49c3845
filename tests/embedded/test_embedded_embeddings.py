"""Embeddings of the embedded server: refused as recorded of a real one, given in the form of its source."""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from collections.abc import Iterator
from typing import Any

import httpx2
import ollama
import openai
import pytest

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_embedded.engines.scripted_vectors import Script
from ollama_embedded.faults import busy
from tests.support.recorded import CLIENT, EMBEDDINGS, OTHER_ROUTES, send

EXCHANGES = {path.stem: json.loads(path.read_text()) for path in sorted(EMBEDDINGS.glob("*.json"))}
VECTORS = {"a red circle": [3.0, 4.0, 0.0, 0.0], "a blue square": [0.1, 0.2, 0.3, 0.4], "": [1.0, 0.0, 0.0, 0.0]}


def text_of(exchange: dict[str, Any]) -> str:
    return "".join(text for _, text in exchange["response"]["chunks"])


@pytest.fixture(scope="module")
def demo() -> Iterator[EmbeddedOllama]:
    with EmbeddedOllama(aliases=["gemma"]) as server:
        yield server


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedOllama]:
    with EmbeddedOllama(engine=ScriptedEngine(embed=VECTORS)) as server:
        yield server


def post(server: EmbeddedOllama, path: str = "/api/embed", **body: Any) -> httpx2.Response:
    return CLIENT.post(server.url + path, json={"model": server.model, **body})


def assert_as_recorded(reply: httpx2.Response, exchange: dict[str, Any]) -> None:
    recorded = exchange["response"]
    assert (reply.status_code, reply.text) == (recorded["status"], text_of(exchange))
    for header in ("content-type", "content-length"):
        assert reply.headers.get(header) == recorded["headers"].get(header)


def test_there_are_all_recordings() -> None:
    assert len(EXCHANGES) == 18


@pytest.mark.parametrize("name", EXCHANGES)
def test_the_demo_model_refuses_as_recorded(name: str, demo: EmbeddedOllama) -> None:
    """Byte for byte: what it does not make, what is too long, what is not there, and that nothing was asked."""
    assert_as_recorded(send(demo.url, EXCHANGES[name]["request"]), EXCHANGES[name])


@pytest.mark.parametrize("name", [name for name in EXCHANGES if "truncate-false" not in name])
@pytest.mark.parametrize("blind", [None, "black"])
def test_so_does_an_engine_that_makes_none(name: str, blind: str | None) -> None:
    model = EXCHANGES[name]["request"]["body"]["model"]
    engine = ScriptedEngine(model="other" if model == "no-such-model" else model)
    with EmbeddedOllama(engine=engine, blind=blind) as server:
        assert_as_recorded(send(server.url, EXCHANGES[name]["request"]), EXCHANGES[name])


def test_a_vector_for_each_text_of_length_one(server: EmbeddedOllama) -> None:
    reply = post(server, input=["a red circle", "a blue square"]).json()
    assert list(reply) == ["model", "embeddings", "total_duration", "load_duration", "prompt_eval_count"]
    assert (reply["model"], reply["prompt_eval_count"]) == ("scripted", 6)
    assert 0 < reply["load_duration"] <= reply["total_duration"]
    red, blue = reply["embeddings"]
    assert red == [0.6, 0.8, 0.0, 0.0], "as Go writes numbers of single precision"
    assert blue == pytest.approx([x / math.sqrt(0.3) for x in (0.1, 0.2, 0.3, 0.4)], abs=1e-7)


def test_one_text_is_a_list_of_one_and_none_is_none(server: EmbeddedOllama) -> None:
    assert len(post(server, input="a red circle").json()["embeddings"]) == 1
    assert len(post(server, input=[""]).json()["embeddings"]) == 1
    assert post(server, input="").json() == {"model": "scripted", "embeddings": []}


def test_fewer_dimensions_have_length_one_again(server: EmbeddedOllama) -> None:
    (vector,) = post(server, input="a blue square", dimensions=2).json()["embeddings"]
    assert vector == pytest.approx([0.1 / math.sqrt(0.05), 0.2 / math.sqrt(0.05)], abs=1e-7)
    (vector,) = post(server, input="a blue square", dimensions=9).json()["embeddings"]
    assert len(vector) == 4


def test_the_older_route_gives_the_vector_as_it_is(server: EmbeddedOllama) -> None:
    assert post(server, "/api/embeddings", prompt="a red circle").json() == {"embedding": [3.0, 4.0, 0.0, 0.0]}
    assert post(server, "/api/embeddings").json() == {"embedding": []}


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/api/embed", {"input": 3}, 400, "invalid input type"),
        ("/api/embed", {"input": ["a", 3]}, 400, "invalid input type"),
        ("/api/embed", {"input": "x", "model": ""}, 404, "model '' not found"),
        ("/api/embeddings", {"prompt": "x", "model": ""}, 400, "model is required"),
        (
            "/api/embed",
            {"input": "x", "dimensions": "8"},
            400,
            "json: cannot unmarshal string into Go struct field EmbedRequest.dimensions of type int",
        ),
        (
            "/api/embeddings",
            {"prompt": ["x"]},
            400,
            "json: cannot unmarshal array into Go struct field EmbeddingRequest.prompt of type string",
        ),
    ],
)
def test_what_is_no_request(path: str, body: dict[str, Any], status: int, error: str, server: EmbeddedOllama) -> None:
    """In the words of Ollama's source."""
    reply = post(server, path, **body)
    assert (reply.status_code, reply.json()) == (status, {"error": error})


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"input": []}, "invalid input"),
        ({}, "invalid input"),
        (
            {"input": "x", "encoding_format": "hex"},
            "Invalid value for 'encoding_format' = hex. Supported values: ['float', 'base64'].",
        ),
    ],
)
def test_what_openais_route_refuses(body: dict[str, Any], error: str, server: EmbeddedOllama) -> None:
    reply = post(server, "/v1/embeddings", **body)
    assert (reply.status_code, reply.json()["error"]["message"]) == (400, error)
    assert reply.json()["error"]["type"] == "invalid_request_error"


def test_a_vector_that_is_none_in_it(server: EmbeddedOllama) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(embed=[1.0, math.nan])) as broken:
        reply = post(broken, input="x")
    assert (reply.status_code, reply.json()) == (400, {"error": "embedding contains NaN or Inf values"})


def test_openais_client_gets_vectors_in_base64_and_in_numbers(server: EmbeddedOllama) -> None:
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="unused", http_client=None)
    # Without a word the client asks for base64, and decodes it itself.
    given = client.embeddings.create(model=server.model, input=["a red circle", "a blue square"])
    assert [each.index for each in given.data] == [0, 1]
    assert given.data[0].embedding == pytest.approx([0.6, 0.8, 0.0, 0.0])
    assert (given.usage.prompt_tokens, given.usage.total_tokens, given.model) == (6, 6, "scripted")
    numbers = client.embeddings.create(model=server.model, input="a red circle", encoding_format="float")
    assert numbers.data[0].embedding == [0.6, 0.8, 0.0, 0.0]
    raw = post(server, "/v1/embeddings", input="", encoding_format="base64").json()["data"][0]["embedding"]
    assert struct.unpack("<4f", base64.b64decode(raw)) == (1.0, 0.0, 0.0, 0.0)


def test_ollamas_client_gets_them_too(server: EmbeddedOllama) -> None:
    client = ollama.Client(server.url, trust_env=False)
    assert client.embed(server.model, "a red circle").embeddings == [[0.6, 0.8, 0.0, 0.0]]
    with pytest.raises(ollama.ResponseError, match="try pulling it first"):
        client.embed("nobody", "a red circle")


def test_a_function_gives_the_vector_of_a_text() -> None:
    engine = ScriptedEngine(embed=lambda text: [float(len(text)), 0.0])
    with EmbeddedOllama(engine=engine) as server:
        assert post(server, "/api/embeddings", prompt="four").json() == {"embedding": [4.0, 0.0]}
        post(server, input=["a", "b"], options={"num_ctx": 512}, keep_alive="5m")
    assert [each.texts for each in engine.embedded] == [("four",), ("a", "b")]
    assert (engine.embedded[1].options, engine.embedded[1].keep_alive) == ({"num_ctx": 512}, 300.0)


@pytest.mark.parametrize("bad", [[], "vector", {"a": []}, ["1"], 3])
def test_what_is_no_vector_is_refused_where_it_is_written(bad: Any) -> None:
    with pytest.raises(TypeError, match="give a vector, a list of numbers"):
        ScriptedEngine(embed=bad)


@pytest.mark.parametrize(
    ("embed", "said"),
    [
        ({"a cat": [1.0]}, "embed has no vector for 'x': it has them for 'a cat'"),
        (lambda text: None, "the function of embed returned for 'x' None: give a vector"),
        (lambda text: 1 / 0, "the script of the embedded server raised ZeroDivisionError"),
    ],
)
def test_a_script_that_fails_is_a_500_that_says_so(embed: Script, said: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(embed=embed)) as server:
        reply = post(server, input="x")
    assert reply.status_code == 500
    assert said in reply.json()["error"]


def test_faults_for_their_path() -> None:
    with EmbeddedOllama(engine=ScriptedEngine(embed=[1.0]), faults={"/api/embed": [busy()]}) as server:
        assert [post(server, input="x").status_code for _ in range(2)] == [503, 200]


def test_older_completions_are_as_recorded(demo: EmbeddedOllama) -> None:
    """The words may be another model's; a sampled one's temperature is OpenAI's."""
    exchange = json.loads((OTHER_ROUTES / "v1-completions.json").read_text())
    reply = send(demo.url, exchange["request"])
    assert reply.status_code == exchange["response"]["status"]
    assert reply.headers["content-type"] == exchange["response"]["headers"]["content-type"]
    free = re.compile(r'"(id":"cmpl-\d+|created":\d+|text":"[^"]+)"?|"(prompt|total)_tokens":\d+')
    assert free.sub("_", reply.text) == free.sub("_", text_of(exchange))


def test_openais_client_streams_older_completions() -> None:
    """In the form of Ollama's source: the count comes in a chunk of its own, and is zero in the others."""
    with EmbeddedOllama(engine=ScriptedEngine("A red circle.")) as server:
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="unused")
        stream = client.completions.create(
            model=server.model, prompt="Hi", stream=True, stop=["x"], stream_options={"include_usage": True}
        )
        chunks = list(stream)
        whole = client.completions.create(model=server.model, prompt="Hi", max_tokens=5)
        bad = post(server, "/v1/completions", prompt="x", stop=[3])
        (first, *_) = server.asked
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == whole.choices[0].text
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices] == [None, None, None, "stop"]
    assert [chunk.usage.completion_tokens for chunk in chunks if chunk.usage] == [0, 0, 0, 0, 3]
    assert first.path == "/v1/completions"
    assert (bad.status_code, bad.json()["error"]["message"]) == (400, "invalid type for 'stop' field: float64")


@pytest.mark.parametrize(
    "name",
    ["v1-messages-missing-model", "v1-messages-picture", "v1-messages-picture-stream", "v1-responses-picture"],
)
def test_what_is_not_served_says_so_in_the_form_of_its_errors(name: str, demo: EmbeddedOllama) -> None:
    recorded = json.loads((OTHER_ROUTES / "v1-messages-missing-model.json").read_text())
    request = json.loads((OTHER_ROUTES / f"{name}.json").read_text())["request"]
    reply = send(demo.url, request)
    assert reply.status_code == 404
    expected = json.loads(text_of(recorded))
    if request["path"] == "/v1/responses":
        expected = {"error": {"message": "", "type": "not_found_error", "param": None, "code": None}}
    said = reply.json()
    assert list(said) == list(expected)
    assert list(said["error"]) == list(expected["error"])
    assert said["error"]["type"] == "not_found_error"
    assert f"the embedded server has no {request['path']}" in said["error"]["message"]
