"""Families that cut a picture into tiles: an overview of the whole, and a grid that shows more of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .facts import VisionFacts
from .layout import Layout, Rule, Way, tiled
from .single import single
from .sizes import Size, about, fitted, nearest_in_shape, showing_most, sliced, without_bars
from .whole import SCALE

_MOST_TILES = 256
"""More llama.cpp does not load, and to go through them would take long."""


@dataclass(frozen=True)
class Tiles:
    """A grid chosen from given ones, when a side is longer than a tile's, in which most of the picture is seen."""

    grids: str
    """`pinpoints`: the file lists them. `side`: up to `most` a side. `count`: up to `most`, or what the file says."""
    most: int = 0
    markers: int = 0
    whole: Rule | None = None
    """For files that list no grids."""
    way: Way = Way.TILED

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        if self.whole is not None and not facts.has_pinpoints:
            return self.whole.layout(size, facts)
        side, patch = facts.number("image_size"), facts.number("patch_size")
        shapes = self._shapes(facts, side) if side else None
        if side is None or patch is None or shapes is None:
            return None
        merge = (facts.number(SCALE) if self.whole is None else None) or 1
        each = (side // patch) ** 2 // merge**2
        if max(size) <= side:
            return tiled(size, None, each, self.markers)
        width, height = showing_most(size, shapes)
        columns, rows = math.ceil(width / side), math.ceil(height / side)
        return tiled(size, (columns, rows), each * (1 + columns * rows), self.markers)

    def _shapes(self, facts: VisionFacts, side: int) -> tuple[Size, ...] | None:
        if self.grids == "pinpoints":
            return facts.pinpoints
        if self.grids == "side":
            numbers = range(1, self.most + 1)
            return tuple((x * side, y * side) for x in numbers for y in numbers if (x, y) != (1, 1))
        least, most = facts.number("preproc_min_tiles") or 1, facts.number("preproc_max_tiles") or self.most
        if most > _MOST_TILES:
            return None
        return tuple(
            (columns * side, rows * side)
            for columns in range(least, most + 1)
            for rows in range(max(-(-least // columns), least), most // columns + 1)
        )


@dataclass(frozen=True)
class MiniCpm:
    """LLaVA-UHD: an overview, and two to nine slices as soon as one side is longer than a slice's."""

    resampled: bool = True
    """Each is brought to the same number of tokens; else patches are merged."""
    way: Way = Way.TILED

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        side, patch = facts.number("image_size"), facts.number("patch_size")
        version = facts.number("minicpmv_version", 2) or 2
        if side is None or patch is None or (self.resampled and version not in (2, 3, 4, 5, 6, 100_045)):
            return None
        merge = 1 if self.resampled else facts.number(SCALE, 4) or 4
        queries = facts.number("minicpmv_query_num", 96 if version == 2 else 64) or 0

        def tokens(view: Size) -> int:
            return queries if self.resampled else (view[0] // patch) * (view[1] // patch) // merge**2

        if merge == 2 and single(single(size[0] * size[1]) / (side * side)) <= 1:
            return tiled(size, None, tokens(about(size, side, patch * merge, grow=True)), 2)
        if max(size) <= side:
            return tiled(size, None, tokens((side, side)), 2)
        overview, slice_, (columns, rows) = sliced(size, side, patch * merge)
        # Before and after the overview and each slice, between rows, and in version 2.5 around all slices.
        markers = 2 + 2 * columns * rows + rows - 1 + (2 if self.resampled and version == 2 else 0)
        return tiled(size, (columns, rows), tokens(overview) + columns * rows * tokens(slice_), markers)


@dataclass(frozen=True)
class Idefics3:
    """SmolVLM and its like: scaled to a given longest side, cut into every tile begun, and an overview always."""

    way: Way = Way.TILED

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        side, patch, merge = (facts.number(name) for name in ("image_size", "patch_size", SCALE))
        if side is None or patch is None or merge is None:  # llama.cpp loads it without the last; there is no such file
            return None
        least = (facts.least_by_flag or 0) * (patch * merge) ** 2
        refined = fitted(size, side, least=least, longest=facts.number("preproc_image_size") or 0)
        columns, rows = refined[0] // side, refined[1] // side
        each = (side // patch) ** 2 // merge**2
        # Two before each tile, one between rows; three before the overview and one after it.
        markers = 2 * columns * rows + rows - 1 + 4
        return tiled(size, (columns, rows), each * (1 + columns * rows), markers)


@dataclass(frozen=True)
class Lfm2:
    """LFM2-VL: one picture of up to 256 tokens, or from twice its area on two to ten tiles, and a thumbnail."""

    tile: int = 512
    grid: Size = (2, 10)
    least: int = 64
    most: int = 256
    way: Way = Way.TILED

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        patch = facts.number("patch_size")
        if patch is None:
            return None
        square = patch * (facts.number(SCALE) or 1)
        most = self.most * square**2
        least = (facts.least_by_flag or self.least) * square**2
        overview = fitted(size, square, least=least, most=most)
        tokens = (overview[0] // square) * (overview[1] // square)
        # Halves to the even number, here alone, and in double precision.
        width, height = (max(patch, round(side / square) * square) for side in size)
        if width * height <= 2 * most:
            return tiled(size, None, tokens, 2)
        columns, rows = nearest_in_shape(size, self.tile, *self.grid)
        each = math.ceil(self.tile / square) ** 2
        return tiled(size, (columns, rows), tokens + columns * rows * each, 3 + columns * rows)


@dataclass(frozen=True)
class Step3:
    """Step3-VL: an overview, and windows of 504 pixels over what is larger than it or much longer than wide."""

    longest: int = 3024
    window: int = 504
    way: Way = Way.TILED

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        side, patch = facts.number("image_size"), facts.number("patch_size")
        if side is None or patch is None:
            return None
        square = patch * (facts.number(SCALE) or 4)
        tokens = (side // square) ** 2
        prepared = self._prepared(size, facts.number("preproc_image_size") or self.longest)
        window = self._window(prepared, side)
        if not window:
            return tiled(size, None, tokens, 2)
        columns, rows = (_windows(_cut_to(length, window), window) for length in prepared)
        tokens += columns * rows * (self.window // square) ** 2
        return tiled(size, (columns, rows), tokens, 2 + 2 * columns * rows + rows - 1)

    def _prepared(self, size: Size, longest: int) -> Size:
        shape = single(size[0] / size[1])
        if min(size) < 32 and (shape > 4 or shape < 0.25):
            size = (max(size), max(size))
        if max(size) > longest:
            scale = single(longest / max(size))
            return max(1, math.floor(single(size[0] * scale))), max(1, math.floor(single(size[1] * scale)))
        return size

    def _window(self, size: Size, side: int) -> int:
        longer, shorter = max(size), min(size)
        shape = single(longer / shorter)
        if longer <= side:
            return shorter if shape > 1.5 else 0
        return min(shorter, self.window) if shape > 4 else self.window


def _cut_to(length: int, window: int) -> int:
    """Whole windows, one more for what is over when that is more than a fifth of one."""
    ratio = single(length / window)
    if ratio < 1:
        return length
    return window * (math.floor(ratio) + (single(ratio - math.floor(ratio)) > single(0.2)))


def _windows(length: int, window: int) -> int:
    return 1 if length <= window else math.ceil(single(single((length - window) / window) + 1))


@dataclass(frozen=True)
class DeepSeekOcr:
    """DeepSeek-OCR: a padded overview of 1024 pixels whatever the file says, and tiles of the picture stretched."""

    tile: int
    most: int
    row_ends: bool
    """Rows of tokens end with a token of their own, and run over the tiles of a row."""
    least: int = 2
    way: Way = Way.TILED

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        side = 1024 // 64
        overview = side * (side + 1) + 1 if self.row_ends else side**2 + 1
        least, most = facts.number("preproc_min_tiles") or self.least, facts.number("preproc_max_tiles") or self.most
        if not least <= most <= _MOST_TILES:
            return None
        if max(size) <= self.tile:
            return tiled(size, None, overview, 1)
        columns, rows = nearest_in_shape(size, self.tile, least, most)
        side = self.tile // 64
        tiles = (side * columns + 1) * side * rows if self.row_ends else side**2 * columns * rows
        return tiled(size, (columns, rows), overview + tiles, 1)


@dataclass(frozen=True)
class Granite4:
    """Granite 4 Vision: an overview and a grid of tiles always, without the tokens of bars, a token after each row."""

    way: Way = Way.TILED

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        side, patch, shapes = facts.number("image_size"), facts.number("patch_size"), facts.pinpoints
        query, window = facts.number("projector.query_side"), facts.number("projector.window_side")
        if side is None or patch is None or query is None or window is None or shapes is None:
            return None
        out = query * (side // patch // window)
        width, height = showing_most(size, shapes)
        columns, rows = width // side, height // side
        if not (out and columns and rows):
            return None
        across, down = without_bars(size, (columns * out, rows * out))
        return tiled(size, (columns, rows), out**2 + down * (across + 1), 1)
