"""The settings of the command that runs, for who has to tell what was typed from what is always meant."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class InUse:
    file: Path | None = None
    written: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """All that stands in it, secrets and all."""
    names: frozenset[str] = frozenset()
    """The options, as Python names them, whose values are from the file."""
    problem: str | None = None
    """Why nothing of it holds, where the command goes on in spite of that."""
    is_left_out: bool = False
    """Whether `--isolated` was said."""

    def hint(self, message: str) -> str:
        """Where the options come from that an error names; empty when all of them were typed."""
        named = [f"--{name.rstrip('_').replace('_', '-')}" for name in sorted(self.names)]
        found = [option for option in named if f"{option} " in f"{message} ".replace(",", " ").replace(":", " ")]
        return f" From {self.file}: {', '.join(found)}." if found and self.file else ""


NONE = InUse()
_in_use: ContextVar[InUse] = ContextVar("_in_use", default=NONE)


def settings_in_use() -> InUse:
    return _in_use.get()


def use_settings(settings: InUse) -> None:
    _in_use.set(settings)
