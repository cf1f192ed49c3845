"""The user's own folders: where settings are looked for, and where what is kept goes (XDG base directories)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NAME = "ollama-vision"


def config_folder() -> Path | None:
    """For what the user writes; `None` where there is no home."""
    if os.name == "nt":
        return _below(os.environ.get("APPDATA"), "AppData/Roaming")
    return _below(
        _absolute("XDG_CONFIG_HOME"), "Library/Application Support" if sys.platform == "darwin" else ".config"
    )


def state_folder() -> Path | None:
    """For what the command keeps; `None` where there is no home."""
    if os.name == "nt":
        return _below(os.environ.get("LOCALAPPDATA"), "AppData/Local")
    usual = "Library/Application Support" if sys.platform == "darwin" else ".local/state"
    return _below(_absolute("XDG_STATE_HOME"), usual)


def _absolute(variable: str) -> str | None:
    """The specification has a relative path ignored."""
    value = os.environ.get(variable, "")
    return value if Path(value).is_absolute() else None


def _below(named: str | None, usual: str) -> Path | None:
    if named:
        return Path(named) / NAME
    try:
        return Path.home() / usual / NAME
    except RuntimeError:
        return None
