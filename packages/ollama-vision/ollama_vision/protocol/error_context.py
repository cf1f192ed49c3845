"""Error context: what a request was about, for the words of errors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorContext:
    """One request, as errors name it."""

    url: str
    """The address, and the proxy on the way."""
    model: str = ""
    media_bytes: int = 0
    through_proxy: bool = False
    """Whether it goes through a proxy of the environment."""
    login_hint: str = ""
    """What to do when a proxy wants to know who asks."""
