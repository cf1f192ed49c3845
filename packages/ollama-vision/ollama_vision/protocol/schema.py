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
