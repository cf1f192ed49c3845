"""Budgets of one call: how many tiles and frames of videos the context holds, while its pictures are prepared."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ollama_vision import pictures

if TYPE_CHECKING:
    from ollama_vision.pictures import Size
    from ollama_vision.server import ModelCapabilities

    from .arguments import Arguments
    from .tile_budget import TileBudget

T = TypeVar("T")
M = TypeVar("M", bound=Iterable[Any])
LEAST_WINDOW = 2048
"""Tokens that Ollama gives a model that sees, however few are asked for."""
_FOR_PICTURES = 7 / 8
"""Of the window; the rest is for question and answer."""


class FrameBudget:
    """How many frames of a video a question has room for."""

    def __init__(self, known: ModelCapabilities, window: int) -> None:
        self._known, self._room = known, int(max(window, LEAST_WINDOW) * _FOR_PICTURES)

    def __call__(self, sizes: Sequence[Size]) -> int | None:
        """1 at least; `None` where it is not known what a picture costs."""
        costs = [self._known.picture_costs[size] for size in sizes]
        if None in costs:
            return None
        return max(self._room // max(sum(cost for cost in costs if cost is not None), 1), 1)

    @classmethod
    def of(cls, known: ModelCapabilities | None, window: object) -> FrameBudget | None:
        """`None` where the model, or the window, is not known."""
        return cls(known, window) if known is not None and isinstance(window, int) else None


def within_budgets(
    build: Callable[[], tuple[T, M]], arguments: Arguments, known: ModelCapabilities | None
) -> Callable[[], tuple[T, M]]:
    """The same, where more tiles than the context holds are refused, and of scenes as many taken as fit."""
    options, window = arguments.image_options, arguments.options.get("num_ctx")
    if known is None or not isinstance(window, int) or arguments.fields.get("truncate") is not False:
        return build
    if options.by_scenes:
        build = functools.partial(_with_room, FrameBudget(known, window), build)
    if options.tiles is not None:
        from .tile_budget import TileBudget

        build = functools.partial(_within, TileBudget(known, max(window, LEAST_WINDOW)), build)
    return build


def _with_room(budget: FrameBudget, build: Callable[[], tuple[T, M]]) -> tuple[T, M]:
    with pictures.frame_room(budget):
        return build()


def _within(budget: TileBudget, build: Callable[[], tuple[T, M]]) -> tuple[T, M]:
    with pictures.tile_budget(budget):
        made, media = build()
    budget.check(media)
    return made, media
