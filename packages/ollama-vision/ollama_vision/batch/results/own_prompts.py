"""By what the prompt of a picture is known again, where pictures are asked what they say of themselves: its digest."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeAlias

_DIGITS = 32
"""Half of SHA-256."""

PromptOf: TypeAlias = Callable[[str, str], str | None]
"""By request and path, the digest of what a picture is asked, where that is its own; `None` where it is not known."""


def asked_the_same(request: str, path: str) -> str | None:
    """Every picture is asked the same, which the request tells."""
    return ""


def digest_of(prompt: Any) -> str:
    """By which the prompt that a line tells is known again; empty where it tells none."""
    if not prompt or not isinstance(prompt, str):
        return ""
    return sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
