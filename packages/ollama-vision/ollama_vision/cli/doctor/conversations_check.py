"""The check of what `ask` keeps for `--continue`: where, how much, and whether it does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ollama_vision import words

from ..ask.conversations import Conversations, KeepingError
from .check import Check, ok, warn


def conversations(written: Mapping[str, Any], file: Path | None) -> Check:
    """`written`: what stands in the settings file."""
    is_on = keeps(written)
    off = "" if is_on else f"; log = false in {file}: none is added"
    try:
        facts = Conversations.of_user().facts()
    except KeepingError as error:
        return warn("conversations", str(error), on=is_on)
    details = {"file": str(facts.path), "conversations": facts.conversations, "size": facts.size, "on": is_on}
    if not facts.conversations:
        return ok("conversations", f"none kept in {facts.path}{off}", **details)
    kept = f"{words.counted(facts.conversations, 'conversation')} of ask, {words.size(facts.size)}, in {facts.path}"
    return ok("conversations", f"{kept}{off}", "Erase them with: ollama-vision ask --forget", **details)


def keeps(written: Mapping[str, Any]) -> bool:
    """Whether `ask` keeps answers, as far as the settings say."""
    for level in (written.get("ask", {}), written):
        for name, means in (("log", True), ("no-log", False), ("no_log", False)):
            if isinstance(level.get(name), bool):
                return level[name] is means
    return True
