"""Least-connections balancing over servers with the same model, and a circuit breaker for each that fails.

How many requests a server answers at once is learnt (additive increase): one that leaves a request waiting, or refuses
it, gets fewer, and more again as it answers. A server that was there and goes away is waited for.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ollama_vision.errors import OllamaMultiModalError, RunStoppedError, ServerBusyError

if TYPE_CHECKING:
    from .question import HostedModel

logger = logging.getLogger(__name__)

OnHostFault = Callable[[str, OllamaMultiModalError], None]
"""Hears of a host that is left alone from now on: its address, and why."""

OnWait = Callable[[str, OllamaMultiModalError | None, float], None]
"""Hears of a host that the run waits for: its address, why, and for how many seconds more at the most. When it answers
again: its address, `None`, and after how many seconds."""

REST = 60.0
"""Seconds until a host that failed is tried again, with one picture: a server is restarted in less."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two tries at a host that is waited for; the pauses double."""
WAIT = 120.0
"""Seconds that a host which answered and is gone is waited for, where nothing else is said."""
BUSY = 600.0
"""Seconds that a host which refuses requests is waited for at the least: its queue is full while a model loads, which
takes minutes."""


@dataclass
class Host:
    """One server, as a run sees it."""

    asked: HostedModel
    in_flight: int = 0
    room: int = sys.maxsize
    """So many requests it has had at once without letting one wait for longer than the client does."""
    answers: int = 0
    """That came in a row while there was no more room."""
    taken: int = 0
    was_there: bool = False
    """It has answered something in this run, or just before."""
    is_warm: bool = False
    """It has answered a picture's question or loaded its model since it was last gone."""
    is_loading: bool = False
    fault: OllamaMultiModalError | None = None
    """Why it is left alone, or is on trial after that."""
    on_trial: bool = False
    rests_until: float = 0.0
    away_since: float | None = None
    waited_for_until: float = 0.0
    pauses: int = 0
    is_announced: bool = False

    @property
    def name(self) -> str:
        return self.asked.host

    @property
    def is_well(self) -> bool:
        return self.fault is None


class Balancer:
    """Which host is asked next.

    Args:
        wait: seconds that a host which was there is waited for when it is gone, and no other can be asked.
        were_there: whether they answered just before.
    """

    def __init__(
        self,
        models: Sequence[HostedModel],
        now: Callable[[], float] = time.monotonic,
        told: OnHostFault = lambda name, fault: None,
        *,
        wait: float = 0.0,
        waiting: OnWait = lambda name, fault, seconds: None,
        were_there: bool = False,
    ) -> None:
        self._hosts = [Host(model, was_there=were_there) for model in models]
        self._now, self._told, self._wait, self._waiting = now, told, wait, waiting
        self._freed = asyncio.Event()

    @property
    def hosts(self) -> Sequence[Host]:
        """All of them, whether they are well or not."""
        return self._hosts

    async def take(self) -> Host:
        """The host with the fewest requests in flight, for one more, as soon as one has room.

        Raises:
            RunStoppedError: none is left.
        """
        while True:
            if not any(self._may_answer_yet(host) for host in self._hosts):
                raise self.none_left()
            if free := [host for host in self._hosts if self._may_be_asked(host) and host.in_flight < host.room]:
                host = min(free, key=lambda each: (each.in_flight, each.taken))
                host.in_flight += 1
                host.taken += 1
                host.on_trial = not host.is_well
                return host
            await self._something_new()

    def give_back(self, host: Host) -> None:
        host.in_flight -= 1
        host.on_trial = host.on_trial and host.in_flight > 0
        self._freed.set()
        self._freed = asyncio.Event()

    def let_one_wait(self, host: Host, behind: int) -> bool:
        """No word came of a request that was sent behind so many others: whether it waited for these.

        The host gets no more than these at once from now on, until it has answered as many in a row.
        """
        if behind:
            self._give_at_most(host, behind)
        return behind > 0

    def refused(self, host: Host, fault: ServerBusyError) -> None:
        """Its queue is full. While it answers others of ours, it gets no more than these; else it is waited for."""
        host.was_there = True
        others = host.in_flight - 1
        self._give_at_most(host, max(1, others))
        if not others:
            self._left(host, fault, max(self._wait, BUSY) if self._wait else 0.0, fault.retry_after or 0.0)

    def is_there(self, host: Host) -> None:
        """It works, whatever was before."""
        host.was_there, host.fault, host.on_trial = True, None, False
        if not host.is_loading:
            self._returned(host)

    def _returned(self, host: Host) -> None:
        if host.away_since is not None:
            if host.is_announced:
                self._waiting(host.name, None, self._now() - host.away_since)
            host.away_since, host.pauses, host.is_announced = None, 0, False

    def answered(self, host: Host) -> None:
        """It answered a picture's question: room grows by one when all of it was answered (additive increase)."""
        self.is_there(host)
        host.is_warm = True
        if host.in_flight >= host.room:
            host.answers += 1
            if host.answers >= host.room:
                host.room, host.answers = host.room + 1, 0

    def begins_loading(self, host: Host, fault: OllamaMultiModalError, seconds: float) -> None:
        """It loads its model and gets no further pictures meanwhile; `fault` is how that was noticed."""
        host.is_loading, host.away_since = True, self._now()
        self._announce(host, fault, seconds)

    def ends_loading(self, host: Host) -> None:
        """Loaded or not; who failed is told apart."""
        host.is_loading, host.is_warm = False, True
        self._returned(host)

    def failed(self, host: Host, fault: OllamaMultiModalError, *, may_return: bool = False) -> None:
        """Leave it alone for a while; one that `may_return`, and was there, is waited for."""
        self._left(host, fault, self._wait if may_return and host.was_there else 0.0, 0.0)

    def _give_at_most(self, host: Host, count: int) -> None:
        host.room, host.answers = min(host.room, count), 0

    def _left(self, host: Host, fault: OllamaMultiModalError, wait: float, asked_for: float) -> None:
        now, is_news = self._now(), host.is_well
        if not is_news and not host.on_trial:
            return  # it was under way already when the host failed
        host.fault, host.on_trial, host.is_warm = fault, False, False
        if host.away_since is None:
            host.away_since = now
        others_are_well = any(other.is_well for other in self._hosts)
        longest = REST if others_are_well else LONGEST_PAUSE
        pause = max(asked_for, min(FIRST_PAUSE * 2**host.pauses, longest))
        host.pauses += 1
        until = host.away_since + wait
        if now >= until or asked_for > until - now:
            host.waited_for_until, host.rests_until = now, now + REST
        else:
            host.waited_for_until, host.rests_until = until, min(now + pause, until)
            if not others_are_well:
                self._announce(host, fault, until - now)
        if is_news:
            self._told(host.name, fault)

    def _announce(self, host: Host, fault: OllamaMultiModalError, left: float) -> None:
        if not host.is_announced:
            logger.warning("%s is waited for, %.0f s at the most: %s", host.name, left, fault)
            host.is_announced = True
        self._waiting(host.name, fault, left)

    def _may_be_asked(self, host: Host) -> bool:
        if host.is_loading:
            return False
        return host.is_well or (self._now() >= host.rests_until and host.in_flight == 0)

    def _may_answer_yet(self, host: Host) -> bool:
        return self._may_be_asked(host) or host.is_loading or host.on_trial or self._now() < host.waited_for_until

    async def _something_new(self) -> None:
        """Wait until a request has ended, or the rest of a host, or the time for which it is waited, is over."""
        now = self._now()
        times = [time for host in self._hosts if not host.is_well for time in (host.rests_until, host.waited_for_until)]
        seconds = min((time - now for time in times if time > now), default=None)
        try:
            await asyncio.wait_for(self._freed.wait(), seconds)
        except TimeoutError:
            return

    def none_left(self) -> RunStoppedError:
        faults = [(host, host.fault) for host in self._hosts if host.fault is not None]
        said = " ".join(self._told_of(host, fault) for host, fault in faults)
        which = f", for none of {len(self._hosts)} hosts is left. " if len(self._hosts) > 1 else ": "
        stopped = RunStoppedError(f"The run was stopped{which}{said}")
        stopped.__cause__ = faults[-1][1] if faults else None
        return stopped

    def _told_of(self, host: Host, fault: OllamaMultiModalError) -> str:
        named = f"{host.name}: {fault}" if len(self._hosts) > 1 else str(fault)
        if not host.is_announced or host.away_since is None:
            return named
        return f"{named} It was waited for, {self._now() - host.away_since:.0f} seconds (wait)."
