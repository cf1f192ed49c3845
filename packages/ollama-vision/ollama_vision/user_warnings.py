"""User warnings: each points at the user's line, behind our frames and those of what calls us."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

_BETWEEN = frozenset(
    (
        "ollama_vision",
        "llama_index.multi_modal_llms.ollama",
        "llama_index.core",
        "llama_index_instrumentation",
        "wrapt",
        "pydantic",
        "asyncio",
        "concurrent",
        "threading",
    )
)
"""What stands between the user's line and us; behind a task of an event loop's, the line that runs the loop is it."""


def warn_user(message: str) -> None:
    """A UserWarning at the user's line; `skip_file_prefixes` does this from Python 3.12 on, by files."""
    frame = sys._getframe(1)
    while _is_between(frame) and frame.f_back is not None:
        frame = frame.f_back
    warnings.warn_explicit(
        message,
        UserWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _is_between(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    while name:
        if name in _BETWEEN:
            return True
        name = name.rpartition(".")[0]
    return False
