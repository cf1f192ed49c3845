"""Statistics at the head of a report, counted along the way, card by card.

A picture that has lines under several names, because it was moved or is there twice, is one picture with one answer:
its bytes tell. One that looks like another is a picture, and its answer is the other one's. An error names its picture,
so each counts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .cards import Askings, Card
from .results import Answer

_Known = tuple[str, str, int | None]


@dataclass
class Tally:
    """Of one model and request."""

    answers: int = 0
    """Those that are whole; what failed is none."""
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    seconds: float = 0.0
    """That the answers took."""


@dataclass
class Totals:
    """Of all cards so far."""

    askings: Askings
    cards: int = 0
    """Names: more than pictures where some have the same bytes."""
    pictures: int = 0
    failed: int = 0
    """Pictures of which at least one answer failed."""
    read: int = 0
    """Pages that were read, and have a verdict."""
    looks: int = 0
    """Those of them that need a look."""
    tallies: list[Tally] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    """By type; answers, not pictures."""
    near: int = 0
    """Pictures that have the answer to one that looks like them."""
    states: Counter[str] = field(default_factory=Counter)
    """What there is to see of the pictures, by `Sight.state`."""
    first: str = ""
    """The dates of the pictures, ISO 8601."""
    last: str = ""

    _seen: set[tuple[int, _Known]] = field(default_factory=set)
    """What was counted: pictures under -1, their answers under the number of who gave them."""

    def __post_init__(self) -> None:
        self.tallies = [Tally() for _ in self.askings.all]

    def count(self, card: Card) -> None:
        self.cards += 1
        self.pictures += card.is_failed or self._is_new(-1, card.answers[0])
        self.failed += card.is_failed
        self.read += card.answers[0].verdict is not None
        self.looks += card.needs_look
        self.states[card.sight.state] += 1
        self.near += card.group.is_near
        for answer in card.answers:
            modified = answer.version.modified
            self.first = min(self.first or modified, modified)
            self.last = max(self.last, modified)
            number = self.askings.number(answer)
            if answer.error is None and (answer.is_copied or not self._is_new(number, answer)):
                continue
            tally = self.tallies[number]
            tally.prompt_tokens += answer.usage.get("prompt_tokens", 0)
            tally.completion_tokens += answer.usage.get("completion_tokens", 0)
            tally.total_tokens += answer.usage.get("total_tokens", 0)
            if answer.error is None:
                tally.answers += 1
                tally.seconds += answer.seconds or 0.0
            else:
                tally.failed += 1
                self.errors[answer.error] += 1

    def _is_new(self, number: int, answer: Answer) -> bool:
        by_bytes = ("sha256", answer.sha256, answer.page)
        known = number, by_bytes if answer.sha256 else ("path", answer.path, answer.page)
        is_new = known not in self._seen
        self._seen.add(known)
        return is_new

    @property
    def answers(self) -> int:
        """Of all models and requests; without those that failed."""
        return sum(tally.answers for tally in self.tallies)

    @property
    def tokens(self) -> int:
        return sum(tally.total_tokens for tally in self.tallies)

    @property
    def seconds(self) -> float:
        return sum(tally.seconds for tally in self.tallies)
