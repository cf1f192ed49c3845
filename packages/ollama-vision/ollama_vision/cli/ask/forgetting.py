"""`ask --forget`: everything erased that was kept for `--continue`."""

from __future__ import annotations

from ..common.exits import DONE, FAILED
from ..common.screen import Screen
from .conversations import Conversations, KeepingError


def forget() -> int:
    """Erase, and give the exit code."""
    with Screen() as screen:
        try:
            kept = Conversations.of_user()
            was_there = kept.forget()
        except KeepingError as error:
            screen.complain(str(error))
            return FAILED
        screen.remark(f"Erased: {kept.path}." if was_there else f"There was nothing to erase: no {kept.path}.")
    return DONE
