"""Clients of others on the embedded server: each describes a picture, whole and streamed, and sees an error as one."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import langchain_ollama
import ollama
import pytest
from langchain_core.messages import HumanMessage
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.llms.ollama import Ollama  # type: ignore[import-untyped]

from ollama_embedded import EmbeddedOllama, Piece, Reply, ScriptedEngine, ToolCall, draw_scene
from ollama_embedded.faults import ErrorLine, busy, nested_error

QUESTION = "Describe the image."
SEEN = ("blue", "square", "top left", "green", "triangle", "bottom right")
LOCAL = {"trust_env": False}
"""No proxy of the environment stands between a test and this machine."""

Describe = Callable[[str, str, Path], list[str]]
"""Address, model and picture in, the pieces of the answer out."""


def encoded(picture: Path) -> str:
    return base64.b64encode(picture.read_bytes()).decode()


def now(pieces: AsyncIterator[str]) -> list[str]:
    async def collected() -> list[str]:
        return [piece async for piece in pieces]

    return asyncio.run(collected())


def image(picture: Path) -> ollama.Image:
    return ollama.Image(value=picture)


def official_chat(url: str, model: str, picture: Path) -> list[str]:
    message = {"role": "user", "content": QUESTION, "images": [picture]}
    return [ollama.Client(url, **LOCAL).chat(model, [message]).message.content or ""]


def official_chat_streamed(url: str, model: str, picture: Path) -> list[str]:
    message = {"role": "user", "content": QUESTION, "images": [picture]}
    parts = ollama.Client(url, **LOCAL).chat(model, [message], stream=True)
    return [part.message.content or "" for part in parts]


def official_generate(url: str, model: str, picture: Path) -> list[str]:
    return [ollama.Client(url, **LOCAL).generate(model, QUESTION, images=[image(picture)]).response or ""]


def official_generate_streamed(url: str, model: str, picture: Path) -> list[str]:
    parts = ollama.Client(url, **LOCAL).generate(model, QUESTION, images=[image(picture)], stream=True)
    return [part.response or "" for part in parts]


def official_async_streamed(url: str, model: str, picture: Path) -> list[str]:
    data = picture.read_bytes()

    async def pieces() -> AsyncIterator[str]:
        async with ollama.AsyncClient(url, **LOCAL) as client:
            parts = await client.generate(model, QUESTION, images=[data], stream=True)
            async for part in parts:
                yield part.response or ""

    return now(pieces())


def langchain_question(picture: Path) -> list[HumanMessage]:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded(picture)}"}}
    return [HumanMessage(content=[{"type": "text", "text": QUESTION}, image])]


def langchain_model(url: str, model: str) -> langchain_ollama.ChatOllama:
    return langchain_ollama.ChatOllama(model=model, base_url=url, client_kwargs=LOCAL)


def langchain(url: str, model: str, picture: Path) -> list[str]:
    return [langchain_model(url, model).invoke(langchain_question(picture)).text]


def langchain_streamed(url: str, model: str, picture: Path) -> list[str]:
    return [chunk.text for chunk in langchain_model(url, model).stream(langchain_question(picture))]


def langchain_async_streamed(url: str, model: str, picture: Path) -> list[str]:
    async def pieces() -> AsyncIterator[str]:
        async for chunk in langchain_model(url, model).astream(langchain_question(picture)):
            yield chunk.text

    return now(pieces())


def langchain_completion(url: str, model: str, picture: Path) -> list[str]:
    llm = langchain_ollama.OllamaLLM(model=model, base_url=url, client_kwargs=LOCAL)
    return [llm.bind(images=[encoded(picture)]).invoke(QUESTION)]


def llama_index_model(url: str, model: str) -> Any:
    client = ollama.Client(url, **LOCAL)
    return Ollama(model=model, base_url=url, client=client, context_window=2048)


def llama_index_question(picture: Path) -> list[ChatMessage]:
    return [ChatMessage(role="user", blocks=[ImageBlock(path=picture), TextBlock(text=QUESTION)])]


def llama_index_chat(url: str, model: str, picture: Path) -> list[str]:
    return [llama_index_model(url, model).chat(llama_index_question(picture)).message.content or ""]


def llama_index_streamed(url: str, model: str, picture: Path) -> list[str]:
    return [item.delta or "" for item in llama_index_model(url, model).stream_chat(llama_index_question(picture))]


def curl(url: str, path: str, body: dict[str, Any]) -> tuple[int, str]:
    """Status and body, as a shell script would get them."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed on this machine: apt-get install curl")
    command = ["curl", "--silent", "--no-buffer", "--noproxy", "*", "--max-time", "60", "--data", "@-"]
    done = subprocess.run(
        [*command, "--write-out", "\n%{http_code}", url + path], input=json.dumps(body), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    text, _, status = done.stdout.rpartition("\n")
    return int(status), text


def curl_whole(url: str, model: str, picture: Path) -> list[str]:
    body = {"model": model, "prompt": QUESTION, "images": [encoded(picture)], "stream": False}
    return [json.loads(curl(url, "/api/generate", body)[1])["response"]]


def curl_streamed(url: str, model: str, picture: Path) -> list[str]:
    message = {"role": "user", "content": QUESTION, "images": [encoded(picture)]}
    _, text = curl(url, "/api/chat", {"model": model, "messages": [message]})
    return [json.loads(line)["message"]["content"] for line in text.splitlines()]


WHOLE: list[Describe] = [
    official_chat,
    official_generate,
    langchain,
    langchain_completion,
    llama_index_chat,
    curl_whole,
]
STREAMED: list[Describe] = [
    official_chat_streamed,
    official_generate_streamed,
    official_async_streamed,
    langchain_streamed,
    langchain_async_streamed,
    llama_index_streamed,
    curl_streamed,
]


@pytest.mark.parametrize("describe", [*WHOLE, *STREAMED])
def test_each_describes_the_picture(describe: Describe, demo_server: EmbeddedOllama, picture: Path) -> None:
    pieces = describe(demo_server.url, "shapes", picture)
    answer = "".join(pieces)
    assert all(word in answer for word in SEEN), answer
    assert len(pieces) > 5 if describe in STREAMED else len(pieces) == 1
    (sent,) = demo_server.asked[-1].pictures
    assert sent == picture.read_bytes()


@pytest.mark.parametrize("describe", [official_chat, langchain, llama_index_chat, curl_whole])
def test_each_finds_the_model_under_the_name_that_it_asks_for(describe: Describe, picture: Path) -> None:
    """Code that asks for a big model is tested with the small one."""
    with EmbeddedOllama(aliases=["qwen2.5vl:7b"]) as server:
        assert "blue square" in describe(server.url, "qwen2.5vl:7b", picture)[0]


@pytest.mark.parametrize("describe", [*WHOLE[:-1], *STREAMED[:-1]])
def test_each_sees_that_a_model_is_not_there(describe: Describe, demo_server: EmbeddedOllama, picture: Path) -> None:
    """All of these are built on the official client, and its error is what their users catch."""
    with pytest.raises(ollama.ResponseError, match="model 'nobody' not found") as fault:
        describe(demo_server.url, "nobody", picture)
    assert fault.value.status_code == 404


@pytest.mark.parametrize("describe", [*WHOLE[:-1], *STREAMED[:-1]])
@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        (busy(), 503, "server busy, please try again"),
        (nested_error(400, "Failed to load image or audio file"), 400, "Failed to load image or audio file"),
    ],
)
def test_each_sees_an_error_before_the_answer(
    describe: Describe, fault: Any, status: int, text: str, picture: Path
) -> None:
    with (
        EmbeddedOllama(engine=ScriptedEngine(fault, model="m")) as server,
        pytest.raises(ollama.ResponseError, match=text) as seen,
    ):
        describe(server.url, "m", picture)
    assert seen.value.status_code == status


@pytest.mark.parametrize("describe", STREAMED[:-1])
def test_each_sees_an_error_in_the_middle_of_a_stream(describe: Describe, picture: Path) -> None:
    broken = Reply("one two three", fault=ErrorLine(after=1, error="the model broke"))
    with (
        EmbeddedOllama(engine=ScriptedEngine(broken, model="m")) as server,
        pytest.raises(ollama.ResponseError, match="the model broke"),
    ):
        describe(server.url, "m", picture)


def test_curl_sees_errors_by_their_status(demo_server: EmbeddedOllama) -> None:
    body = {"model": "nobody", "prompt": "x"}
    assert curl(demo_server.url, "/api/generate", body) == (404, '{"error":"model \'nobody\' not found"}')


def test_curl_says_wherefrom_it_is(demo_server: EmbeddedOllama) -> None:
    """curl labels its body as a form, and Ollama does not care."""
    curl(demo_server.url, "/api/generate", {"model": "shapes", "prompt": "Hello", "stream": False})
    assert demo_server.asked[-1].headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.fixture
def able() -> Iterator[ollama.Client]:
    """The official client on a model that thinks and calls tools."""
    logprob = {"token": "It", "logprob": -0.25, "bytes": [73, 116]}
    said = Reply(
        [Piece("It is ", logprobs=(logprob,)), "sunny."],
        thinking="Let me look.",
        tool_calls=[ToolCall("look", {"at": "sky"})],
    )
    engine = ScriptedEngine(said, model="able", capabilities=("completion", "tools", "thinking"))
    with EmbeddedOllama(engine=engine) as server:
        yield ollama.Client(server.url, **LOCAL)


def test_the_official_client_reads_all_of_a_reply(able: ollama.Client) -> None:
    def look(at: str) -> str:
        """Look somewhere."""
        return at

    message = {"role": "user", "content": "How is the weather?"}
    reply = able.chat("able", [message], tools=[look], think=True, logprobs=True)
    assert (reply.message.content, reply.message.thinking) == ("It is sunny.", "Let me look.")
    assert reply.message.tool_calls
    assert reply.message.tool_calls[0].function.arguments == {"at": "sky"}
    assert reply.logprobs
    assert (reply.logprobs[0].token, reply.logprobs[0].logprob) == ("It", -0.25)
    assert reply.done_reason == "stop"
    assert reply.eval_count == 6
    assert (reply.total_duration or 0) > 0


def test_the_official_client_reads_the_other_endpoints(able: ollama.Client) -> None:
    shown = able.show("able")
    assert shown.capabilities == ["completion", "tools", "thinking"]
    assert shown.details
    assert [model.model for model in able.list().models] == ["able:latest"]
    able.generate("able", keep_alive="1m")
    assert [model.model for model in able.ps().models] == ["able:latest"]
    assert able.pull("able").status == "success"
    assert [part.status for part in able.pull("able", stream=True)][-1] == "success"
    with pytest.raises(ollama.ResponseError, match="pull model manifest: file does not exist"):
        able.pull("nobody")
    with pytest.raises(ollama.ResponseError, match="pull model manifest: file does not exist"):
        list(able.pull("nobody", stream=True))


def test_the_official_client_gets_a_schema_enforced(demo_server: EmbeddedOllama, picture: Path) -> None:
    draw_scene("red circle", "blue star").save(picture)
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    message = {"role": "user", "content": "How many shapes are there?", "images": [picture]}
    reply = ollama.Client(demo_server.url, **LOCAL).chat("shapes", [message], format=schema)
    assert json.loads(reply.message.content or "") == {"count": 2}
