"""Notification of changes in folders: by the system through watchfiles, on a thread, or by the clock (polling)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType, TracebackType

from ollama_vision.errors import MissingExtraError
from ollama_vision.extras import install_hint

POLLS_EVERY = 1.0
"""Seconds."""
_SLICE = 1.0
"""Seconds that are waited at a time: on Windows, Ctrl-C does not end the waiting for a lock."""
_STEP, _TOGETHER = 100, 400
"""Milliseconds between two looks at what the system said, and within which changes come as one."""
_UNTIL_READY = 200
"""Milliseconds without a change, until it is known that changes are told of."""
_MOST_READYING = 60.0
"""Seconds that the system may take over a tree of folders; what changes meanwhile is found by the next look."""


class Bell:
    """Rings when something may have changed.

    Args:
        folders: looked after with all that is in them.
        polls: whether it rings by the clock.
        note: hears why it does so though it was not to.

    Raises:
        MissingExtraError: watchfiles is not installed, and it does not poll.
    """

    def __init__(self, folders: Sequence[Path], *, polls: bool = False, note: Callable[[str], None]) -> None:
        self._folders, self.polls, self._note = folders, polls, note
        self._watchfiles = None if polls else _watchfiles()
        self._rung, self._ready = threading.Event(), threading.Event()
        self._stop = threading.Event()
        self._fault: Exception | None = None
        self._listens_to: list[tuple[int, int]] = []

    def __enter__(self) -> Bell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()

    def listen(self) -> None:
        """Begin; or begin anew where a folder has another one in its place, such as a disk that was connected again.

        Raises:
            OSError: a folder is not there.
        """
        there = [(status.st_dev, status.st_ino) for status in (folder.stat() for folder in self._folders)]
        if self.polls or self._watchfiles is None or there == self._listens_to:
            return
        self._listens_to = there
        self._stop.set()
        self._stop, self._ready = threading.Event(), threading.Event()
        # A daemon: a second Ctrl-C ends the program at once.
        follow = partial(self._follow, self._watchfiles, self._stop, self._ready)
        threading.Thread(target=follow, name="watching", daemon=True).start()

    def get_ready(self) -> bool:
        """Wait until changes are told of, and say whether they were not before."""
        if self.polls or not self._listens_to or self._ready.is_set():
            return False
        until = time.monotonic() + _MOST_READYING
        while not self._ready.wait(_SLICE) and time.monotonic() < until:
            pass
        self._ready.set()
        return True

    def wait(self, seconds: float) -> bool:
        """Until it rings, and no longer than so many seconds; whether it rang."""
        if self.polls:
            time.sleep(max(0.0, min(seconds, POLLS_EVERY)))
            return True
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._rung.wait(min(left, _SLICE)):
            pass
        rang = self._rung.is_set()
        self._rung.clear()
        if self._fault is not None:
            self.polls = True
            self._note(_without_the_system(self._fault))
        return rang

    def _follow(self, watchfiles: ModuleType, stop: threading.Event, ready: threading.Event) -> None:
        try:
            try:
                self._hear(watchfiles, stop, ready)
            except PermissionError:
                # Of a folder that cannot be read, which the look names. Told to pass over it, watchfiles 1.3.0 passes
                # over a limit that is reached as well.
                self._hear(watchfiles, stop, ready, ignore_permission_denied=True)
        except FileNotFoundError:
            pass  # the next look says so
        except (OSError, RuntimeError) as error:  # of what goes wrong later on it has errors of its own
            self._fault = error
        finally:
            ready.set()
            if not stop.is_set():
                self._rung.set()

    def _hear(self, watchfiles: ModuleType, stop: threading.Event, ready: threading.Event, **more: bool) -> None:
        for changes in watchfiles.watch(
            *self._folders,
            watch_filter=None,
            debounce=_TOGETHER,
            step=_STEP,
            stop_event=stop,
            rust_timeout=_UNTIL_READY,
            yield_on_timeout=True,
            **more,
        ):
            ready.set()
            if changes:
                self._rung.set()


def _watchfiles() -> ModuleType:
    try:
        import watchfiles
    except ImportError as error:
        raise MissingExtraError(
            "To be told of what comes into a folder needs the package watchfiles. Get it with: "
            f"{install_hint('watch')} (polls=True does without: it looks through the folders again and again)",
            extra="watch",
        ) from error
    return watchfiles


def _without_the_system(fault: Exception) -> str:
    text = str(fault).lower()
    if "limit reached" in text or "too many open files" in text or "no space left" in text:
        return (
            "The system tells of no more changes in folders: its limit is reached (inotify). They are looked through "
            "every second or so instead. For more: sudo sysctl fs.inotify.max_user_watches=1048576 "
            "fs.inotify.max_user_instances=1024"
        )
    return f"The system does not tell of changes in the folders: {fault}. They are looked through every second or so."
