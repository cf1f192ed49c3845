"""LlamaIndex's MCP tool spec and an agent of its own, on our server: over standard input and output, and over HTTP."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Reply, ScriptedEngine, ToolCall
from tests.support.mcp_clients import PROGRAM, over_http

mcp = pytest.importorskip("llama_index.tools.mcp")
ROOT = "examples/pictures"
WIDE = Path(ROOT, "wide.png").read_bytes()


@asynccontextmanager
async def tools_of(way: str, server: EmbeddedOllama) -> AsyncIterator[dict[str, Any]]:
    """LlamaIndex's tools by their names."""
    words = ["--root", ROOT, "--host", server.url, "--model", server.model]
    if way == "stdio":
        client = mcp.BasicMCPClient(PROGRAM[0], args=[*PROGRAM[1:], *words])
        yield await _named(client)
    else:
        with over_http(*words) as (_, url):
            yield await _named(mcp.BasicMCPClient(url))


async def _named(client: Any) -> dict[str, Any]:
    tools = await mcp.McpToolSpec(client=client).to_tool_list_async()
    return {tool.metadata.name: tool for tool in tools}


@pytest.mark.parametrize("way", ["stdio", "http"])
async def test_the_tool_spec_has_our_tools_and_calls_them(way: str, demo_server: EmbeddedOllama) -> None:
    async with tools_of(way, demo_server) as tools:
        schemas = {name: tool.metadata.get_parameters_dict() for name, tool in tools.items()}
        output = await tools["look"].acall(picture="two-shapes.jpg", question="How many shapes are there?")
        refused = await tools["look"].acall(picture="/etc/hostname", question="What is this?")
    assert {name: set(schema.get("required", ())) for name, schema in schemas.items()} == {
        "look": {"picture", "question"},
        "describe_folder": {"folder", "prompt"},
        "read_document": {"document"},
        "find_pictures": {"folder"},
        "prove_sight": set(),
    }
    assert set(schemas["look"]["properties"]) == {"picture", "question", "region", "tiles"}
    assert output.raw_output.content[0].text == "There are 2 shapes."
    assert refused.raw_output.is_error
    assert "not below the folders" in refused.raw_output.content[0].text


async def test_pictures_are_tools_too_where_they_are_wanted(demo_server: EmbeddedOllama) -> None:
    client = mcp.BasicMCPClient(PROGRAM[0], args=[*PROGRAM[1:], "--root", ROOT, "--host", demo_server.url])
    tools = await mcp.McpToolSpec(client=client, include_resources=True).to_tool_list_async()
    (wide,) = (tool for tool in tools if tool.metadata.name == "wide.png")
    (contents,) = (await wide.acall()).raw_output.contents
    assert base64.b64decode(contents.blob) == WIDE


async def test_an_agent_of_llama_index_finds_a_picture_and_looks_at_it(demo_server: EmbeddedOllama) -> None:
    """A model that writes texts steers; the pictures are looked at by the demo model behind the tools."""
    script = [
        Reply(tool_calls=[ToolCall("find_pictures", {"folder": ".", "pattern": "two-*"})]),
        Reply(tool_calls=[ToolCall("look", {"picture": "two-shapes.jpg", "question": "How many shapes are there?"})]),
        Reply("Two."),
    ]
    engine = ScriptedEngine(script, capabilities=("completion", "tools"))
    with EmbeddedOllama(engine=engine) as steering:
        llm = OllamaMultiModal(model=steering.model, base_url=steering.url)
        async with tools_of("stdio", demo_server) as tools:
            agent = FunctionAgent(tools=list(tools.values()), llm=llm, streaming=False)
            running = agent.run("How many shapes are there in the picture of two shapes?")
            results = [event async for event in running.stream_events() if isinstance(event, ToolCallResult)]
            answer: Any = await running
    found, looked = (each.tool_output.raw_output for each in results)
    assert found.structured_content["pictures"][0]["path"].endswith("two-shapes.jpg")
    assert looked.structured_content["text"] == "There are 2 shapes."
    assert str(answer.response.content) == "Two."
    told = [message["content"] for message in steering.asked[-1].body["messages"] if message["role"] == "tool"]
    assert "There are 2 shapes." in told[1]
