"""Classification of failures: the picture's fault, the host's, or of something that every picture will meet."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Generic

from ollama_vision import errors
from ollama_vision.protocol import server_message

from .outcome import Item, Outcome

MOST_EQUAL = 5
"""So many equal failures in a row are no picture's."""
MOST_DEATHS = 4
"""So often the model's process ends under one picture until that is to blame. What else kills it (memory, a driver)
finds some picture under way, and easily the one that is asked first afterwards: the same twice, in one of 40 kills."""


class Fault(Enum):
    """Where to look for the cause."""

    PICTURE = "of the picture, or of the answer to it"
    HOST = "of the host: another may do it"
    UNCLEAR = "of the host if it is gone, else of the picture"


_OF_THE_HOST = (
    errors.AuthenticationError,
    errors.ForbiddenError,
    errors.ModelNotFoundError,
    errors.CapabilityError,
    errors.ServerBusyError,
    errors.PictureCacheError,
    errors.BlindModelError,
)
_UNCLEAR = (
    errors.ConnectionFailedError,
    errors.StreamInterruptedError,
    errors.SilenceTimeoutError,
    errors.ModelLoadError,
    errors.BadReplyError,
)
"""A server that is gone, and a picture that brings the model down, look the same until the server is asked."""


def classify(error: errors.OllamaMultiModalError) -> Fault:
    """What the error itself says."""
    if isinstance(error, _OF_THE_HOST) or _is_bad_gateway(error):
        return Fault.HOST
    if isinstance(error, errors.ModelLoadError) and not error.died:
        return Fault.HOST  # weights, projector, memory or version: no picture had been read yet
    return Fault.UNCLEAR if isinstance(error, _UNCLEAR) else Fault.PICTURE


def refuses(error: errors.OllamaMultiModalError) -> bool:
    """Whether a server that is there takes no more requests now: its queue is full, or it was asked too often."""
    return isinstance(error, errors.ServerBusyError) and not _is_gone_behind_a_gateway(error)


def may_return(error: errors.OllamaMultiModalError) -> bool:
    """Whether the server is gone, as one is that is being restarted: nothing answers, or a gateway in its place; or its
    model died under others, or was killed while it loaded."""
    if isinstance(error, (errors.ConnectionFailedError, errors.SilenceTimeoutError)):
        return True
    if isinstance(error, errors.ModelLoadError) and error.transient:
        return True
    return _is_bad_gateway(error) or _is_gone_behind_a_gateway(error)


def nothing_came(error: errors.OllamaMultiModalError) -> bool:
    """Whether the time that is borne was over before the first word: by our clock, or by a gateway's (504)."""
    if isinstance(error, errors.SilenceTimeoutError):
        return not error.partial_text
    return isinstance(error, errors.ServerError) and error.status == 504


def _is_bad_gateway(error: errors.OllamaMultiModalError) -> bool:
    return isinstance(error, errors.ServerError) and error.status == 502


def _is_gone_behind_a_gateway(error: errors.OllamaMultiModalError) -> bool:
    """A 503 in other words than Ollama's is a gateway's about the server behind it."""
    return (
        isinstance(error, errors.ServerBusyError)
        and error.status == 503
        and server_message(error.body.encode()) is None
    )


def most_tries(error: errors.OllamaMultiModalError) -> int:
    """How often a picture is asked about, where the host is there, until an error such as this is its own."""
    if getattr(error, "died", False):
        return MOST_DEATHS
    # One of which no word came has taken its time already. One that stopped in mid-answer may have met a server that
    # stood still (was suspended, say) and answers again when it is asked.
    was_silent = isinstance(error, errors.SilenceTimeoutError) and nothing_came(error)
    return 2 if isinstance(error, _UNCLEAR) and not was_silent else 1


def came_to_nothing(error: errors.OllamaMultiModalError) -> bool:
    """Whether the picture had no part in it: the model's process died under another request while this one waited."""
    return isinstance(error, errors.ModelLoadError) and error.died and error.transient


def folder_that_is_gone(error: errors.OllamaMultiModalError) -> Path | None:
    """The folder of a file that is not there, when the folder is gone too, or empty as an unmounted disk's is."""
    if not _was_not_read(error) or isinstance(error, errors.ImageFetchError):
        return None
    assert isinstance(error, errors.ImageError)  # noqa: S101
    file = Path(error.source)
    try:
        if file.exists():
            return None
        return file.parent if not any(file.parent.iterdir()) else None
    except OSError:
        return file.parent


class FailureStreak(Generic[Item]):
    """Failures that are held back until it is clear that they are the pictures' own."""

    def __init__(self) -> None:
        self._held: list[Outcome[Item]] = []

    def add(self, outcome: Outcome[Item]) -> list[Outcome[Item]]:
        """What can be said now.

        Raises:
            RunStoppedError: the last five failed equally.
        """
        error = outcome.error
        if error is not None and isinstance(error, errors.ImageError) and not _was_not_read(error):
            return [outcome]  # its bytes were seen: nothing else can be to blame
        if outcome.skipped or outcome.cached:
            return [outcome]  # no server was asked
        released: list[Outcome[Item]] = []
        if self._held and (error is None or _kind(error) != _kind(self._held[-1].error)):
            released, self._held = self._held, []
        if error is None:
            return [*released, outcome]
        self._held.append(outcome)
        if len(self._held) == MOST_EQUAL:
            raise errors.RunStoppedError(
                f"The run was stopped: {MOST_EQUAL} pictures in a row failed equally, which is no picture's fault. "
                f"The last said: {error}"
            ) from error
        return released

    def end(self) -> list[Outcome[Item]]:
        """What is still held, when nothing comes any more."""
        released, self._held = self._held, []
        return released


def _was_not_read(error: errors.OllamaMultiModalError) -> bool:
    """An ImageError without a kind: it was raised before the first byte was seen."""
    return isinstance(error, errors.ImageError) and not error.kind


def _kind(error: errors.OllamaMultiModalError | None) -> tuple[str, str]:
    """By what failures are equal: their class and words, without the picture's name and any number."""
    words = str(error)
    for name in (getattr(error, "source", ""), getattr(error, "where", "")):
        words = words.replace(name, "") if name else words
    return type(error).__name__, re.sub(r"\d+", "", words)
