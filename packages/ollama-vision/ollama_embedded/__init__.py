"""A small Ollama for trying out and for tests: the same protocol, llama.cpp or a script inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .embedded import EmbeddedOllama
    from .engines.base import Ending, Engine, EngineError, Piece, ToolCall
    from .engines.scripted import Reply, ScriptedEngine
    from .http.received import ReceivedRequest
    from .pace import Gate, Pause
    from .picture_cache import LosesPictures
    from .protocol.catalog import ModelFacts
    from .protocol.requests import Request
    from .recordings.recorder import Recorder
    from .scenes import Shape, draw_scene

__all__ = [
    "EmbeddedOllama",
    "Ending",
    "Engine",
    "EngineError",
    "Gate",
    "LosesPictures",
    "ModelFacts",
    "Pause",
    "Piece",
    "ReceivedRequest",
    "Recorder",
    "Reply",
    "Request",
    "ScriptedEngine",
    "Shape",
    "ToolCall",
    "draw_scene",
]

_HOMES = {
    "EmbeddedOllama": "embedded",
    "Ending": "engines.base",
    "Engine": "engines.base",
    "EngineError": "engines.base",
    "Gate": "pace",
    "LosesPictures": "picture_cache",
    "ModelFacts": "protocol.catalog",
    "Pause": "pace",
    "Piece": "engines.base",
    "ReceivedRequest": "http.received",
    "Recorder": "recordings.recorder",
    "Reply": "engines.scripted",
    "Request": "protocol.requests",
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
