"""Tools and the choice among them -> what /api/chat takes; tool calls in a reply -> LlamaIndex's selections."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._schema import inline_references
from ._tool_schema import as_taken

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.llms.llm import ToolSelection

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rules:
    """What a caller wishes of the model's calls. Ollama has no words for it, so the reply is looked at."""

    required: bool = False
    one_at_most: bool = False

    def kept(self, calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The calls that the caller gets to see."""
        return list(calls[:1] if self.one_at_most else calls)

    def complain(self, model: str, calls: Sequence[dict[str, Any]]) -> None:
        """Say what of the wishes the model did not fulfil."""
        if self.required and not calls:
            logger.warning("%r called no tool, though one was required: Ollama cannot force a model to", model)
        if self.one_at_most and len(calls) > 1:
            left = ", ".join(f"{call['function']['name']}({call['function']['arguments']})" for call in calls[1:])
            logger.warning(
                "%r made %d tool calls, though parallel ones were not allowed: Ollama cannot forbid them. The first is "
                "kept; left out: %s. Pass allow_parallel_tool_calls=True to have them all.",
                model,
                len(calls),
                left,
            )


def to_spec(tool: Any) -> dict[str, Any]:
    """A LlamaIndex tool, or a specification that is one already, with its whole JSON Schema.

    Raises:
        ValueError: neither of the two, or a schema that Ollama does not take and that has no equivalent.
    """
    metadata = getattr(tool, "metadata", None)
    if metadata is not None and hasattr(metadata, "get_parameters_dict"):
        return {
            "type": "function",
            "function": {
                "name": metadata.get_name(),
                "description": metadata.description or "",
                "parameters": as_taken(inline_references(metadata.get_parameters_dict()), metadata.get_name()),
            },
        }
    if isinstance(tool, Mapping) and isinstance(tool.get("function"), Mapping) and tool["function"].get("name"):
        function = dict(tool["function"])
        parameters, name = function.get("parameters"), function["name"]
        if not isinstance(name, str) or not isinstance(function.get("description"), str | None):
            raise ValueError(f"the name and the description of the tool {name!r} must be text")
        if isinstance(parameters, Mapping):
            function["parameters"] = as_taken(inline_references(parameters), name)
        elif parameters is not None:
            raise ValueError(
                f"the parameters of the tool {name!r} are {parameters!r}; they must be a JSON Schema (a dict)"
            )
        return {**tool, "type": "function", "function": function}
    raise ValueError(f"a tool must be a LlamaIndex tool or a dict with 'function' and its 'name', not {tool!r}")


def is_required(choice: Any, required: bool) -> bool:
    """Whether the model is to call a tool, in the one way of saying so or the other."""
    return required or choice in ("required", "any", True)


def chosen(tools: Sequence[Any], choice: Any) -> list[dict[str, Any]]:
    """The tools to offer. Ollama cannot force a call: what can be done is to offer none, or one only.

    Args:
        tools: LlamaIndex tools or specifications.
        choice: `None`, "auto", "none", "required" or "any", a tool's name, or OpenAI's way to name one.

    Raises:
        ValueError: a choice that names no tool of the call.
    """
    specs = [to_spec(tool) for tool in tools]
    if isinstance(choice, Mapping):
        choice = (choice.get("function") or choice).get("name")
    if choice == "none":
        return []
    if choice in (None, "auto", False) or is_required(choice, False):
        return specs
    named = [spec for spec in specs if spec["function"]["name"] == choice]
    if not named:
        names = ", ".join(spec["function"]["name"] for spec in specs) or "none at all"
        raise ValueError(f"tool_choice is {choice!r}, but the tools of this call are: {names}")
    return named


def arguments_object(arguments: Any, name: str) -> dict[str, Any]:
    """A tool call's arguments as the object that the server insists on; models and stores also keep them as text.

    Raises:
        ValueError: text that is no JSON object.
    """
    if isinstance(arguments, Mapping):
        return dict(arguments)
    if arguments in (None, ""):
        return {}
    if isinstance(arguments, str):
        try:
            parsed = json.loads(arguments)
        except ValueError as error:
            raise ValueError(f"the arguments of the call of tool {name!r} are no JSON: {arguments!r}") from error
        if isinstance(parsed, dict):
            return parsed
    raise ValueError(f"the arguments of the call of tool {name!r} are no JSON object: {arguments!r}")


def parsed(arguments: Any) -> dict[str, Any] | str:
    """A reply's arguments, parsed where they are text; text that is no object stays, for whoever asks for the call."""
    if isinstance(arguments, str):
        try:
            return arguments_object(arguments, "")
        except ValueError:
            return arguments
    return arguments or {}


def conversation(history: Sequence[ChatMessage] | None, user_msg: str | ChatMessage | None) -> list[ChatMessage]:
    """A copy of the history, with the user's message at its end."""
    from llama_index.core.base.llms.types import ChatMessage as Message

    messages = list(history or ())
    if user_msg is not None:
        messages.append(Message(role="user", content=user_msg) if isinstance(user_msg, str) else user_msg)
    return messages


def selections(message: ChatMessage, required_of: str | None) -> list[ToolSelection]:
    """The calls that the model made, in its order; equal ones are all kept.

    Args:
        message: the model's.
        required_of: the model's name, when at least one call is required.

    Raises:
        ValueError: there is none, though one is required.
    """
    from llama_index.core.llms.llm import ToolSelection as Selection

    calls = calls_of(message)
    if not calls and required_of:
        raise ValueError(f"{required_of!r} called no tool; it said: {message.content!r}")
    return [
        Selection(
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
    from llama_index.core.base.llms.types import ToolCallBlock

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
    return next((fields[name] for name in names if fields.get(name) is not None), None)
