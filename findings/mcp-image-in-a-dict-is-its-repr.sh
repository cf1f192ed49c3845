#!/usr/bin/env bash
# mcp 2.3.0 (the Python SDK): a tool that returns a picture beside other things in a dict, {"caption": ..., "picture":
# Image(...)}, succeeds and tells the model where the object lay in memory: the picture is its repr within a JSON text.
# In a list or alone the same Image becomes an ImageContent. There is no error for what cannot be told.
#
# Seen: dict: ['text'], "picture": "<mcp.server.mcpserver.utilities.types.Image object at 0x...>", is_error False; list:
# ['text', 'image'].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mcp==2.3.0 pillow==13.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import io

from mcp import Client
from mcp.server.mcpserver import Image, MCPServer
from PIL import Image as Picture

file = io.BytesIO()
Picture.new("RGB", (16, 16), "red").save(file, "PNG")
picture = Image(data=file.getvalue(), format="png")
server = MCPServer("pictures")


@server.tool()
def in_a_dict() -> dict:
    return {"caption": "red", "picture": picture}


@server.tool()
def in_a_list() -> list:
    return ["red", picture]


async def main():
    async with Client(server) as client:
        return [await client.call_tool(name, {}) for name in ("in_a_dict", "in_a_list")]


mapped, listed = asyncio.run(main())
print([part.type for part in mapped.content], mapped.content[0].text, mapped.is_error)
print([part.type for part in listed.content])
assert [part.type for part in listed.content] == ["text", "image"]
assert [part.type for part in mapped.content] == ["text"] and not mapped.is_error, "a picture in a dict is told now"
assert "Image object at 0x" in mapped.content[0].text
PYTHON
