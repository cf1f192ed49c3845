"""Cancellation of a run from outside: what waits for it on another thread is woken, and its requests are closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from ollama_vision.errors import RunStoppedError
from ollama_vision.pictures import cancel_scope

T = TypeVar("T")

_current: ContextVar[StopSwitch | None] = ContextVar("stop_switch", default=None)


class StopSwitch:
    """Stops what runs within `watched`: `describe`, say, in a thread that a task on an event loop waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: set[Future[Any]] = set()
        self.stopped = False

    def stop(self) -> None:
        """From whatever thread. The run raises RunStoppedError."""
        with self._lock:
            self.stopped = True
            steps = list(self._steps)
        for step in steps:
            step.cancel()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """The steps of a run within it, and its decoding of pages, end when the switch is pressed."""
        before = _current.set(self)
        try:
            with cancel_scope(self._check):
                yield
        finally:
            _current.reset(before)

    def result_of(self, step: Future[T]) -> T:
        with self._lock:
            self._steps.add(step)
            stopped = self.stopped
        if stopped:
            step.cancel()
        try:
            return step.result()
        except CancelledError:
            raise _stopped() from None
        finally:
            with self._lock:
                self._steps.discard(step)

    def _check(self) -> None:
        if self.stopped:
            raise _stopped()


def result_of(step: Future[T]) -> T:
    """What a step comes to, unless the switch around it is pressed before: then RunStoppedError."""
    switch = _current.get()
    return step.result() if switch is None else switch.result_of(step)


def _stopped() -> RunStoppedError:
    return RunStoppedError("The run was stopped by who asked for it.")
