"""Which optional packages are here, and how to get the others; standard library only."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

DISTRIBUTION = "llama-index-multi-modal-llms-ollama"

CLI = ("typer", "rich", "jsonschema")
EMBEDDED = ("xllamacpp", "starlette", "uvicorn")


def is_complete(modules: Iterable[str]) -> bool:
    return all(find_spec(name) is not None for name in modules)


def how_to_install(extra: str) -> str:
    """The pip command for an extra.

    With `>=1`: without it an index that has not got 1.0 yet gives 0.6.1, which is another program.
    """
    return f'pip install "{DISTRIBUTION}[{extra}]>=1"'
