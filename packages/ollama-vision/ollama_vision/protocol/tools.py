"""Tools and the choice among them -> what /api/chat takes; tool calls in a reply -> plain objects."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .schema import inline_references
from .tool_schema import as_taken

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rules:
    """What a caller wishes of the model's calls. Ollama has no words for it, so the reply is looked at."""

    required: bool = False
    one_at_most: bool = False

    def kept(self, calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The calls that the caller gets to see."""
        return list(calls[:1] if self.one_at_most else calls)

    def warn(self, model: str, calls: Sequence[dict[str, Any]]) -> None:
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


def select_tools(tools: Sequence[Any], choice: Any) -> list[dict[str, Any]]:
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


def parse_arguments(arguments: Any) -> dict[str, Any] | str:
    """A reply's arguments, parsed where they are text; text that is no object stays, for whoever asks for the call."""
    if isinstance(arguments, str):
        try:
            return arguments_object(arguments, "")
        except ValueError:
            return arguments
    return arguments or {}
