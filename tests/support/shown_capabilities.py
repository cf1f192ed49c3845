"""Models as a scripted server shows and lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.wire_server import SHOW, Script, WireServer, reply

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
CHATS = ("chat", "stream_chat", "achat", "astream_chat")


def shows(*abilities: str) -> Script:
    return reply(200, {**SHOW, "capabilities": list(abilities)})


def tags(models: Mapping[str, Any]) -> Script:
    """A list of models; `None` for one whose abilities the server does not say, as older servers do."""
    return reply(
        200,
        {"models": [{"name": name, **({} if can is None else {"capabilities": can})} for name, can in models.items()]},
    )


def paths(server: WireServer) -> list[str]:
    return [seen.path for seen in server.requests]
