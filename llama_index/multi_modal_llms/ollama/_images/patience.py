"""A deadline that reaches what takes long: looked at between pages, frames and packets (cooperative cancellation).

It is ambient, as cancel scopes are: the loops that look lie deep under the call that knows how long it may take, and
everything in between would only hand it down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_check: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)


@contextmanager
def ended_by(check: Callable[[], None]) -> Iterator[None]:
    """Within it, `check_deadline` calls `check`, which raises when the time is over."""
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def check_deadline() -> None:
    """Raises what `check` raises when there is no time left; does nothing for who has no deadline."""
    check = _check.get()
    if check is not None:
        check()
