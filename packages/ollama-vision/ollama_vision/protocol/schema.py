"""JSON Schema: any form of one -> what Ollama enforces, its `$ref`s inlined. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

ANY_OBJECT: dict[str, Any] = {"type": "object"}
"""What is sent for "json": older servers take the word and enforce nothing on /api/chat, but they enforce a schema."""


def json_schema(form: Any) -> dict[str, Any] | None:
    """What `format=` holds -> a JSON Schema with its `$ref`s inlined; `None` for no constraint.

    Args:
        form: `"json"`, a JSON Schema as a mapping, a pydantic class, or `None`.

    Raises:
        ValueError: something else.
    """
    if form is None:
        return None
    if form == "json":
        return dict(ANY_OBJECT)
    if isinstance(form, Mapping) and form:
        return inline_references(form)
    if isinstance(form, type) and hasattr(form, "model_json_schema"):
        return inline_references(form.model_json_schema())
    raise ValueError(
        f'format is {form!r}; it must be "json", a JSON Schema (a dict that is not empty) or a pydantic class'
    )


def fields_of_few_values(schema: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The fields of an object's schema that are one of some values, enums and booleans, with these values.

    Names of nested ones are paths with dots. What stands in a list has no place of its own, and is left out.
    """
    found: dict[str, list[Any]] = {}
    _gather(inline_references(schema), "", found)
    return found


def value_at(fields: Any, path: str, default: Any = None) -> Any:
    """A value of an object by such a path; `default` where there is none."""
    value = fields
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return default
        value = value[name]
    return value


def _gather(node: Mapping[str, Any], before: str, found: dict[str, list[Any]]) -> None:
    for name, field in (node.get("properties") or {}).items():
        if not isinstance(field, Mapping) or "." in name:
            continue
        values = _values(field)
        if values is not None and len(values) > 1:
            found[before + name] = values
        elif isinstance(field.get("properties"), Mapping):
            _gather(field, f"{before}{name}.", found)


def _values(field: Mapping[str, Any]) -> list[Any] | None:
    """All that a value can be; `None` where these are not told one by one."""
    if isinstance(field.get("enum"), list):
        return list(field["enum"])
    if "const" in field:
        return [field["const"]]
    if field.get("type") in ("boolean", "null"):
        return [True, False] if field["type"] == "boolean" else [None]
    parts = [_values(part) for part in field.get("anyOf") or () if isinstance(part, Mapping)]
    if parts and all(part is not None for part in parts):
        return [value for part in parts for value in part or ()]
    whole = field.get("allOf")
    if isinstance(whole, list) and len(whole) == 1 and isinstance(whole[0], Mapping):
        return _values(whole[0])
    return None


def inline_references(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which every local `$ref` is replaced by what it points to.

    Servers differ in what they do with `$ref` (tool schemas ignore it). A type that contains itself cannot be
    written out; its definitions stay, and so do the references to them.
    """
    root = copy.deepcopy(dict(schema))
    recursive: set[str] = set()
    result = _inline(root, root, (), recursive)
    definitions = {key: result.pop(key) for key in ("$defs", "definitions") if key in result}
    if recursive:
        result.update(definitions)
    return dict(result)


def _inline(node: Any, root: dict[str, Any], open_references: tuple[str, ...], recursive: set[str]) -> Any:
    if isinstance(node, list):
        return [_inline(item, root, open_references, recursive) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        target = _resolve(reference, root)
        if target is None:
            return node
        if reference in open_references:
            recursive.add(reference)
            return node
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return {
            **_inline(target, root, (*open_references, reference), recursive),
            **_inline(beside, root, open_references, recursive),
        }
    return {key: _inline(value, root, open_references, recursive) for key, value in node.items()}


def _resolve(reference: str, root: dict[str, Any]) -> dict[str, Any] | None:
    if not reference.startswith("#/"):
        return None
    node: Any = root
    for step in reference[2:].split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or step not in node:
            return None
        node = node[step]
    return node if isinstance(node, dict) else None
