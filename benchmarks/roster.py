"""Who takes part: a name for the tables, the environment it lives in, and its adapter."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Entry:
    name: str
    environment: str
    module: str
    title: str
    """What a reader of the table knows it by."""
    kind: str = "Client"


FLOOR = "floor"
OURS = "ours"
PREPARED = "ours-prepared"
EARLIER = "earlier"
EARLIER_PREPARED = "earlier-prepared"

ROSTER = {
    entry.name: entry
    for entry in (
        Entry(FLOOR, "floor", "floor", "floor: httpx, hand-built body"),
        Entry("ollama", "ollama", "ollama_package", "ollama"),
        Entry("llms-ollama", "llms-ollama", "llms_ollama", "llama-index-llms-ollama"),
        Entry("0.6.1", "multi-modal-0.6.1", "multi_modal_061", "OllamaMultiModal 0.6.1"),
        Entry("langchain", "langchain-ollama", "langchain", "langchain-ollama"),
        Entry(OURS, "ours", "ours", "OllamaMultiModal, here"),
        Entry(PREPARED, "ours", "ours", "the same, pictures scaled to its default size", "Prepared"),
        # An earlier commit of this project, beside which `against.py` puts today's.
        Entry(EARLIER, EARLIER, "ours", "OllamaMultiModal, earlier"),
        Entry(EARLIER_PREPARED, EARLIER, "ours", "the same, pictures scaled to its default size", "Prepared"),
    )
}
PEERS = ("ollama", "llms-ollama", "0.6.1", "langchain")


def adapter(name: str, *args: Any) -> Any:
    """The adapter, made; its client is imported only now, in the environment where it lives."""
    entry = ROSTER[name]
    return getattr(import_module(f"clients.{entry.module}"), entry.kind)(*args)
