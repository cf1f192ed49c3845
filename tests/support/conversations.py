"""What `ask` keeps, and what it sends of it, for tests of `ask --continue`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ollama_embedded import EmbeddedOllama
from ollama_vision.cli.common.folders import state_folder
from tests.support.command_line import Outcome


def fine(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome
    return outcome


def messages(server: EmbeddedOllama) -> list[dict[str, Any]]:
    assert server.asked[-1].path == "/api/chat"
    found: list[dict[str, Any]] = server.asked[-1].body["messages"]
    return found


def database() -> Path:
    folder = state_folder()
    assert folder is not None
    return folder / "conversations.db"
