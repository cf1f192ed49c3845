"""Api: one server as one call talks to it; requests are tried again where that is safe, and their status judged."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic_core import from_json
from tenacity import RetryCallState, wait_random_exponential

from . import errors
from ._clock import Clock
from ._exchange import Exchange
from ._failures import failure
from ._gateways import describe_foreign
from ._request import Request, json_request
from ._target import Asked, Target
from ._transport import IO

logger = logging.getLogger(__name__)

LONGEST_WAIT = 60.0
"""Seconds. A server that asks for more is told to the caller instead of waited for."""
_AT_ONCE = frozenset({"/api/version", "/api/tags", "/api/ps", "/api/show"})
"""What Ollama answers whether or not a model is loaded or busy."""
_growing = wait_random_exponential(multiplier=0.25, max=8)
"""Tenacity's back-off without its loop, which keeps itself, and so the connections, alive in a reference cycle."""


@dataclass(frozen=True)
class Api:
    """One server, as one call talks to it: how to wait, where, until when, and how often to try again."""

    io: IO
    target: Target
    clock: Clock
    max_retries: int = 0

    def once(self) -> Api:
        """The same without a second try."""
        return replace(self, max_retries=0)

    async def send(self, request: Request, asked: Asked, *, method: str = "POST") -> Exchange:
        """Send, and wait for a status that promises an answer.

        Tried again: no connection, a connection lost before the first byte, 429, 502, 503. Never a timeout, which
        would abort the loading of the model that the next try waits for; never once an answer has begun.
        """
        for attempt in itertools.count(1):
            self.clock.check()
            try:
                return await self._attempt(request, asked, method)
            except errors.OllamaMultiModalError as error:
                if attempt > self.max_retries or not _is_worth_a_try(error, self.clock):
                    raise
                seconds = self.clock.at_most(_seconds_to_wait(error, attempt))
                first, _, _ = str(error).partition(". ")  # what happened; what to do is for whoever gets the last one
                logger.warning("Attempt %d failed, next in %.1f s: %s.", attempt, seconds, first.rstrip("."))
            await self.io.sleep(seconds)
        raise AssertionError("counting does not end")

    async def fetch(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One question, one JSON object: show, tags, ps, version, load, unload."""
        asked = Asked.at(self.target, str((body or {}).get("model", "")))
        request = Request(path, ()) if body is None else json_request(path, body)
        try:
            exchange = await self.send(request, asked, method="GET" if body is None else "POST")
        except errors.SilenceTimeoutError as silence:
            if path not in _AT_ONCE:
                raise
            raise errors.SilenceTimeoutError(
                f"{self.target.place} takes connections and answers nothing: {path} for {self.clock.silence:g} "
                "seconds. It is starting, or it hangs: look at its log."
            ) from silence
        try:
            text = await exchange.body()
        finally:
            await exchange.close()
        try:
            reply = from_json(text)
        except ValueError:
            reply = None
        if not isinstance(reply, dict):
            shown = text[:300].decode("utf-8", "replace")
            raise errors.BadReplyError(
                f"{asked.url}{path} does not answer as Ollama does: {describe_foreign(exchange.headers, shown)}. "
                "Is base_url right, with its port and path?",
                status=exchange.status,
                body=shown,
            )
        if reply.get("error"):
            raise failure(exchange.status, exchange.headers, text, asked)
        return reply

    async def _attempt(self, request: Request, asked: Asked, method: str) -> Exchange:
        exchange = await self.io.open(self.target, method, request, self.clock)
        if exchange.status < 300:
            return exchange
        try:
            body = await exchange.body()
        finally:
            await exchange.close()
        raise failure(exchange.status, exchange.headers, body, asked)


def _is_worth_a_try(error: errors.OllamaMultiModalError, clock: Clock) -> bool:
    return error.transient and _asked_for(error) <= clock.at_most(LONGEST_WAIT)


def _seconds_to_wait(error: errors.OllamaMultiModalError, attempt: int) -> float:
    return max(_back_off(attempt), _asked_for(error))


def _asked_for(error: errors.OllamaMultiModalError) -> float:
    return (error.retry_after or 0.0) if isinstance(error, errors.ServerBusyError) else 0.0


def _back_off(attempt: int) -> float:
    """Seconds, drawn anew each time, so that those who were refused together do not come back together."""
    state = RetryCallState(cast(Any, None), None, (), {})
    state.attempt_number = attempt
    return _growing(state)
