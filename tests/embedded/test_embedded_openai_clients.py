"""Clients of OpenAI's API on the embedded server see pictures, call tools, meet errors: `openai` and those on it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from pathlib import Path
from typing import Any

import chatlas
import httpx2
import openai
import pytest
from PIL import Image
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, ModelHTTPError, NativeOutput
from pydantic_ai.models.ollama import OllamaModel
from pydantic_ai.providers.ollama import OllamaProvider

from ollama_embedded import EmbeddedOllama, Piece, Reply, Request, ScriptedEngine, ToolCall
from ollama_embedded.faults import busy
from ollama_embedded.protocol.requests import ChatRequest

SEEN = ("blue", "square", "top left", "green", "triangle", "bottom right")
QUESTION = "Describe the image."


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the environment stands between a test and this machine."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def picture(scene: Image.Image) -> bytes:
    file = io.BytesIO()
    scene.save(file, "PNG")
    return file.getvalue()


def agent(server: EmbeddedOllama, **settings: Any) -> Agent[None, Any]:
    model = OllamaModel(server.model, provider=OllamaProvider(base_url=f"{server.url}/v1"))
    return Agent(model, model_settings={"temperature": 0}, **settings)


def client(server: EmbeddedOllama, **settings: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="unused", **settings)


def shown(picture: bytes) -> BinaryContent:
    return BinaryContent(picture, media_type="image/png")


def test_pydantic_ai_sees_a_picture(demo_server: EmbeddedOllama, picture: bytes) -> None:
    result = agent(demo_server).run_sync([QUESTION, shown(picture)])
    assert all(each in result.output for each in SEEN)
    assert (result.usage.input_tokens > 60, result.usage.output_tokens > 5) == (True, True)
    assert (demo_server.asked[-1].path, demo_server.asked[-1].pictures) == ("/v1/chat/completions", (picture,))
    assert demo_server.asked[-1].images[0].size == (224, 224)


def test_pydantic_ai_sees_a_picture_and_streams(demo_server: EmbeddedOllama, picture: bytes) -> None:
    async def streamed() -> tuple[list[str], int]:
        async with agent(demo_server).run_stream([QUESTION, shown(picture)]) as result:
            pieces = [text async for text in result.stream_text(delta=True, debounce_by=None)]
            return pieces, result.usage.output_tokens

    pieces, tokens = asyncio.run(streamed())
    assert all(each in "".join(pieces) for each in SEEN)
    assert len(pieces) > 5
    assert tokens > 5, "the usage is asked for, and comes"


class Seen(BaseModel):
    color: str
    shape: str


class Scene(BaseModel):
    shapes: list[Seen]


def test_pydantic_ai_gets_an_answer_of_a_class(demo_server: EmbeddedOllama, picture: bytes) -> None:
    result = agent(demo_server, output_type=NativeOutput(Scene)).run_sync(["List the shapes as JSON.", shown(picture)])
    assert result.output == Scene(shapes=[Seen(color="blue", shape="square"), Seen(color="green", shape="triangle")])


def test_pydantic_ai_calls_a_tool() -> None:
    """What the tool said comes back under its name, which OpenAI's form has in the call alone."""

    def replies(request: Request) -> Reply:
        assert isinstance(request, ChatRequest)
        last = request.messages[-1]
        if last.role == "tool":
            return Reply(f"{last.tool_name} says {last.content}")
        return Reply("", tool_calls=[ToolCall("weather", {"city": "Vienna <3"}, "call_1")])

    engine = ScriptedEngine(replies, capabilities=("completion", "tools"))
    with EmbeddedOllama(engine=engine) as server:
        asker = agent(server)

        @asker.tool_plain
        def weather(city: str) -> str:
            return f"sun in {city}"

        assert asker.run_sync("The weather?").output == "weather says sun in Vienna <3"
    call = engine.asked[1].messages[-2].tool_calls[0]  # type: ignore[attr-defined]
    assert call["function"] == {"name": "weather", "arguments": {"city": "Vienna <3"}}


def test_pydantic_ai_meets_an_error() -> None:
    with EmbeddedOllama(engine=ScriptedEngine([busy()])) as server, pytest.raises(ModelHTTPError) as fault:
        agent(server).run_sync("Hello")
    assert fault.value.status_code == 503
    assert fault.value.body == {
        "message": "server busy, please try again.  maximum pending requests exceeded",
        "type": "api_error",
        "param": None,
        "code": None,
    }
    assert len(server.asked) == 3, "the client tries twice more"


def test_openai_lists_models_and_hears_of_one_that_is_not_there(demo_server: EmbeddedOllama) -> None:
    models = client(demo_server).models
    assert "shapes:latest" in [model.id for model in models.list()]
    assert (models.retrieve("shapes").id, models.retrieve("shapes").owned_by) == ("shapes", "library")
    with pytest.raises(openai.NotFoundError, match="model 'nobody:latest' not found"):
        models.retrieve("nobody")


def test_openai_hears_thoughts_before_the_answer() -> None:
    engine = ScriptedEngine(
        Reply([Piece("It is", thinking="Hm."), " red."]), capabilities=("completion", "thinking"), model="thinker"
    )
    with EmbeddedOllama(engine=engine) as server:
        asked: Any = {"model": "thinker", "messages": [{"role": "user", "content": "x"}], "reasoning_effort": "xhigh"}
        chunks = list(client(server).chat.completions.create(**asked, stream=True))
    deltas = [chunk.choices[0].delta.model_dump(exclude_unset=True) for chunk in chunks]
    assert deltas == [
        {"role": "assistant", "reasoning": "Hm."},
        {"content": "It is"},
        {"content": " red."},
        {},
    ]
    assert engine.asked[0].think == "max"
    assert len({(chunk.id, chunk.created) for chunk in chunks}) == 1


def chatlas_chat(server: EmbeddedOllama, **settings: Any) -> chatlas.Chat[Any, Any]:
    return chatlas.ChatOllama(model=server.model, base_url=server.url, **settings)


def test_chatlas_sees_a_picture(demo_server: EmbeddedOllama, picture: bytes, tmp_path: Path) -> None:
    """It lists the models under /api first; the file's size it leaves as it is."""
    file = tmp_path / "picture.png"
    file.write_bytes(picture)
    chat = chatlas_chat(demo_server)
    chat.set_model_params(temperature=0)
    said = str(chat.chat(QUESTION, chatlas.content_image_file(str(file), resize="none"), echo="none"))
    assert all(each in said for each in SEEN)
    assert demo_server.asked[-1].pictures == (picture,)
    (tokens,) = [turn.tokens for turn in chat.get_turns() if isinstance(turn, chatlas.AssistantTurn)]
    assert tokens is not None
    assert (tokens[0] > 60, tokens[1] > 5) == (True, True)


def test_chatlas_streams_and_gets_an_answer_of_a_class(demo_server: EmbeddedOllama, picture: bytes) -> None:
    encoded = base64.b64encode(picture).decode()
    shown_picture = chatlas.content_image_url(f"data:image/png;base64,{encoded}")
    chat = chatlas_chat(demo_server)
    chat.set_model_params(temperature=0)
    pieces = list(chat.stream(QUESTION, shown_picture, echo="none"))
    assert len(pieces) > 5
    assert all(each in "".join(map(str, pieces)) for each in SEEN)
    other = chatlas_chat(demo_server)
    other.set_model_params(temperature=0)
    seen = other.chat_structured("List the shapes as JSON.", shown_picture, data_model=Scene, echo="none")
    assert seen == Scene(shapes=[Seen(color="blue", shape="square"), Seen(color="green", shape="triangle")])


def test_chatlas_calls_a_tool() -> None:
    def replies(request: Request) -> Reply:
        assert isinstance(request, ChatRequest)
        last = request.messages[-1]
        if last.role == "tool":
            return Reply(f"The tool said {last.content}.")
        return Reply("", tool_calls=[ToolCall("weather", {"city": "Vienna"}, "call_1")])

    with EmbeddedOllama(engine=ScriptedEngine(replies, capabilities=("completion", "tools"))) as server:
        chat = chatlas_chat(server)

        def weather(city: str) -> str:
            """The weather there."""
            return f"sun in {city}"

        chat.register_tool(weather)
        assert "The tool said sun in Vienna." in str(chat.chat("The weather?", echo="none"))


def docling_payload(server: EmbeddedOllama, scene: Image.Image, **more: Any) -> dict[str, Any]:
    """The body that docling's option for Ollama sends of a page.

    Rebuilt from its source (`docling/utils/api_image_request.py` and `GRANITEDOCLING_OLLAMA` in
    `datamodel/vlm_model_specs.py`, November 2026): the package itself brings several gigabytes.
    """
    file = io.BytesIO()
    scene.convert("RGBA").save(file, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": QUESTION}]
    asked = {"model": server.model, "max_tokens": 4096, "skip_special_tokens": True, "temperature": 0.0}
    return {"messages": [{"role": "user", "content": parts}], **asked, **more}


def test_docling_reads_a_page(demo_server: EmbeddedOllama, scene: Image.Image) -> None:
    url = f"{demo_server.url}/v1/chat/completions"
    reply = httpx2.post(url, json=docling_payload(demo_server, scene), headers={"Accept": "*/*"}, trust_env=False)
    answer = reply.json()
    # What it requires of a reply: OpenAiApiResponse in docling/datamodel/base_models.py.
    choice, usage = answer["choices"][0], answer["usage"]
    assert all(each in choice["message"]["content"] for each in SEEN)
    assert (choice["message"]["role"], choice["index"], choice["finish_reason"]) == ("assistant", 0, "stop")
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 60
    assert [type(answer[name]) for name in ("id", "created", "model")] == [str, int, str]


def test_docling_reads_a_page_as_a_stream(demo_server: EmbeddedOllama, scene: Image.Image) -> None:
    headers = {"Accept": "text/event-stream", "X-Temperature": "0.0"}
    body = docling_payload(demo_server, scene, stream=True)
    url, said = f"{demo_server.url}/v1/chat/completions", []
    with httpx2.stream("POST", url, json=body, headers=headers, trust_env=False) as reply:
        for line in filter(None, reply.iter_lines()):
            assert line.startswith("data:")
            if (data := line.removeprefix("data:").strip()) == "[DONE]":
                break
            said.append((json.loads(data)["choices"][0].get("delta") or {}).get("content") or "")
    assert len(said) > 5
    assert all(each in "".join(said) for each in SEEN)
