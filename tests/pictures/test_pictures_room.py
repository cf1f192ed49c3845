"""The pictures room from within: no module of it imports, by whatever way, one that imports it."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from ollama_vision import pictures as _images

ROOM = Path(_images.__path__[0])


def imports_of(path: Path, modules: set[str]) -> set[str]:
    """The modules of the room that it names: at its top, in functions and under TYPE_CHECKING."""
    folder = path.parent.relative_to(ROOM).parts
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and 0 < node.level <= len(folder) + 1:
            base = [*folder[: len(folder) + 1 - node.level], *(node.module or "").split(".")]
            for parts in ([*base, alias.name] for alias in node.names):
                names = (".".join(filter(None, parts[:length])) for length in (len(parts), len(parts) - 1))
                found.update(next(([name] for name in names if name in modules), []))
    return found


def graph(room: Path) -> dict[str, set[str]]:
    paths = {}
    for path in room.rglob("*.py"):
        parts = path.relative_to(room).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {name: imports_of(path, set(paths)) - {name} for name, path in paths.items()}


def test_no_circles() -> None:
    order = [*TopologicalSorter(graph(ROOM)).static_order()]
    assert order.index("blob") < order.index("decoders.pdf.pages") < order.index("picture") < order.index("preparing")


def test_a_circle_would_be_seen() -> None:
    edges = graph(ROOM)
    assert {"decoders.pdf", "decoders.video", "decoders.decode"} <= edges["decoders.table"]
    edges["decoders.pdf.pages"].add("picture")
    with pytest.raises(CycleError):
        TopologicalSorter(edges).prepare()
