"""The tables of fields in docs/reference/: written by `make help-copies`, held by a test.

Between two comments of a page stands what this file writes there:

    <!-- fields: module.Class -->       the fields that the class and its bases here declare
    <!-- end of fields -->
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("describer", "document-reader", "ollama-multi-modal", "reader", "vision-model")
PAGES = [ROOT / f"docs/reference/{name}.md" for name in NAMES]
PACKAGES = ("ollama_vision.", "llama_index.multi_modal_llms.ollama.")
REGION = re.compile(r"(<!-- fields: ([\w.]+)\.(\w+) -->\n).*?(<!-- end of fields -->)", re.DOTALL)


def renewed(page: str) -> str:
    """The page with today's tables in it."""
    return REGION.sub(
        lambda found: f"{found[1]}\n{table(getattr(import_module(found[2]), found[3]))}\n\n{found[4]}", page
    )


def table(model: Any) -> str:
    rows = ["| field | type | default | |", "| --- | --- | --- | --- |"]
    own = [base for base in reversed(model.__mro__) if is_ours(base)]
    for name in dict.fromkeys(name for base in own for name in base.__annotations__):
        if field := model.model_fields.get(name):
            rows.append(f"| `{name}` | `{kind(field.annotation)}` | {default(field)} | {field.description or ''} |")
    return "\n".join(rows)


def is_ours(cls: type[Any]) -> bool:
    return cls.__module__.startswith(PACKAGES) and "__annotations__" in cls.__dict__


def kind(annotation: Any) -> str:
    shown = annotation.__name__ if type(annotation) is type or hasattr(annotation, "model_fields") else str(annotation)
    names = re.sub(r"[\w.]+\.(\w)", r"\1", str(shown))  # without their modules
    return names.replace(" | ", " or ")  # a bar would end the cell


def default(field: Any) -> str:
    if field.default is not PydanticUndefined:
        return f"`{field.default!r}`"
    made = getattr(field.default_factory, "__name__", "")
    return {"": "required", "default_base_url": "`OLLAMA_HOST`", "dict": "`{}`"}.get(made, f"`{made}()`")


def main() -> None:
    for path in PAGES:
        old = path.read_text(encoding="utf-8")
        if (new := renewed(old)) != old:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: written anew")


if __name__ == "__main__":
    main()
