"""A tool's JSON Schema as Ollama's Go types take it: ToolFunctionParameters and ToolProperty of its `api/types.go`.

JSON Schema allows more. What has an equivalent is written so; the rest is refused by its place, before it is sent.
Pure; knows nobody of the house.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_taken(parameters: Mapping[str, Any], tool: str) -> dict[str, Any]:
    """The same schema in forms that every Ollama takes.

    Raises:
        ValueError: names the tool, the place in its schema and what may stand there.
    """
    kind = parameters.get("type")
    taken = _object(parameters, f"{tool}.parameters")
    if isinstance(kind, list | tuple):
        if "object" not in kind:
            raise _type_error(f"{tool}.parameters.type", kind, '"object": arguments have names')
        taken["type"] = "object"  # arguments are an object in any case
    elif not isinstance(kind, str | None):
        raise _type_error(f"{tool}.parameters.type", kind, '"object"')
    return taken


def _object(schema: Mapping[str, Any], place: str) -> dict[str, Any]:
    """`properties` and `required`, which the parameters and a property have in common."""
    taken = dict(schema)
    properties = schema.get("properties")
    if not isinstance(properties, Mapping | None):
        raise _type_error(f"{place}.properties", properties, "a dict from names to schemas")
    required = _required_names(schema, place)
    if properties is not None:
        taken["properties"] = {
            name: _property(each, f"{place}.properties.{name}")
            for name, each in properties.items()
            if each is not False
        }
        # Draft 3 says it at the property.
        asked = [n for n, each in properties.items() if isinstance(each, Mapping) and each.get("required") is True]
        required = [*(required or ()), *(name for name in asked if name not in (required or ()))] or required
    if required is None:
        taken.pop("required", None)
    else:
        taken["required"] = required
    return taken


def _required_names(schema: Mapping[str, Any], place: str) -> list[str] | None:
    required = schema.get("required")
    if required is None or isinstance(required, bool):
        return None
    if isinstance(required, str) and required in (schema.get("properties") or {}):
        return [required]
    if isinstance(required, list | tuple) and all(isinstance(name, str) for name in required):
        return list(required)
    raise _type_error(f"{place}.required", required, "a list of names")


def _property(schema: Any, place: str) -> dict[str, Any]:
    if schema is True:
        return {}  # anything, in the form that Go's struct takes
    if not isinstance(schema, Mapping):
        raise _type_error(place, schema, "a schema (a dict)")
    taken = _object(schema, place)
    kinds = schema.get("type")
    if not isinstance(kinds, str | None) and not (
        isinstance(kinds, list | tuple) and all(isinstance(kind, str) for kind in kinds)
    ):
        raise _type_error(f"{place}.type", kinds, "a type or a list of types")
    if not isinstance(schema.get("description"), str | None):
        raise _type_error(f"{place}.description", schema["description"], "text")
    if not isinstance(schema.get("enum"), list | tuple | None):
        raise _type_error(f"{place}.enum", schema["enum"], "a list")
    choices = schema.get("anyOf")
    if not isinstance(choices, list | tuple | None):
        raise _type_error(f"{place}.anyOf", choices, "a list of schemas")
    if choices is not None:
        taken["anyOf"] = [
            _property(each, f"{place}.anyOf[{index}]") for index, each in enumerate(choices) if each is not False
        ]
    return taken


def _type_error(place: str, value: Any, wanted: str) -> ValueError:
    return ValueError(f"Ollama takes no tool whose {place} is {value!r}; it must be {wanted}.")
