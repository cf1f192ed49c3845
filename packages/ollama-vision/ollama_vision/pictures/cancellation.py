"""Cooperative cancellation: a deadline that is checked between pages, frames and packets.

It is ambient, as cancel scopes are: the loops that look lie deep under the call that knows how long it may take, and
everything in between would only hand it down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_check: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)


@contextmanager
def cancel_scope(check: Callable[[], None]) -> Iterator[None]:
    """A cancel scope: within it, `check_deadline` calls `check`, which raises when the time is over."""
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def check_deadline() -> None:
    """Raises what the innermost `check` raises when there is no time left; does nothing without a deadline."""
    check = _check.get()
    if check is not None:
        check()
