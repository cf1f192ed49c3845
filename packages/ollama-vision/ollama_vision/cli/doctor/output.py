"""Output of the checks: aligned lines for people, one JSON object for programs."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, Protocol

from rich.console import Console
from rich.text import Text

from ..common.screen import Screen, one_line
from .check import Check, Status, worst

STYLES: dict[Status, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}
NAMES = len("conversations")
"""Columns for the name of a check: the longest."""
INDENT = " " * (len("fail") + 2 + NAMES + 2)
NARROWEST = 40


class Shown(Protocol):
    def check(self, check: Check) -> None:
        """One more check."""

    def end(self, checks: Sequence[Check]) -> None:
        """All checks are made."""


class Lines:
    """A line for each check as soon as it is made, what to do below it, and what it all comes to."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._console = Console(highlight=False)

    def check(self, check: Check) -> None:
        self._screen.pause()
        start = Text(f"{check.status:4}  ", STYLES[check.status]) + Text(f"{check.name:{NAMES}}  ")
        first, *rest = self._wrapped(check.message)
        self._print(start + Text(first))
        for line in rest:
            self._print(Text(INDENT + line))
        for line in self._wrapped(check.what_to_do) if check.what_to_do else ():
            self._print(Text(INDENT) + Text(line, "bold"))

    def end(self, checks: Sequence[Check]) -> None:
        counts = {status: sum(check.status == status for check in checks) for status in STYLES}
        self._print(Text())
        self._print(Text(_verdict(counts), STYLES[worst(checks)]))

    def _wrapped(self, text: str) -> list[str]:
        """As wide as the terminal; in one line where the output goes elsewhere, so that `grep` finds it."""
        text = one_line(text)
        if not self._console.is_terminal:
            return [text]
        return textwrap.wrap(text, max(NARROWEST, self._console.width - len(INDENT)), break_on_hyphens=False)

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def _verdict(counts: dict[Status, int]) -> str:
    if counts["fail"]:
        return f"{_things(counts['fail'])} to mend before pictures can be asked about: the lines with fail say how."
    if counts["warn"]:
        return f"Pictures can be asked about; {_things(counts['warn'])} to look at."
    return "All is well: pictures can be asked about."


def _things(count: int) -> str:
    return "1 thing" if count == 1 else f"{count} things"


class AsJSON:
    """One object when all checks are made."""

    def check(self, check: Check) -> None:
        """Waits for the end."""

    def end(self, checks: Sequence[Check]) -> None:
        sight = next((dict(check.details) for check in checks if check.name == "sight" and check.details), None)
        whole = {
            "status": worst(checks),
            "checks": [_told(check) for check in checks],
            "sight": sight if sight and "verdict" in sight else None,
        }
        sys.stdout.write(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")


def _told(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "status": check.status,
        "message": check.message,
        "what_to_do": check.what_to_do,
        "details": dict(check.details),
    }
