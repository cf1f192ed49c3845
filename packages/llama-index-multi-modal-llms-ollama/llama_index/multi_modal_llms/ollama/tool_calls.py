"""Tool calls as LlamaIndex's messages hold them, those of other integrations' histories too <-> Ollama's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection

from ollama_vision.protocol import name_of_call, wire_calls


def conversation(history: Sequence[ChatMessage] | None, user_msg: str | ChatMessage | None) -> list[ChatMessage]:
    """A copy of the history, with the user's message at its end."""
    messages = list(history or ())
    if user_msg is not None:
        messages.append(ChatMessage(role="user", content=user_msg) if isinstance(user_msg, str) else user_msg)
    return messages


def follow(messages: Sequence[ChatMessage], answer: str, words: str) -> list[ChatMessage]:
    """The conversation that goes on with an answer, and with further words of the user's."""
    return [*messages, ChatMessage(role="assistant", content=answer), ChatMessage(role="user", content=words)]


def selections(message: ChatMessage, required_of: str | None) -> list[ToolSelection]:
    """The calls that the model made, in its order; equal ones are all kept.

    Args:
        message: the model's.
        required_of: the model's name, when at least one call is required.

    Raises:
        ValueError: there is none, though one is required.
    """
    calls = calls_of(message)
    if not calls and required_of:
        raise ValueError(f"{required_of!r} called no tool; it said: {message.content!r}")
    return [
        ToolSelection(
            tool_id=call.get("id", ""),
            tool_name=call["function"]["name"],
            tool_kwargs=call["function"]["arguments"],
        )
        for call in calls
    ]


def calls_of(message: ChatMessage) -> list[dict[str, Any]]:
    """A message's tool calls as Ollama writes them: its ToolCallBlocks, or else those in `additional_kwargs`.

    A reply carries its calls in both places, for the two kinds of readers; they are the same calls.
    """
    blocks = [
        {"id": block.tool_call_id, "name": block.tool_name, "arguments": block.tool_kwargs}
        for block in message.blocks
        if isinstance(block, ToolCallBlock)
    ]
    return wire_calls(blocks or message.additional_kwargs.get("tool_calls") or ())


def name_of(result: ChatMessage, earlier: Sequence[ChatMessage]) -> str | None:
    """Which tool gave this result: LlamaIndex keeps only the id of the call, which is among the earlier messages."""
    extra = result.additional_kwargs
    call_id = extra.get("tool_call_id")
    if name := extra.get("tool_name") or extra.get("name"):
        return str(name)
    return name_of_call(call_id, map(calls_of, reversed(earlier))) if call_id else None
