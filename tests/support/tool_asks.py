"""Two tools, what a model says when it calls them, and all endpoints that chat as one."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from typing import Any, Literal

import pytest
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, Field

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import Reply, ToolCall
from ollama_embedded.faults import RawReply


class Unit(StrEnum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


class Place(BaseModel):
    city: str
    country: str | None = Field(default=None, description="Where the city is.")


class Question(BaseModel):
    """A schema of its own: core cannot read annotations that are text."""

    place: Place
    unit: Unit = Unit.CELSIUS
    days: Literal[1, 7] = 1
    near: list[Place] | None = None


def get_weather(**question: Any) -> str:
    """Weather of a place."""
    return "sunny"


def look(city: str) -> str:
    """Look at a city."""
    return f"{city} is fine"


WEATHER = FunctionTool.from_defaults(get_weather, fn_schema=Question)
LOOK = FunctionTool.from_defaults(look)
with_tools = pytest.mark.parametrize(
    "endpoint", ["chat_with_tools", "achat_with_tools", "stream_chat_with_tools", "astream_chat_with_tools"]
)


def ask(llm: OllamaMultiModal, endpoint: str, *args: Any, **kwargs: Any) -> Any:
    """The last item of any endpoint that chats."""
    method = getattr(llm, endpoint)
    if not endpoint.startswith("a"):
        result = method(*args, **kwargs)
        return list(result)[-1] if endpoint.startswith("stream") else result

    async def run() -> Any:
        result = await method(*args, **kwargs)
        return [item async for item in result][-1] if endpoint.startswith("astream") else result

    return asyncio.run(run())


def calls(*cities: str) -> Reply:
    return Reply(tool_calls=[ToolCall("look", {"city": city}) for city in cities])


def raw(*lines: dict[str, Any]) -> Reply:
    """A reply line by line, of a server that need not be Ollama."""
    return Reply(fault=RawReply([json.dumps(line).encode() + b"\n" for line in lines]))


def message(**fields: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "message": {"role": "assistant", "content": "", **fields},
        "done": True,
        "done_reason": "stop",
    }
