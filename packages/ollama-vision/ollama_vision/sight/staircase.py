"""A staircase (adaptive psychometric test) to the smallest size that is told; a sequential test at each. Sans-I/O."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

ENOUGH = 24
"""Right answers in a row with which a size is told."""
_SLIPS = 1
"""Wrong answers that are forgiven: a model that sees slips now and then. One more, and the size is lost."""
_STRIDE = 2


@dataclass(frozen=True)
class Tried:
    """How often things of one size were told."""

    px: int
    right: int
    asked: int
    in_a_row: int
    """So many of the last ones."""


class Staircase:
    """Ask about `px`, `add` whether the answer was right, until there is none; then look at `smallest`.

    One question at each second size leads down to the first that is answered wrongly twice. From there it goes in
    single steps, up to a size that is told or down to one that is not.

    Args:
        sizes: in pixels, the largest first.
        first: the one to begin with: what was told of an easier picture needs no way down to it.
    """

    def __init__(self, sizes: Sequence[int], first: int | None = None) -> None:
        self._sizes = tuple(sizes)
        self._answers: dict[int, list[bool]] = {px: [] for px in self._sizes}
        self.smallest: int | None = None
        """The smallest size that is told; `None` before the end, and where even the largest is lost."""
        self._steps = self._all_steps(0 if first is None else self._sizes.index(first))
        self.px: int | None = next(self._steps)

    def add(self, *, is_right: bool) -> None:
        """The answer about `px`."""
        try:
            self.px = self._steps.send(is_right)
        except StopIteration:
            self.px = None

    @property
    def tried(self) -> tuple[Tried, ...]:
        """The sizes that were asked about, the largest first."""
        return tuple(self.at(px) for px, answers in self._answers.items() if answers)

    def at(self, px: int) -> Tried:
        """What was answered about one size so far."""
        answers = self._answers[px]
        row = answers[::-1].index(False) if False in answers else len(answers)
        return Tried(px, sum(answers), len(answers), row)

    def _all_steps(self, at: int) -> Generator[int, bool, None]:
        last = len(self._sizes) - 1
        while (yield from self._is_seen(at)) and at < last:
            at = min(at + _STRIDE, last)
        if (yield from self._is_told(at)):
            while at < last and (yield from self._is_told(at + 1)):
                at += 1
        else:
            while at > 0 and not (yield from self._is_told(at - 1)):
                at -= 1
            at -= 1
        self.smallest = self._sizes[at] if at >= 0 else None

    def _once(self, at: int) -> Generator[int, bool, bool]:
        px = self._sizes[at]
        is_right = yield px
        self._answers[px].append(is_right)
        return is_right

    def _is_seen(self, at: int) -> Generator[int, bool, bool]:
        """At the first question, or at the second: a slip must not end the way down."""
        return (yield from self._once(at)) or (yield from self._once(at))

    def _is_told(self, at: int) -> Generator[int, bool, bool]:
        px = self._sizes[at]
        while self._answers[px].count(False) <= _SLIPS:
            if self.at(px).in_a_row >= ENOUGH:
                return True
            yield from self._once(at)
        return False
