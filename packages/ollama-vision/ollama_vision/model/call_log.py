"""Structured log lines of calls (`logging`, below the package's name): one when a request leaves, one for how it ended.

At DEBUG what leaves, at INFO what came of it. Model, server, path, status, bytes, tokens and seconds; never a header, a
prompt, an answer or a picture: logs are read by others than those who ask.
"""

from __future__ import annotations

import logging
import time

from ollama_vision.http import Target
from ollama_vision.protocol import Request

logger = logging.getLogger("ollama_vision")


class CallLog:
    """One call, from the leaving of its request on."""

    def __init__(self, model: str, target: Target, request: Request, pictures: int) -> None:
        self.model, self.target, self.path = model, target, request.path
        self.began = time.monotonic()
        self.status: int | None = None
        self._told = False
        if logger.isEnabledFor(logging.DEBUG):
            words = "%s %s to %s: %d bytes, %d of them in %d pictures or sounds"
            sizes = (request.content_length, request.media_bytes, pictures)
            logger.debug(words, model, self.path, target.place, *sizes)

    def answered(self, prompt_tokens: int, answer_tokens: int, reason: str) -> None:
        self._tell("%d tokens read, %d written, %s", prompt_tokens, answer_tokens, reason or "no reason given")

    def failed(self, error: BaseException) -> None:
        """By the error's name alone: its text may quote the answer."""
        self._tell("%s", type(error).__name__)

    def left(self) -> None:
        """Whoever asked went away before the end."""
        self._tell("left before its end")

    def _tell(self, words: str, *values: object) -> None:
        if self._told:
            return
        self._told = True
        seconds = time.monotonic() - self.began
        shown = "no status" if self.status is None else str(self.status)
        logger.info(
            f"%s %s at %s: %s, {words}, %.2f s", self.model, self.path, self.target.place, shown, *values, seconds
        )
