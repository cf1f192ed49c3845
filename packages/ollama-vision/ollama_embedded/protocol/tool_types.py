"""The Go types of `tools`, which allow less than JSON Schema does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .go_types import Check, anything, list_of, mismatch, struct_of, text

_texts = list_of(text, "[]string")


def _text_or_texts(value: Any, struct: str, path: str) -> None:
    """The type of a property, alone, may be a list."""
    if not isinstance(value, str):
        _texts(value, struct, path)


def _properties(value: Any, struct: str, path: str) -> None:
    if not isinstance(value, Mapping | None):
        # A map that decodes itself: the words of the real error are not known, its status is.
        raise mismatch(value, struct, path, "api.ToolPropertiesMap")
    for item in (value or {}).values():
        _property(item, struct, path)


def _property(value: Any, struct: str, path: str) -> None:
    _property_fields(value, struct, path)


_property_fields = struct_of(
    "api.ToolProperty",
    {
        "anyOf": list_of(_property, "[]api.ToolProperty"),
        "type": _text_or_texts,
        "items": anything,
        "description": text,
        "enum": list_of(anything, "[]interface {}"),
        "properties": _properties,
        "required": _texts,
    },
    decodes_itself=True,
)
_parameters = struct_of(
    "api.ToolFunctionParameters",
    {"type": text, "$defs": anything, "items": anything, "required": _texts, "properties": _properties},
)
_function = struct_of("api.ToolFunction", {"name": text, "description": text, "parameters": _parameters})
_tool = struct_of("api.Tool", {"type": text, "items": anything, "function": _function})
TOOLS: Check = list_of(_tool, "[]api.Tool")
