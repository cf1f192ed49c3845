"""The result of one check: ok, warn or fail, a message, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    name: str
    status: Status
    message: str
    what_to_do: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    """The figures behind the message, for `--json`."""


def ok(name: str, message: str, what_to_do: str = "", /, **details: Any) -> Check:
    return Check(name, "ok", message, what_to_do, details)


def warn(name: str, message: str, what_to_do: str = "", /, **details: Any) -> Check:
    """Worth knowing, or not to be found out: it may be the reason if something goes wrong."""
    return Check(name, "warn", message, what_to_do, details)


def fail(name: str, message: str, what_to_do: str = "", /, **details: Any) -> Check:
    """Pictures cannot be asked about before this is mended."""
    return Check(name, "fail", message, what_to_do, details)


def worst(checks: Iterable[Check]) -> Status:
    found = {check.status for check in checks}
    return "fail" if "fail" in found else "warn" if "warn" in found else "ok"
