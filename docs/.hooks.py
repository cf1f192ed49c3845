"""For the site: `<!-- fields: module.Class -->` on a page becomes a table of the fields that the class declares."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from pydantic_core import PydanticUndefined

MARK = re.compile(r"<!-- fields: ([\w.]+)\.(\w+) -->")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by mkdocs for each page."""
    return MARK.sub(lambda found: table(getattr(import_module(found[1]), found[2])), markdown)


def table(model: Any) -> str:
    rows = ["| field | type | default | |", "| --- | --- | --- | --- |"]
    for name in model.__annotations__:
        if field := model.model_fields.get(name):
            rows.append(f"| `{name}` | `{kind(field.annotation)}` | {default(field)} | {field.description or ''} |")
    return "\n".join(rows)


def kind(annotation: Any) -> str:
    shown = annotation.__name__ if type(annotation) is type or hasattr(annotation, "model_fields") else str(annotation)
    return str(shown).replace("typing.", "").replace(" | ", " or ")  # a bar would end the cell


def default(field: Any) -> str:
    if field.default is not PydanticUndefined:
        return f"`{field.default!r}`"
    made = getattr(field.default_factory, "__name__", "")
    return {"": "required", "default_base_url": "`OLLAMA_HOST`", "dict": "`{}`"}.get(made, f"`{made}()`")
