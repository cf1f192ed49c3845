"""The page about agents: its block for other programs works as it stands there, its tables say what the tools are."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters

from ollama_embedded import EmbeddedOllama
from ollama_vision.mcp.arguments import MOST_AT_ONCE, DescribeFolder
from tests.support.mcp_clients import in_process, said

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to/agents.md").read_text(encoding="utf-8")


async def test_the_block_for_other_programs_works(tmp_path: Path) -> None:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    ((name, server),) = json.loads(block)["mcpServers"].items()
    assert name == "pictures"
    shutil.copy(ROOT / "examples/pictures/two-shapes.jpg", tmp_path / "photo.jpg")
    beside = Path(sys.executable).with_name(server["command"])
    words = [str(tmp_path) if word == "/home/me/Pictures" else word for word in server["args"]]
    assert str(tmp_path) in words
    with EmbeddedOllama(aliases=["gemma3:4b"]) as ollama:
        env = dict.fromkeys(server["env"], ollama.url)
        assert list(env) == ["OLLAMA_HOST"]
        program = StdioServerParameters(command=str(beside), args=words, env=env)
        async with Client(program) as client:
            arguments = {"picture": "photo.jpg", "question": "How many shapes are there?"}
            result = await client.call_tool("look", arguments)
    assert said(result) == "There are 2 shapes."
    assert result.structured_content["model"] == "gemma3:4b"


async def test_the_table_names_the_tools_and_their_arguments(tmp_path: Path) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE, re.MULTILINE)
    told = {tool: re.findall(r"`(\w+)`", arguments) for tool, arguments in rows}
    needed = {
        tool: re.findall(r"`(\w+)`", arguments.partition(";")[0]) if tool != "prove_sight" else []
        for tool, arguments in rows
    }
    async with in_process(tmp_path, "http://127.0.0.1:1") as client:
        tools = (await client.list_tools()).tools
    assert told == {tool.name: list(tool.input_schema["properties"]) for tool in tools}
    assert needed == {tool.name: tool.input_schema.get("required", []) for tool in tools}
    most = (
        f"{DescribeFolder.model_fields['limit'].default} pictures unless `limit` says otherwise, up to {MOST_AT_ONCE:,}"
    )
    assert most in PAGE
