"""`asyncio.to_thread` with a daemon thread for each call: a call that may block, awaited."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Value = TypeVar("Value")


async def in_daemon_thread(call: Callable[[], Value]) -> Value:
    """What the call returns or raises. Cancelling leaves the thread to itself.

    A daemon thread for each call, no pool: a call that never returns keeps neither the others waiting nor the
    interpreter from ending, and how many run at once is the caller's affair (`num_parallel`).
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Callable[[], Value]] = loop.create_future()

    def settle(outcome: Callable[[], Value]) -> None:
        if not ended.done():
            ended.set_result(outcome)

    def run() -> None:
        try:
            value = call()
        except BaseException as fault:
            raised = fault

            def outcome() -> Value:
                raise raised
        else:

            def outcome() -> Value:
                return value

        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody awaits it any more
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=run, daemon=True, name="ollama_embedded beside").start()
    return (await ended)()
