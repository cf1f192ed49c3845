"""Retries with back-off, and the status of replies: one server as one call talks to it (`Api`)."""

from __future__ import annotations

import itertools
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from ollama_vision import errors
from ollama_vision.http import Deadline, Target, login_hint
from ollama_vision.protocol import ErrorContext, Request, error_for_reply, json_request, not_ollama

if TYPE_CHECKING:
    from ollama_vision.http import IO, HttpResponse

logger = logging.getLogger(__name__)

LONGEST_WAIT = 60.0
"""Seconds. A server that asks for more is told to the caller instead of waited for."""
_AT_ONCE = frozenset({"/api/version", "/api/tags", "/api/ps", "/api/show"})
"""What Ollama answers whether or not a model is loaded or busy."""
_FIRST_DELAY = 0.25
_LONGEST_DELAY = 8.0
"""Seconds of the back-off, at the most."""


@dataclass(frozen=True)
class Api:
    """One server, as one call talks to it: how to wait, where, until when, and how often to try again."""

    io: IO
    target: Target
    deadline: Deadline
    max_retries: int = 0

    def without_retries(self) -> Api:
        """The same, which asks once."""
        return replace(self, max_retries=0)

    def context(self, model: str = "", media_bytes: int = 0) -> ErrorContext:
        """What errors say of a request."""
        proxy = self.target.proxy
        hint = login_hint(proxy.source) if proxy else login_hint()
        return ErrorContext(self.target.place, model, media_bytes, proxy is not None, hint)

    async def send(self, request: Request, model: str = "", *, method: str = "POST") -> HttpResponse:
        """Send, and wait for a status that promises an answer; `model` is for the words of errors.

        Tried again: no connection, a connection lost before the first byte, 429, 502, 503. Never a timeout, which
        would abort the loading of the model that the next try waits for; never once an answer has begun.
        """
        for attempt in itertools.count(1):
            if self.deadline.is_over:
                raise self.deadline.error()
            try:
                response = await self.io.open(self.target, method, request, self.deadline)
                if response.status < 300:
                    return response
                raise await self._refusal(response, self.context(model, request.media_bytes))
            except errors.OllamaMultiModalError as error:
                if attempt > self.max_retries or not _should_retry(error, self.deadline):
                    raise
                seconds = self.deadline.at_most(_delay(error, attempt))
                first, _, _ = str(error).partition(". ")  # what happened; what to do is for whoever gets the last one
                logger.warning("Attempt %d failed, next in %.1f s: %s.", attempt, seconds, first.rstrip("."))
            await self.io.sleep(seconds)
        raise AssertionError("counting does not end")

    async def fetch(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One question, one JSON object: show, tags, ps, version, load, unload."""
        model = str((body or {}).get("model", ""))
        request = Request(path, ()) if body is None else json_request(path, body)
        try:
            response = await self.send(request, model, method="GET" if body is None else "POST")
        except errors.SilenceTimeoutError as silence:
            if path not in _AT_ONCE:
                raise
            raise errors.SilenceTimeoutError(
                f"{self.target.place} takes connections and answers nothing: {path} for {self.deadline.read_timeout:g} "
                "seconds. It is starting, or it hangs: look at its log."
            ) from silence
        try:
            text = await response.body()
        finally:
            await response.close()
        try:
            reply = from_json(text)
        except ValueError:
            reply = None
        asked = self.context(model)
        if not isinstance(reply, dict):
            shown = text[:300].decode("utf-8", "replace")
            raise not_ollama(f"{asked.url}{path}", response.headers, shown, response.status)
        if reply.get("error"):
            raise error_for_reply(response.status, response.headers, text, asked)
        return reply

    async def _refusal(self, response: HttpResponse, asked: ErrorContext) -> errors.OllamaMultiModalError:
        try:
            body = await response.body()
        finally:
            await response.close()
        return error_for_reply(response.status, response.headers, body, asked)


def _should_retry(error: errors.OllamaMultiModalError, deadline: Deadline) -> bool:
    return error.transient and _retry_after(error) <= deadline.at_most(LONGEST_WAIT)


def _delay(error: errors.OllamaMultiModalError, attempt: int) -> float:
    return max(_back_off(attempt), _retry_after(error))


def _retry_after(error: errors.OllamaMultiModalError) -> float:
    return (error.retry_after or 0.0) if isinstance(error, errors.ServerBusyError) else 0.0


def _back_off(attempt: int) -> float:
    """Exponential back-off with full jitter: those who were refused together do not come back together."""
    return random.uniform(0.0, min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(attempt - 1, 16)))  # noqa: S311
