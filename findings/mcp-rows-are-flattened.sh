#!/usr/bin/env bash
# mcp 2.3.0 (the Python SDK): a tool that returns rows, list[list[int]], tells them as `content` number by number, each
# a text of its own: where one box ends and the next begins is gone. [[10, 20], [30, 40]] and [[10, 20, 30, 40]] are the
# same content, and an empty list or None is no content at all. Only `structured_content` keeps the rows, which clients
# may leave to programs; many hand the model the texts.
#
# Seen: content ['10', '20', '30', '40'] for both; [] for the empty list.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mcp==2.3.0
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio

from mcp import Client
from mcp.server.mcpserver import MCPServer

server = MCPServer("boxes")
BOXES = {"two": [[10, 20], [30, 40]], "one": [[10, 20, 30, 40]], "none": []}


@server.tool()
def boxes(of: str) -> list[list[int]]:
    return BOXES[of]


async def main():
    async with Client(server) as client:
        return {name: await client.call_tool("boxes", {"of": name}) for name in BOXES}


results = asyncio.run(main())
texts = {name: [part.text for part in result.content] for name, result in results.items()}
print(texts, {name: result.structured_content for name, result in results.items()})
assert all(results[name].structured_content == {"result": rows} for name, rows in BOXES.items())
assert texts == {"two": ["10", "20", "30", "40"], "one": ["10", "20", "30", "40"], "none": []}, "rows are kept now"
PYTHON
