"""The check of `ollama-vision.toml`: which one is in use, and what it says."""

from __future__ import annotations

from ..common.settings.file import FILE_NAME, users_path
from ..common.settings.shown import line_of_values, masked_values
from ..common.settings_in_use import InUse
from .check import Check, fail, ok


def settings(used: InUse) -> Check:
    if used.is_left_out:
        return ok("settings", f"no {FILE_NAME} is read (--isolated)")
    if used.problem is not None:
        way = "The commands that it concerns stop with this; `ollama-vision --isolated COMMAND` reads no file."
        return fail("settings", used.problem, way, file=str(used.file) if used.file else None)
    if used.file is None:
        return ok("settings", f"no {FILE_NAME} in this folder, and no {users_path() or 'home for one'}", file=None)
    return ok(
        "settings",
        f"{used.file}: {line_of_values(used.written) or 'empty'}",
        file=str(used.file),
        values=masked_values(used.written),
    )
