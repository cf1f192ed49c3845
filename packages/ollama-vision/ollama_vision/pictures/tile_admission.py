"""Admission control for tiles: whoever knows what pictures cost is asked before any tile is cut.

It is ambient, as the deadline is: what costs and the room for it are known above, where the sizes are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from .frames import Size

SizesFor = Callable[[Size], Sequence[Size] | None]
"""The sizes as sent of the same picture in another grid of columns and rows; `None` where it cannot be cut so."""
TileCheck = Callable[[Sequence[Size], Size, SizesFor], None]
"""Gets the sizes as sent of a picture and its tiles, the grid, and what another grid would make of it; raises when that
is too much."""

_check: ContextVar[TileCheck | None] = ContextVar("tiles", default=None)


@contextmanager
def tile_budget(check: TileCheck | None) -> Iterator[None]:
    """Within it, `check_tiles` asks that."""
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def check_tiles(sizes: Sequence[Size], grid: Size, sizes_for: SizesFor) -> None:
    """Raises what the innermost check raises; does nothing where nobody knows what tiles cost."""
    check = _check.get()
    if check is not None:
        check(sizes, grid, sizes_for)
