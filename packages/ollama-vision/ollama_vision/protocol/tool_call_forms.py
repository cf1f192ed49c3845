"""Tool calls in the forms in which clients and vendors keep them -> Ollama's. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .tools import arguments_object

_WRAPPERS = ("function", "toolUse", "functionCall", "function_call")
_IDS = ("call_id", "id", "toolUseId", "tool_id", "tool_call_id")
_NAMES = ("name", "tool_name")
_ARGUMENTS = ("arguments", "input", "args", "tool_kwargs")
_BESIDE = frozenset(("type", "index", "block_type", "caller", "status"))
"""Says nothing about the arguments, so that a call with nothing else has none."""


def wire_calls(calls: Iterable[Any]) -> list[dict[str, Any]]:
    """Calls as a message of /api/chat has them.

    Raises:
        ValueError: one of no known form, or with arguments that are no object.
    """
    return [
        {
            **({"id": call["id"]} if call["id"] else {}),
            "function": {
                "index": index,
                "name": call["name"],
                "arguments": arguments_object(call["arguments"], str(call["name"])),
            },
        }
        for index, call in enumerate(map(_plain_call, calls))
    ]


def name_of_call(call_id: str, messages: Iterable[Sequence[Mapping[str, Any]]]) -> str | None:
    """Which tool a call was of: its id is among the calls of the messages, the newest of which comes first."""
    for calls in messages:
        for call in calls:
            # Other clients take the tool's name for the call's id.
            if call_id in (call.get("id"), call["function"]["name"]):
                return str(call["function"]["name"])
    return None


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
