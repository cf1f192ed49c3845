"""Several servers with the same model: the free one is asked next, and one that fails is left alone for a while.

How many requests a server answers at once is learnt: one that leaves a request waiting gets fewer.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import OllamaMultiModalError, RunStoppedError

if TYPE_CHECKING:
    from ..base import OllamaMultiModal

Told = Callable[[str, OllamaMultiModalError], None]
"""Hears of a host that is left alone from now on: its address, and why."""

REST = 60.0
"""Seconds until a host that failed is tried again, with one picture: a server is restarted in less."""


@dataclass
class Host:
    """One server, as its client sees it."""

    llm: OllamaMultiModal
    in_flight: int = 0
    room: int = sys.maxsize
    """So many requests it has had at once without letting one wait for longer than the client does."""
    taken: int = 0
    rests_until: float = 0.0
    fault: OllamaMultiModalError | None = None
    """Why it is left alone, or is on trial after that."""

    @property
    def name(self) -> str:
        return self.llm.base_url


class Hosts:
    """Which host is asked next."""

    def __init__(
        self,
        llms: Sequence[OllamaMultiModal],
        now: Callable[[], float] = time.monotonic,
        told: Told = lambda name, fault: None,
    ) -> None:
        self._hosts = [Host(llm) for llm in llms]
        self._now, self._told = now, told
        self._freed = asyncio.Event()

    async def take(self) -> Host:
        """The host with the fewest requests in flight, for one more, as soon as one has room.

        Raises:
            RunStoppedError: none is left.
        """
        while True:
            there = [host for host in self._hosts if self._may_be_asked(host)]
            if not there:
                raise self._none_left()
            if free := [host for host in there if host.in_flight < host.room]:
                host = min(free, key=lambda each: (each.in_flight, each.taken))
                host.in_flight += 1
                host.taken += 1
                return host
            await self._freed.wait()

    def give_back(self, host: Host) -> None:
        host.in_flight -= 1
        self._freed.set()
        self._freed = asyncio.Event()

    def let_one_wait(self, host: Host, behind: int) -> bool:
        """No word came of a request that was sent behind so many others: whether it waited for these.

        The host gets no more than these at once from now on.
        """
        if behind:
            host.room = min(host.room, behind)
        return behind > 0

    def answered(self, host: Host) -> None:
        """It works, whatever was before."""
        host.fault = None

    def failed(self, host: Host, fault: OllamaMultiModalError) -> None:
        """Leave it alone for a while."""
        is_news = host.fault is None
        host.fault, host.rests_until = fault, self._now() + REST
        if is_news:
            self._told(host.name, fault)

    def _may_be_asked(self, host: Host) -> bool:
        if host.fault is None:
            return True
        return self._now() >= host.rests_until and host.in_flight == 0

    def _none_left(self) -> RunStoppedError:
        faults = [(host, host.fault) for host in self._hosts if host.fault is not None]
        said = " ".join(f"{host.name}: {fault}" if len(faults) > 1 else str(fault) for host, fault in faults)
        which = "the server cannot be asked" if len(self._hosts) == 1 else f"none of {len(self._hosts)} hosts is left"
        stopped = RunStoppedError(f"The run was stopped, for {which}. {said}")
        stopped.__cause__ = faults[-1][1] if faults else None
        return stopped
