"""Families that see a picture whole: in a square, or in a frame of as many squares as its area asks for."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from .facts import VisionFacts
from .layout import Layout, Way, framed
from .single import half_away, single
from .sizes import Size, fitted

MERGE = "spatial_merge_size"
SCALE = "projector.scale_factor"


@dataclass(frozen=True)
class Square:
    """The same square, and the same number of tokens, for every picture."""

    merge: int = 1
    """Patches a side that become one token, where the file does not say."""
    reads_merge: bool = False
    divisor: int = 1
    """Of the tokens, by the projector."""
    extra: int = 0
    """Tokens within the picture that begin and end it."""
    tokens: int | None = None
    """Whatever the sides are."""
    per_side: bool = False
    """As many tokens as a side has patches: they are 16 patches in one."""
    markers: int = 0
    way: Way = Way.SQUARE

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        side, patch = facts.number("image_size"), facts.number("patch_size")
        if side is None or patch is None:
            return None
        merge = (facts.number(SCALE, self.merge) if self.reads_merge else None) or self.merge
        patches = (side // patch) ** 2 // merge**2 // self.divisor + self.extra
        tokens = self.tokens or (side // patch if self.per_side else patches)
        return framed(self.way, size, (side, side), tokens, self.markers)


@dataclass(frozen=True)
class ByArea:
    """A token for each square of merged patches, the picture scaled until their number is within the limits."""

    least: int | None = None
    """Tokens; `None` where the file has to say it in pixels, and so for `most`."""
    most: int | None = None
    merge: int = 2
    """Patches a side that become one token, where the file does not say."""
    merge_key: str | None = MERGE
    """Where it may say so."""
    pair: bool = False
    """Two patches a side become one token, whatever the file says; it only says to what the sides are rounded."""
    own_limits: bool = False
    """The file's limits in pixels win, where it has both."""
    row_breaks: bool = False
    """A token between rows."""
    row_ends: bool = False
    """A token after each row, one before the first and one after the last."""
    markers: int = 2
    way: Way = Way.CENTRED

    def square(self, facts: VisionFacts) -> int | None:
        """To multiples of how many pixels both sides are brought."""
        patch = facts.number("patch_size")
        merge = (facts.number(self.merge_key, self.merge) if self.merge_key else None) or self.merge
        return patch * merge if patch else None

    def limits(self, facts: VisionFacts) -> Size | None:
        """Least and most pixels of the frame."""
        square = self.square(facts)
        if square is None:
            return None
        own = facts.number("image_min_pixels"), facts.number("image_max_pixels")
        if self.least is None or self.most is None or (self.own_limits and None not in own):
            return (own[0], own[1]) if own[0] and own[1] else None
        return (facts.least_by_flag or self.least) * square**2, self.most * square**2

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        square, limits = self.square(facts), self.limits(facts)
        if square is None or limits is None:
            return None
        canvas = fitted(size, square, least=limits[0], most=limits[1])
        each = (facts.number("patch_size") or 0) * 2 if self.pair else square
        columns, rows = canvas[0] // each, canvas[1] // each
        tokens = columns * rows
        if self.row_breaks:
            tokens += rows - 1
        elif self.row_ends:
            tokens += rows + 2
        return framed(self.way, size, canvas, tokens, self.markers)


@dataclass(frozen=True)
class _OwnFrame(ABC):
    """A frame of squares of merged patches, by a rule of the family's own."""

    merge: int = 2
    """Patches a side of a square, where the file does not say."""
    pair: bool = True
    """Two patches a side become one token, whatever the square."""
    way: Way = Way.STRETCHED

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        patch = facts.number("patch_size")
        if patch is None:
            return None
        square = patch * (facts.number(MERGE) or self.merge)
        canvas = self.canvas(size, patch, square, facts)
        if canvas is None:
            return None
        each = 2 * patch if self.pair else square
        return framed(self.way, size, canvas, (canvas[0] // each) * (canvas[1] // each), 2)

    @abstractmethod
    def canvas(self, size: Size, patch: int, square: int, facts: VisionFacts) -> Size | None:
        """The frame; `None` when the file lacks a number for it."""


@dataclass(frozen=True)
class LongestSide(_OwnFrame):
    """LightOnOCR: the longer side is brought to a given length."""

    merge: int = 1
    pair: bool = False
    way: Way = Way.CENTRED

    def canvas(self, size: Size, patch: int, square: int, facts: VisionFacts) -> Size | None:
        longest = facts.number("preproc_image_size", facts.number("image_size"))
        if longest is None:
            return None
        return fitted(size, square, least=(facts.least_by_flag or 0) * square**2, longest=longest)


@dataclass(frozen=True)
class StepByStep(_OwnFrame):
    """Youtu-VL: smaller by a fiftieth, and again, until it fits."""

    most: int = 62_500

    def canvas(self, size: Size, patch: int, square: int, facts: VisionFacts) -> Size:
        scale = 1.0
        canvas = size
        while scale > 0:
            across, down = (max(square, math.ceil(single(single(side * scale) / square)) * square) for side in size)
            canvas = across, down
            if (across // patch) * (down // patch) <= self.most * square**2 // patch**2:
                break
            scale = single(scale - single(0.02))
        return canvas


@dataclass(frozen=True)
class NearestGrid(_OwnFrame):
    """Muse Glimmer: of the grids next to the picture's own the one nearest in shape; in double precision."""

    most: int = 4096

    def canvas(self, size: Size, patch: int, square: int, facts: VisionFacts) -> Size:
        columns, rows = self._grid(size[0] / square, size[1] / square, size[1] / size[0])
        return columns * square, rows * square

    def _grid(self, across: float, down: float, shape: float) -> Size:
        ratio = across / down
        if down * across > self.most:
            down = math.sqrt(self.most / ratio)
            across = down * ratio
        best, nearest = (0, 0), math.inf
        for rows in (math.floor(down), math.ceil(down)):
            for columns in (math.floor(across), math.ceil(across)):
                if rows < 1 or columns < 1 or rows * columns > self.most:
                    continue
                off = abs(rows / columns - shape)
                if off < nearest or (off == nearest and rows * columns > math.prod(best)):
                    best, nearest = (columns, rows), off
        return best if best[0] else (max(1, half_away(across)), max(1, half_away(down)))


@dataclass(frozen=True)
class MlxQwen:
    """Qwen3.5 on Ollama's MLX runner, whose own rule it is: doubles, halves to the even number.

    In what frame such a model answers is not known.
    """

    square: int = 32
    least: int = 65_536
    most: int = 16_777_216
    way: Way = Way.STRETCHED

    def layout(self, size: Size, facts: VisionFacts) -> Layout | None:
        width, height = size
        if max(size) / min(size) > 200:  # the runner refuses it
            return None
        columns, rows = round(width / self.square), round(height / self.square)
        if columns * rows * self.square**2 > self.most:
            shrink = math.sqrt(height * width / self.most)
            columns, rows = (max(1, math.floor(side / shrink / self.square)) for side in size)
        elif columns * rows * self.square**2 < self.least:
            grow = math.sqrt(self.least / (height * width))
            columns, rows = (math.ceil(side * grow / self.square) for side in size)
        return Layout(columns * rows, 2, None, None)
