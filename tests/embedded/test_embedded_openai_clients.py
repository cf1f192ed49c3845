"""Clients of OpenAI's API on the embedded server: `pydantic-ai` and `openai` see pictures, call tools, meet errors."""

from __future__ import annotations

import asyncio
import io
from typing import Any

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
