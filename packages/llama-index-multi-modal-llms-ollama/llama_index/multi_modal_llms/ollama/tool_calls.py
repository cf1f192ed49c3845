"""Tool calls as LlamaIndex's messages hold them, those of other integrations' histories too <-> Ollama's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection

from ollama_vision.protocol import arguments_object


def conversation(history: Sequence[ChatMessage] | None, user_msg: str | ChatMessage | None) -> list[ChatMessage]:
    """A copy of the history, with the user's message at its end."""
    messages = list(history or ())
    if user_msg is not None:
        messages.append(ChatMessage(role="user", content=user_msg) if isinstance(user_msg, str) else user_msg)
    return messages


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
    calls = [
        {"id": block.tool_call_id, "name": block.tool_name, "arguments": block.tool_kwargs}
        for block in message.blocks
        if isinstance(block, ToolCallBlock)
    ] or [_plain_call(call) for call in message.additional_kwargs.get("tool_calls") or ()]
    return [
        {
            **({"id": call["id"]} if call["id"] else {}),
            "function": {
                "index": index,
                "name": call["name"],
                "arguments": arguments_object(call["arguments"], str(call["name"])),
            },
        }
        for index, call in enumerate(calls)
    ]


def name_of(result: ChatMessage, earlier: Sequence[ChatMessage]) -> str | None:
    """Which tool gave this result: LlamaIndex keeps only the id of the call, which is among the earlier messages."""
    extra = result.additional_kwargs
    call_id = extra.get("tool_call_id")
    if name := extra.get("tool_name") or extra.get("name"):
        return str(name)
    for message in reversed(earlier) if call_id else ():
        for call in calls_of(message):
            # Other integrations take the tool's name for the call's id.
            if call_id in (call.get("id"), call["function"]["name"]):
                return str(call["function"]["name"])
    return None


_WRAPPERS = ("function", "toolUse", "functionCall", "function_call")
_IDS = ("call_id", "id", "toolUseId", "tool_id", "tool_call_id")
_NAMES = ("name", "tool_name")
_ARGUMENTS = ("arguments", "input", "args", "tool_kwargs")
_BESIDE = frozenset(("type", "index", "block_type", "caller", "status"))
"""Says nothing about the arguments, so that a call with nothing else has none."""


def _plain_call(call: Any) -> dict[str, Any]:
    """A call as some integration keeps it in its histories: OpenAI's and Ollama's form, Anthropic's (`input`),
    Bedrock's (`toolUseId`, `input`), LangChain's and Gemini's (`args`), core's ToolSelection.

    Raises:
        ValueError: none of these. Its arguments would be lost.
    """
    plain = call if isinstance(call, Mapping) else call.model_dump() if hasattr(call, "model_dump") else None
    if plain is None:
        raise ValueError(f"{call!r} in additional_kwargs['tool_calls'] is no tool call: it must be a dict")
    inner = next((plain[name] for name in _WRAPPERS if isinstance(plain.get(name), Mapping)), plain)
    found = {
        "id": _first(_IDS, plain) or _first(_IDS, inner),
        "name": _first(_NAMES, inner),
        "arguments": _first(_ARGUMENTS, inner),
    }
    known = {*_IDS, *_NAMES, *_ARGUMENTS, *_BESIDE}
    if not found["name"] or (found["arguments"] is None and set(inner) - known):
        raise ValueError(
            f"a tool call in additional_kwargs['tool_calls'] has the fields {sorted(map(str, inner))}: no form that is "
            "known here. Give it a name and its arguments: {'id': ..., 'name': ..., 'arguments': {...}}, or make it a "
            "ToolCallBlock."
        )
    return found


def _first(names: Sequence[str], fields: Mapping[str, Any]) -> Any:
    """The first that says something; an empty one counts where no other is there."""
    there = [fields[name] for name in names if fields.get(name) is not None]
    return next((value for value in there if value not in ("", {}, "{}")), there[0] if there else None)
