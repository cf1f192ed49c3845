"""A small Ollama for trying out and for tests: the same protocol, llama.cpp or a script inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .embedded import EmbeddedOllama
    from .engines.base import Ending, Piece, ToolCall
    from .engines.scripted import Reply, ScriptedEngine
    from .pace import Gate, Pause
    from .recordings.recorder import Recorder
    from .scenes import Shape, draw_scene

__all__ = [
    "EmbeddedOllama",
    "Ending",
    "Gate",
    "Pause",
    "Piece",
    "Recorder",
    "Reply",
    "ScriptedEngine",
    "Shape",
    "ToolCall",
    "draw_scene",
]

_HOMES = {
    "EmbeddedOllama": "embedded",
    "Ending": "engines.base",
    "Gate": "pace",
    "Pause": "pace",
    "Piece": "engines.base",
    "Recorder": "recordings.recorder",
    "Reply": "engines.scripted",
    "ScriptedEngine": "engines.scripted",
    "Shape": "scenes",
    "ToolCall": "engines.base",
    "draw_scene": "scenes",
}


def __getattr__(name: str) -> Any:
    """Names load when first used: pytest imports this package in every project that has it installed."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    from .extra import MODULES, ExtraMissing

    try:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    except ModuleNotFoundError as fault:
        missing = (fault.name or "").partition(".")[0]
        if missing not in MODULES:
            raise
        raise ExtraMissing(name, missing) from fault
