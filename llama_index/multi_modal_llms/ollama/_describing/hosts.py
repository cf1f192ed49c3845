"""Several servers with the same model: the free one is asked next, and one that fails is left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import OllamaMultiModalError, RunStoppedError

if TYPE_CHECKING:
    from ..base import OllamaMultiModal

REST = 60.0
"""Seconds until a host that failed is tried again, with one picture: a server is restarted in less."""


@dataclass
class Host:
    """One server, as its client sees it."""

    llm: OllamaMultiModal
    in_flight: int = 0
    taken: int = 0
    rests_until: float = 0.0
    fault: OllamaMultiModalError | None = None
    """Why it is left alone, or is on trial after that."""

    @property
    def name(self) -> str:
        return self.llm.base_url


class Hosts:
    """Which host is asked next."""

    def __init__(self, llms: Sequence[OllamaMultiModal], now: Callable[[], float] = time.monotonic) -> None:
        self._hosts = [Host(llm) for llm in llms]
        self._now = now

    def take(self) -> Host:
        """The host with the fewest requests in flight, for one more.

        Raises:
            RunStoppedError: none is left.
        """
        there = [host for host in self._hosts if self._may_be_asked(host)]
        if not there:
            raise self._none_left()
        host = min(there, key=lambda each: (each.in_flight, each.taken))
        host.in_flight += 1
        host.taken += 1
        return host

    def give_back(self, host: Host) -> None:
        host.in_flight -= 1

    def answered(self, host: Host) -> None:
        """It works, whatever was before."""
        host.fault = None

    def failed(self, host: Host, fault: OllamaMultiModalError) -> None:
        """Leave it alone for a while."""
        host.fault, host.rests_until = fault, self._now() + REST

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
