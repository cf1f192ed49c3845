#!/usr/bin/env bash
# llama-index-tools-mcp 0.6.0: a picture that an MCP tool returns reaches the agent's model as text, the repr of the
# whole result with the base64 in it: one TextBlock, no ImageBlock. The model sees nothing, and reads a PNG of 40 kB as
# 54,000 characters, which by themselves fill a context; an agent that watches tool calls sees a success. A FunctionTool
# that returns [TextBlock, ImageBlock] hands the same picture over as a picture.
#
# Seen: blocks ['TextBlock'] of 53,940 characters that begin with "meta=None content=[TextContent(".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    llama-index-tools-mcp==0.6.0 llama-index-core==0.14.25 mcp==2.3.0 pillow==13.0.0
cat >"$folder/server.py" <<'PYTHON'
import io

from mcp.server.mcpserver import Image, MCPServer
from PIL import Image as Picture

file = io.BytesIO()
Picture.effect_noise((200, 200), 60).save(file, "PNG")
server = MCPServer("pictures")


@server.tool()
def photo() -> list:
    return ["a photo", Image(data=file.getvalue(), format="png")]


server.run("stdio")
PYTHON
SERVER="$folder/server.py" "$folder/venv/bin/python" -W ignore - 2>"$folder/log" <<'PYTHON'
import asyncio
import os
import sys

from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec


async def main():
    client = BasicMCPClient(sys.executable, args=[os.environ["SERVER"]])
    [tool] = await McpToolSpec(client=client).to_tool_list_async()
    return await tool.acall()


def function() -> list:
    return [TextBlock(text="a photo"), ImageBlock(image=b"\x89PNG\r\n\x1a\n")]


output = asyncio.run(main())
other = FunctionTool.from_defaults(function)()
text = output.content
print([type(block).__name__ for block in output.blocks], len(text), text[:60], output.is_error)
print([type(block).__name__ for block in other.blocks])
assert [type(block).__name__ for block in other.blocks] == ["TextBlock", "ImageBlock"]
assert [type(block).__name__ for block in output.blocks] == ["TextBlock"], "the picture is a picture now"
assert "ImageContent(" in text and len(text) > 40_000 and not output.is_error
PYTHON
