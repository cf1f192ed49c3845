"""Model keep-alive: which models are loaded, and when each is unloaded, by Ollama's `keep_alive`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from ..protocol import gojson
from ..protocol.catalog import ModelFacts
from ..protocol.requests import FOREVER

_FIVE_MINUTES = 300.0
# Go's longest duration: what "forever" is on the wire.
_LONGEST_NS = 2**63 - 1


class KeepAlive:
    """Remembers each loaded model and unloads it when its time is over."""

    def __init__(
        self, unload: Callable[[ModelFacts], Awaitable[None]], leaves: Callable[[], None] = lambda: None
    ) -> None:
        self._unload = unload
        self._leaves = leaves
        """Is told of each model that is unloaded."""
        self._stays: dict[str, _Stay] = {}
        self._unloading: set[asyncio.Task[None]] = set()

    @property
    def loaded(self) -> list[tuple[ModelFacts, str, int]]:
        """Models with their expiry and context, those that stay longest first."""
        stays = sorted(self._stays.values(), key=lambda stay: -stay.expires_ns)
        return [(stay.model, gojson.timestamp(stay.expires_ns), stay.context) for stay in stays]

    def used(self, model: ModelFacts, keep_alive: float | None, context: int) -> None:
        """A request for the model came or ended: its time starts anew."""
        self._forget(model)
        seconds = _FIVE_MINUTES if keep_alive is None else keep_alive
        if seconds == 0:
            self.leave(model)
            return
        forever = seconds == FOREVER
        expires = time.time_ns() + (_LONGEST_NS if forever else int(seconds * 1e9))
        stay = _Stay(model, expires, context)
        if not forever:
            loop = asyncio.get_running_loop()
            # The event loop refuses to look further ahead than about a year.
            stay.timer = loop.call_later(min(seconds, 3e7), self.leave, model)
        self._stays[model.name] = stay

    def leave(self, model: ModelFacts) -> None:
        """Unload at once."""
        self._forget(model)
        self._leaves()
        task = asyncio.ensure_future(self._unload(model))
        self._unloading.add(task)
        task.add_done_callback(self._unloading.discard)

    async def close(self) -> None:
        for stay in list(self._stays.values()):
            self._forget(stay.model)
        await asyncio.gather(*self._unloading)

    def _forget(self, model: ModelFacts) -> None:
        stay = self._stays.pop(model.name, None)
        if stay and stay.timer:
            stay.timer.cancel()


class _Stay:
    """One loaded model."""

    def __init__(self, model: ModelFacts, expires_ns: int, context: int) -> None:
        self.model = model
        self.expires_ns = expires_ns
        self.context = context
        self.timer: asyncio.TimerHandle | None = None
