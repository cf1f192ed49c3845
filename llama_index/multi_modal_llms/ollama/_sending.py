"""One request -> a reply worth reading: tried again where that is safe, its status judged."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from . import errors
from ._clock import Clock
from ._connections import Target
from ._failures import Asked, describe_foreign, failure
from ._request import Request, json_request
from ._transport import IO, Exchange

logger = logging.getLogger(__name__)

LONGEST_WAIT = 60.0
"""Seconds. A server that asks for more is told to the caller instead of waited for."""
_back_off = wait_random_exponential(multiplier=0.25, max=8)


async def send(
    io: IO,
    target: Target,
    request: Request,
    asked: Asked,
    clock: Clock,
    *,
    method: str = "POST",
    max_retries: int = 0,
) -> Exchange:
    """Send, and wait for a status that promises an answer.

    Tried again: no connection, a connection lost before the first byte, 429, 502, 503. Never a timeout, which would
    abort the loading of the model that the next try waits for; never once an answer has begun.
    """
    attempts = AsyncRetrying(
        retry=retry_if_exception(lambda error: _is_worth_a_try(error, clock)),
        stop=stop_after_attempt(max_retries + 1),
        wait=lambda state: clock.at_most(_seconds_to_wait(state)),
        sleep=io.sleep,
        before_sleep=_log,
        reraise=True,
    )
    async for attempt in attempts:
        with attempt:
            clock.check()
            exchange = await io.open(target, method, request, clock)
            if exchange.status < 300:
                return exchange
            try:
                body = await exchange.body()
            finally:
                await exchange.close()
            raise failure(exchange.status, exchange.headers, body, asked)
    raise AssertionError("tenacity raises the last error itself")


async def fetch(
    io: IO,
    target: Target,
    path: str,
    clock: Clock,
    *,
    body: Mapping[str, Any] | None = None,
    max_retries: int = 0,
) -> dict[str, Any]:
    """One question, one JSON object: show, tags, ps, version, load, unload."""
    asked = Asked(target.address.url, str((body or {}).get("model", "")))
    request = Request(path, ()) if body is None else json_request(path, body)
    method = "GET" if body is None else "POST"
    exchange = await send(io, target, request, asked, clock, method=method, max_retries=max_retries)
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


def _is_worth_a_try(error: BaseException, clock: Clock) -> bool:
    if not isinstance(error, errors.OllamaMultiModalError) or not error.transient:
        return False
    asked_for = error.retry_after if isinstance(error, errors.ServerBusyError) else None
    return (asked_for or 0.0) <= clock.at_most(LONGEST_WAIT)


def _seconds_to_wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked_for = error.retry_after if isinstance(error, errors.ServerBusyError) else None
    return max(_back_off(state), asked_for or 0.0)


def _log(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    seconds = state.next_action.sleep if state.next_action else 0.0
    logger.warning("Attempt %d failed, next in %.1f s: %s", state.attempt_number, seconds, error)
