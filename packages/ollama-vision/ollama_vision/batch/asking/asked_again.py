"""Answers of a blind host, taken back, until something else is said in their place."""

from __future__ import annotations

from typing import Generic

from ollama_vision import errors

from .outcome import Item, Outcome
from .sight_watch import Given, SightWatch


class AskedAgain(Generic[Item]):
    """Answers that were taken back, until something else is said in their place."""

    def __init__(self, sight: SightWatch[Item] | None, model: str) -> None:
        self._sight, self._model = sight, model
        self._under_way: dict[int, Given[Item]] = {}
        self.stopped: errors.RunStoppedError | None = None
        """Why nobody is left who could be asked."""

    def next(self) -> Given[Item] | None:
        """The next one to ask about."""
        if self._sight is None or not self._sight.taken_back:
            return None
        given = self._sight.taken_back.pop()
        self._under_way[given.index] = given
        return given

    def done(self, given: Given[Item]) -> None:
        self._under_way.pop(given.index, None)

    def lost_by(self, given: Given[Item]) -> Outcome[Item]:
        """Nobody is left to ask: why its answer does not count."""
        self.done(given)
        assert self._sight is not None  # noqa: S101
        error = self._sight.blind[given.host]
        return Outcome(
            given.index,
            given.item,
            error=error,
            model=self._model,
            host=given.host,
            sha256=given.sha256,
            replaces=True,
        )

    def lost(self) -> list[Outcome[Item]]:
        """The run ends now: all that were taken back and not asked again."""
        left = [*self._under_way.values(), *(self._sight.taken_back if self._sight else ())]
        return [self.lost_by(given) for given in left]
