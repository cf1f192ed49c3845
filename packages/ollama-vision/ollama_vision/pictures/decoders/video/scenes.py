"""Shot boundary detection: where a video's scenes begin, by histograms of brightness (luma). Values in, values out.

A frame is known by 16 histograms, one for each field of a 4x4 grid, and the mean colour of each. Cuts stand out of
their neighbours; fades are found by twin comparison (Zhang, Kankanhalli and Smoliar, 1993): small steps that go on, and
add up to another picture. A flash leads back to the picture before it, and black between two scenes belongs to none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import sub
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

SIZE = (64, 36)
"""What a frame is scaled down to: each field of the grid has 16x9 pixels."""
GRID = (4, 4)
_PIXELS = SIZE[0] * SIZE[1]
_COLOURS = 2 * GRID[0] * GRID[1]
_ALL = 48
"""Levels of chroma: fields that change by so much in the mean are others altogether."""
_CUT = 0.3
"""Share of the picture that is another one after a cut, at least."""
_STEP = 0.06
"""The same from one frame to the next within a fade."""
_STANDS_OUT = 2.5
"""Times what is usual around it, of a cut: a camera that moves fast changes each frame by as much as some cuts do."""
_RISES = 2.0
"""Times what was usual before it, of a step of a fade."""
_CALM = 0.4
"""Of a fade's largest step: what is less belongs to it no more."""
_USUAL = 0.5
"""Seconds before and after, by which it is told what is usual."""
_FEW = 3
"""Frames that do not tell yet what is usual."""
_LONGEST_FADE = 4.0
"""Seconds; what takes longer is a camera that moves."""
_SHORTEST = 0.25
"""Seconds; what lasts less is a flash, or belongs to a transition."""
_LONGEST_BLANK = 1.0
"""Seconds; a white page that stays is a picture."""
_LIT = 0.7
"""Of the contrast that a scene has a second later: with less it is still coming up."""
_BLACK, _WHITE = 40, 235
"""The brightest value of a black frame, and the darkest of a white one."""


@dataclass(frozen=True)
class Look:
    """One frame, as far as scenes are told by it."""

    seconds: float
    histogram: bytes
    """16 bins of each of the grid's 16 fields, in pixels."""
    colours: bytes
    """The mean of both chroma values in each field."""
    darkest: int
    brightest: int

    @property
    def contrast(self) -> int:
        return self.brightest - self.darkest

    @property
    def is_black(self) -> bool:
        return self.brightest <= _BLACK

    @property
    def is_white(self) -> bool:
        return self.darkest >= _WHITE


class Looker:
    """Makes a `Look` of a frame's planes in `SIZE`: brightness, and both of chroma, each of 0 to 255."""

    def __init__(self) -> None:
        from PIL import Image

        width, height = SIZE
        # Ordered dithering: a value between two bins counts for both, so that a slight change is a slight difference.
        steps = bytes((4 * (x % 4) + y % 4) for y in range(height) for x in range(width))
        fields = bytes(16 * (4 * (4 * y // height) + 4 * x // width) for y in range(height) for x in range(width))
        self._steps, self._fields = (Image.frombytes("L", SIZE, data) for data in (steps, fields))
        self._bins = [min(value, 255) >> 4 for value in range(256)]

    def look(self, seconds: float, luma: Image.Image, *chroma: Image.Image) -> Look:
        from PIL import Image, ImageChops

        levels = [value for value, count in enumerate(luma.histogram()) if count]
        binned = ImageChops.add(luma, self._steps).point(self._bins)
        counts = bytes(ImageChops.add(binned, self._fields).histogram())
        colours = b"".join(plane.resize(GRID, Image.Resampling.BOX).tobytes() for plane in chroma)
        return Look(seconds, counts, colours, levels[0], levels[-1])


def difference(one: Look, other: Look) -> float:
    """How much of the picture is another one, 0.0 to 1.0, by brightness or by colours."""
    luma: float = sum(map(abs, map(sub, one.histogram, other.histogram))) / (2 * _PIXELS)
    chroma: float = sum(map(abs, map(sub, one.colours, other.colours))) / (_COLOURS * _ALL)
    return min(max(luma, chroma), 1.0)


@dataclass(frozen=True)
class Scene:
    """A scene, by the places of its frames."""

    first: int
    """Its first clear frame: after a fade, and not blank."""
    last: int


def scenes_of(looks: Sequence[Look], end: float) -> list[Scene]:
    """The scenes of a video, in their order; one at least where there is a frame. `end`: when it is over."""
    if not looks:
        return []
    steps = [0.0, *(difference(one, other) for one, other in pairwise(looks))]
    whole = Scene(0, len(looks) - 1)
    scenes: list[Scene] = []
    left_out = False
    for piece in _pieces(looks, steps):
        clear = _clear(piece, looks, end)
        if clear is None:
            left_out = True
        elif scenes and left_out and difference(looks[scenes[-1].last], looks[clear.first]) <= _CUT:
            scenes[-1] = Scene(scenes[-1].first, clear.last)  # a flash, or black for a moment, within one scene
            left_out = False
        else:
            scenes.append(clear)
            left_out = False
    return scenes or [whole]


def _pieces(looks: Sequence[Look], steps: Sequence[float]) -> list[Scene]:
    """What lies between cuts and fades, and fades."""
    pieces, first, at = [], 0, 1
    while at < len(looks):
        if _is_cut(looks, steps, at):
            pieces.append(Scene(first, at - 1))
            first = at
        elif steps[at] > (least := max(_STEP, _RISES * _usual(looks, steps, at, first))):
            end = _end_of_change(looks, steps, at, least)
            if end is not None and difference(looks[at - 1], looks[end]) > _CUT:
                pieces.append(Scene(first, at - 1))
                first = at = end
            elif end is not None:
                at = end
        at += 1
    return [*pieces, Scene(first, len(looks) - 1)]


def _is_cut(looks: Sequence[Look], steps: Sequence[float], at: int) -> bool:
    """Whether one step alone leads to another picture. Of a fade's steps each has one like it beside it."""
    beside = 0.0
    if looks[at].seconds - looks[at - 1].seconds < _SHORTEST:
        beside = steps[at - 1]
    if at + 1 < len(looks) and looks[at + 1].seconds - looks[at].seconds < _SHORTEST:
        beside = max(beside, steps[at + 1])
    least = max(_CUT, _STANDS_OUT * beside)
    return steps[at] > least and steps[at] > _STANDS_OUT * _usual(looks, steps, at)


def _usual(looks: Sequence[Look], steps: Sequence[float], at: int, since: int | None = None) -> float:
    """What changes from frame to frame around this one, or before it `since` a piece began; where a frame stays for
    long, nothing. Where a piece has only begun, what follows tells: a camera may have been moving before."""
    first, last = at - 1, at
    if since is not None and at - since <= _FEW:
        since = None
    while first > (since or 0) and looks[at].seconds - looks[first].seconds < _USUAL:
        first -= 1
    while since is None and last + 1 < len(looks) and looks[last + 1].seconds - looks[at].seconds < _USUAL:
        last += 1
    around = [*steps[first + 1 : at], *steps[at + 1 : last + 1]]
    return median(around) if around else 0.0


def _end_of_change(looks: Sequence[Look], steps: Sequence[float], at: int, least: float) -> int | None:
    """The last frame of a change that begins here; `None` where it is too long for a fade, or without an end."""
    end, calm, most = at, 0, steps[at]
    while end + 1 < len(looks) and calm < 2 and not _is_cut(looks, steps, end + 1):
        end += 1
        most = max(most, steps[end])
        calm = calm + 1 if steps[end] <= max(least, _CALM * most) else 0
        if looks[end].seconds - looks[at].seconds > _LONGEST_FADE:
            return None
    goes_on = end + 1 == len(looks) and calm == 0 and end > at
    return None if goes_on else end - calm


def _clear(piece: Scene, looks: Sequence[Look], end: float) -> Scene | None:
    """The piece without what is blank at its ends; `None` where nothing is left, or it is over at once."""
    begin = looks[piece.first].seconds
    is_last = piece.last + 1 == len(looks)  # it stays, however long that is
    lasts = (end if is_last else looks[piece.last + 1].seconds) - begin
    if lasts < _SHORTEST and not is_last:
        return None
    first, last = piece.first, piece.last
    while first <= last and (looks[first].is_black or (looks[first].is_white and lasts < _LONGEST_BLANK)):
        first += 1
    while last > first and looks[last].is_black:
        last -= 1
    if first > last:
        return None
    return Scene(_lit(first, last, looks) if first > piece.first or first == 0 else first, last)


def _lit(first: int, last: int, looks: Sequence[Look]) -> int:
    """The first frame that is no longer dark, of a scene that comes up out of black."""
    soon = [at for at in range(first, last + 1) if looks[at].seconds - looks[first].seconds <= _LONGEST_BLANK]
    most = max(looks[at].contrast for at in soon)
    return next(at for at in soon if looks[at].contrast >= _LIT * most)
