"""Canaries: when each host of a run must show that it still sees, and which answers hang on that.

A host proves its sight before its first picture, and shows it again after so many answers, after equal ones about
unlike pictures, after it was away, and at the end. What it answered since it last did so is taken back when it does
not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

from ollama_vision import errors

from .blame import Fault, classify
from .outcome import Item

if TYPE_CHECKING:
    from ollama_vision.sight import SightReport

    from .balancer import Host
    from .question import PictureQuestion

logger = logging.getLogger(__name__)

EVERY = 500
"""Answers of a host between two canaries."""
EQUAL = 20
"""Equal answers in a row about unlike pictures that call for one."""
FIRST, CANARY = 4, 1
"""Right answers that are enough, of a host that has not been asked yet, and of one that has."""

OnCanary = Callable[[str], Callable[[], None]]
"""Hears that a host is about to show that it sees: its address. What that gives is called when it has."""
OnReport = Callable[["SightReport"], None]
"""Hears of a proof whose verdict is not that the model sees."""


def _nothing() -> None:
    """Nobody keeps up which answers are proven."""


def _keep_all(proven: Iterable[Given[Any]], sang: Callable[[], None]) -> None:
    """In one turn of a thread: of a run without a cache there is nothing to do for each."""
    for given in proven:
        given.keep()
    sang()


@dataclass(frozen=True)
class Given(Generic[Item]):
    """An answer that was given out."""

    index: int
    item: Item
    sha256: str
    host: str
    keep: Callable[[], None] = _nothing
    """Puts it where answers are kept; run in a thread, once a canary has followed."""


@dataclass
class _Watched(Generic[Item]):
    """One host, and what it gave since it last showed that it sees."""

    unproven: list[Given[Item]] = field(default_factory=list)
    answers: int = 0
    """Since the last canary."""
    equal: int = 0
    """Answers in a row that were the last one's, about other pictures."""
    last: tuple[str, str] = ("", "")
    """The last answer's text, and its picture's hash."""
    was_asked: bool = False
    is_due: bool = True
    blind: errors.BlindModelError | None = None
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)


class SightWatch(Generic[Item]):
    """Watches the hosts of one run.

    Args:
        question: what the pictures are asked; a proof loads the model as it does.
        on_canary: hears of each canary before it sings.
        on_report: hears of proofs that are not clear.
        given: by host, answers of an earlier run that no canary followed.
        seeing: hosts that have shown before that they see, and are asked again when they have answered.
    """

    def __init__(
        self,
        question: PictureQuestion,
        on_canary: OnCanary = lambda host: _nothing,
        on_report: OnReport = lambda report: None,
        given: Mapping[str, Iterable[Given[Item]]] | None = None,
        seeing: Container[str] = (),
    ) -> None:
        self._question, self._on_canary, self._on_report = question, on_canary, on_report
        self._seeing = seeing
        self._hosts: dict[str, _Watched[Item]] = {}
        for host, answers in (given or {}).items():
            self._of_name(host).unproven += answers
        self.taken_back: list[Given[Item]] = []
        """Answers that were given out, of hosts that turned out not to see; taken from here to be asked again."""

    @property
    def seeing(self) -> list[str]:
        """The hosts that showed that they see, and gave nothing since."""
        return [
            name
            for name, watched in self._hosts.items()
            if watched.was_asked and watched.blind is None and not watched.unproven
        ]

    @property
    def blind(self) -> dict[str, errors.BlindModelError]:
        """The hosts that do not see, and why that is known."""
        return {name: watched.blind for name, watched in self._hosts.items() if watched.blind is not None}

    async def check(self, host: Host, *, is_idle: bool = False) -> None:
        """Have a host show that it sees, where that is due. One proof at a time; the others wait for it.

        Args:
            is_idle: it has no more to answer for now, so that a proof of what it gave is due.

        Raises:
            BlindModelError: it does not.
            OllamaMultiModalError: it did not answer, and is to blame for that.
        """
        watched = self._of(host)
        async with watched.one_at_a_time:
            if not host.is_well or (is_idle and watched.unproven):
                watched.is_due = True
            if not watched.is_due:
                return
            proving, watched.unproven = watched.unproven, []
            sang = await asyncio.to_thread(self._on_canary, host.name)
            try:
                report = await host.asked.examine(self._question.keywords, CANARY if watched.was_asked else FIRST)
            except errors.OllamaMultiModalError as error:
                watched.unproven = proving + watched.unproven
                if classify(error) is not Fault.PICTURE:
                    raise
                # The drawn pictures were refused as no picture of the run is: nothing is known, and nobody is blamed.
                logger.warning("Whether %s sees cannot be told: %s", host.name, error)
                watched.is_due, watched.answers = False, 0
                return
            if report.verdict == "blind":
                from ollama_vision.sight import blind_error  # few hosts are

                watched.blind = blind_error(report)
                self.taken_back += proving + watched.unproven
                watched.unproven = []
                raise watched.blind
            watched.blind, watched.was_asked, watched.is_due = None, True, False
            watched.answers = watched.equal = 0
            if report.verdict != "sees":
                self._on_report(report)
            await asyncio.to_thread(_keep_all, proving, sang)

    def cannot_tell(self, host: Host, error: errors.OllamaMultiModalError) -> None:
        """It does not answer any more: what it gave last stays unproven, and the next run begins with that."""
        logger.warning("%s gave answers, and whether it still sees cannot be told: %s", host.name, error)

    def is_blind(self, host: Host) -> bool:
        """Whether what it answers now counts for nothing."""
        return self._of(host).blind is not None

    def gave(self, host: Host, given: Given[Item], text: str) -> None:
        """It answered, and that will be given out."""
        watched = self._of(host)
        watched.unproven.append(given)
        watched.answers += 1
        before, seen = watched.last
        if text != before:
            watched.equal = 1
        elif given.sha256 != seen:
            watched.equal += 1
        watched.last = text, given.sha256
        if watched.answers >= EVERY or watched.equal >= EQUAL:
            watched.is_due = True

    def unproven(self, host: Host) -> bool:
        """Whether it gave answers that no canary followed."""
        return bool(self._of(host).unproven)

    def _of(self, host: Host) -> _Watched[Item]:
        return self._of_name(host.name)

    def _of_name(self, host: str) -> _Watched[Item]:
        has_shown = host in self._seeing
        return self._hosts.setdefault(host, _Watched(was_asked=has_shown, is_due=not has_shown))
