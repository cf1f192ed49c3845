"""Blank page detection: whether anything is on a page but paper, with its noise, dust, shading and a scanner's edges.

A page without ink is not asked about, so the doubtful one has ink: a number in a corner is enough, and so is a stain.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

LONGEST = 1200
"""Pixels of the longer side of which half are looked at: strokes of small print are a pixel wide then, and noise is
half of what it was."""
_PAPER = 12
"""Pixels: the paper's brightness is even over so many. It is the brightest of two such squares around."""
_STEPS = 5
_CELL = 4
_FAINTEST, _ABOVE_NOISE = 12, 5
"""Grey levels of 255, and standard deviations of the noise, by which a pixel of ink is darker than the paper."""
_FEWEST_PIXELS = 10
"""Of ink, in cells that touch: a page's number has more, dust has fewer."""
_FAINTEST_CELL = 4
_FEWEST_CELLS = 8
"""Of ink too pale to be told pixel by pixel: a word has more, noise has three at the most."""
_EVEN = 8
"""Cells, around which pale ink has to be darker."""
_ZERO = 32
_WHITE = 215
"""The grey level from which on paper is white: brighter ink there is none."""
_TOO_NOISY = 10
"""Grey levels: in so much noise pale ink cannot be told from none."""
_SOME = re.compile(rb"[^\x00]", re.DOTALL)
_EDGE = 0.07
"""Of the width and height: where a scanner shows its lid. What reaches from there to the page's end is no ink."""


def has_ink(image: Image.Image) -> bool:
    """Whether anybody would read something there, or see something. Takes 4 ms of a page of 1 MP."""
    from PIL import ImageChops, ImageStat

    image = image if image.mode in ("L", "RGB") else image.convert("L")
    grey = image = image.reduce(max(1, round(2 * max(image.size) / LONGEST)))
    if image.mode == "RGB":
        # The darkest of the three, in which every colour but the ground's own is dark: yellow, too.
        red, green, blue = image.split()
        grey = ImageChops.darker(ImageChops.darker(red, green), blue)
    if _is_on(grey):
        return True
    if ImageStat.Stat(grey).median[0] >= _WHITE:
        return False
    # On paper that is no white there may be something brighter. Beside a scanner's dark lid all of the paper is.
    across, down = round(grey.width * _EDGE), round(grey.height * _EDGE)
    return _is_on(ImageChops.invert(grey.crop((across, down, grey.width - across, grey.height - down))))


def _is_on(grey: Image.Image) -> bool:
    """Whether there is ink that is darker than its ground."""
    from PIL import Image as pil
    from PIL import ImageChops, ImageFilter

    small = (max(1, grey.width // _PAPER), max(1, grey.height // _PAPER))
    squares = grey.resize(small, pil.Resampling.BOX).filter(ImageFilter.MaxFilter(_STEPS))
    contrast = ImageChops.subtract(squares.resize(grey.size, pil.Resampling.BILINEAR), grey)
    level, noise = _level(contrast)
    if noise >= _TOO_NOISY:
        return True
    level = min(254, round(level + max(_FAINTEST, _ABOVE_NOISE * noise)))
    dark = contrast.point([0] * level + [255] * (256 - level)).reduce(_CELL)
    if _are_together(dark, _FEWEST_PIXELS * 255 // _CELL**2):
        return True
    cells = contrast.reduce(_CELL)
    cells = ImageChops.subtract(cells, cells.filter(ImageFilter.BoxBlur(_EVEN)), offset=_ZERO)
    level, noise = _level(cells)
    level = min(254, round(level + max(_FAINTEST_CELL, _ABOVE_NOISE * noise)))
    return _are_together(cells.point([0] * level + [1] * (256 - level)), _FEWEST_CELLS)


def _level(contrast: Image.Image) -> tuple[float, float]:
    """The level of the paper, and the standard deviation of its noise: of ink there is less than of paper."""
    histogram = contrast.histogram()
    half, more = (_quantile(histogram, share) for share in (0.5, 0.84))
    return half, more - half


def _quantile(histogram: list[int], share: float) -> float:
    wanted, seen = share * sum(histogram), 0
    for value, count in enumerate(histogram):
        if seen + count > wanted:
            return value + (wanted - seen) / count
        seen += count
    return 255.0


def _are_together(cells: Image.Image, least: int) -> bool:
    """Whether cells that touch have so much in all; what lies along the edges is left out."""
    width, height = cells.size
    values = {found.start(): found[0][0] for found in _SOME.finditer(cells.tobytes())}
    across, down = max(1, round(width * _EDGE)), max(1, round(height * _EDGE))
    left = set(values)
    while left:
        group = _touching(left, width)
        if sum(values[at] for at in group) < least:
            continue
        places = [(at % width, at // width) for at in group]
        at_the_end = any(x in (0, width - 1) or y in (0, height - 1) for x, y in places)
        within = all(x < across or x >= width - across or y < down or y >= height - down for x, y in places)
        if not (at_the_end and within):
            return True
    return False


def _touching(left: set[int], width: int) -> list[int]:
    """Takes some cells out that touch each other, if only at their corners."""
    group, waiting = [], [left.pop()]
    while waiting:
        at = waiting.pop()
        group.append(at)
        columns = range(max(0, at % width - 1), min(width, at % width + 2))
        for row in (at // width - 1, at // width, at // width + 1):
            beside = left.intersection(row * width + column for column in columns)
            left -= beside
            waiting += beside
    return group
