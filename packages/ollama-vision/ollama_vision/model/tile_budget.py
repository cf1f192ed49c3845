"""Admission control for tiles: more than the context holds are refused before any is cut. Values in, values out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ollama_vision import errors
from ollama_vision.pictures import PreparedImage

from .overflow import window_for

if TYPE_CHECKING:
    from ollama_vision.pictures import PreparedAudio, Size
    from ollama_vision.server import ModelCapabilities


class TileBudget:
    """The room for one call's tiles: those of all its pictures come together."""

    def __init__(self, known: ModelCapabilities, window: int) -> None:
        self._known, self._window = known, window
        self._tokens = self._pictures = 0

    def __call__(self, sizes: Sequence[Size], grid: Size, sizes_for: Callable[[Size], Sequence[Size] | None]) -> None:
        """Raises ContextOverflowError for more than the context holds; nothing where the cost is not known."""
        if (cost := self._cost(sizes)) is None:
            return
        self._tokens += cost
        self._pictures += len(sizes)
        if self._tokens >= self._window:
            words = f"{grid[0]}x{grid[1]} tiles and the whole picture take about {cost:,} tokens"
            if self._pictures > len(sizes):
                words += f", the {self._pictures} pictures of this request {self._tokens:,}"
            raise self._refusal(words, self._tokens, self._fewer(grid, sizes_for))

    def check(self, media: Iterable[PreparedImage | PreparedAudio]) -> None:
        """The same of all pictures of a request that has tiles, those that were prepared before included."""
        pictures = [item for item in media if isinstance(item, PreparedImage)]
        cost = self._cost([picture.size for picture in pictures])
        tiles = sum(picture.tile is not None for picture in pictures)
        if tiles and cost is not None and cost >= self._window:
            words = f"{len(pictures)} pictures, {tiles} of them tiles, take about {cost:,} tokens"
            raise self._refusal(words, cost, None)

    def _cost(self, sizes: Sequence[Size]) -> int | None:
        costs = [self._known.picture_costs[size] for size in sizes]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def _fewer(self, grid: Size, sizes_for: Callable[[Size], Sequence[Size] | None]) -> tuple[Size, int] | None:
        """The largest grid of about that shape that leaves an eighth of the context to question and answer, and its
        cost."""
        for count in range(max(grid) - 1, 0, -1):
            smaller = (max(1, round(grid[0] * count / max(grid))), max(1, round(grid[1] * count / max(grid))))
            sizes = None if smaller == (1, 1) else sizes_for(smaller)
            cost = None if sizes is None else self._cost(sizes)
            if cost is not None and cost < self._window * 7 / 8:
                return smaller, cost
        return None

    def _refusal(self, words: str, tokens: int, fewer: tuple[Size, int] | None) -> errors.ContextOverflowError:
        ways = [f"tiles={fewer[0]}, which take about {fewer[1]:,}" if fewer else "fewer tiles"]
        window, longest = window_for(tokens), self._known.context_length
        if longest is None or window <= longest:
            ways.append(f"context_window={window}")
        return errors.ContextOverflowError(
            f"{words}, and the context holds {self._window:,}: nothing was sent. Use {' or '.join(ways)}.",
            n_ctx=self._window,
            n_picture_tokens=tokens,
        )
