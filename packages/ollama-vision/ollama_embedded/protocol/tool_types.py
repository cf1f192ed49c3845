"""Type checks of `tools`, as Go's encoding/json makes them: JSON Schema allows more than Ollama's types do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .gojson import GoError, kind_of

_Check = Callable[[Any, str, str], None]
"""Gets a value, the Go struct and the path of its field; raises `GoError`. `null` fits every type."""


def check_tools(tools: Sequence[Mapping[str, Any]]) -> None:
    """Refuse the first value, in the order of the request, that does not fit its type."""
    try:
        for tool in tools:
            _tool(tool, "ChatRequest", "tools")
    except RecursionError:
        raise GoError("exceeded max depth") from None


def _wrong(value: Any, struct: str, path: str, go_type: str) -> GoError:
    return GoError(f"json: cannot unmarshal {kind_of(value)} into Go struct field {struct}.{path} of type {go_type}")


def _anything(value: Any, struct: str, path: str) -> None:
    """Go's `any`."""


def _text(value: Any, struct: str, path: str) -> None:
    if not isinstance(value, str | None):
        raise _wrong(value, struct, path, "string")


def _list_of(check: _Check, go_type: str) -> _Check:
    def checked(value: Any, struct: str, path: str) -> None:
        if not isinstance(value, list | None):
            raise _wrong(value, struct, path, go_type)
        for item in value or ():
            check(item, struct, path)

    return checked


_texts = _list_of(_text, "[]string")


def _text_or_texts(value: Any, struct: str, path: str) -> None:
    """The type of a property, alone, may be a list."""
    if not isinstance(value, str):
        _texts(value, struct, path)


def _object(name: str, fields: Mapping[str, _Check], *, names_itself: bool = True) -> _Check:
    """A Go struct. One that reads itself (`UnmarshalJSON`) is named in no error but the one about its own kind."""
    spelled = {field.lower(): field for field in fields}

    def checked(value: Any, struct: str, path: str) -> None:
        if not isinstance(value, Mapping | None):
            raise _wrong(value, struct, path, f"api.{name}")
        for key, item in (value or {}).items():
            field = spelled.get(key.lower())
            if field is not None:
                fields[field](item, name if names_itself else struct, f"{path}.{field}")

    return checked


def _properties(value: Any, struct: str, path: str) -> None:
    if not isinstance(value, Mapping | None):
        # A map that reads itself: the words of the real error are not known, its status is.
        raise _wrong(value, struct, path, "api.ToolPropertiesMap")
    for item in (value or {}).values():
        _property(item, struct, path)


def _property(value: Any, struct: str, path: str) -> None:
    _property_fields(value, struct, path)


_property_fields = _object(
    "ToolProperty",
    {
        "anyOf": _list_of(_property, "[]api.ToolProperty"),
        "type": _text_or_texts,
        "items": _anything,
        "description": _text,
        "enum": _list_of(_anything, "[]interface {}"),
        "properties": _properties,
        "required": _texts,
    },
    names_itself=False,
)
_parameters = _object(
    "ToolFunctionParameters",
    {"type": _text, "$defs": _anything, "items": _anything, "required": _texts, "properties": _properties},
)
_function = _object("ToolFunction", {"name": _text, "description": _text, "parameters": _parameters})
_tool = _object("Tool", {"type": _text, "items": _anything, "function": _function})
