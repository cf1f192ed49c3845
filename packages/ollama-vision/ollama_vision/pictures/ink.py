"""Blank page detection: whether anything is on a page but paper, with its noise, dust, shading and a scanner's edges.

A page without ink is not asked about, so the doubtful one has ink: a number in a corner is enough, and so is a stain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

LONGEST = 1200
"""Pixels of the longer side, at which a page is looked at: strokes of small print are one to two pixels wide."""
_PAPER = 24
"""Pixels: the paper's brightness is even over so many, and letters' is not."""
_FAINTEST = 20
"""Grey levels of 255 between paper and ink."""
_ABOVE_NOISE = 6
"""Standard deviations of the paper's noise."""
_CELL = 8
_FULL = 9
"""Dark pixels of a cell's 64: a letter has more, dust has fewer."""
_EDGE = 0.06
"""Of the width and height: where a scanner shows its lid, and what lies there without a break is its."""


def has_ink(image: Image.Image) -> bool:
    """Whether anybody would read something there. Takes 5 ms of a page of 1 MP."""
    from PIL import Image as pil
    from PIL import ImageChops

    grey = image.convert("L")
    factor = max(1, -(-max(grey.size) // LONGEST))
    grey = grey.reduce(factor)
    small = (max(1, grey.width // _PAPER), max(1, grey.height // _PAPER))
    paper = grey.resize(small, pil.Resampling.BOX).resize(grey.size, pil.Resampling.BILINEAR)
    contrast = ImageChops.difference(grey, paper)
    level = max(_FAINTEST, round(_ABOVE_NOISE * _noise(contrast)))
    dark = contrast.point([0] * level + [255] * (256 - level)).reduce(_CELL)
    return _stands_alone(dark)


def _noise(contrast: Image.Image) -> float:
    """The standard deviation of most pixels, by the median of their distances from the paper."""
    histogram, seen = contrast.histogram(), 0
    for value, count in enumerate(histogram):
        if seen + count > sum(histogram) / 2:
            return (value + (sum(histogram) / 2 - seen) / max(1, count)) / 0.6745
        seen += count
    return 0.0


def _stands_alone(dark: Image.Image) -> bool:
    """Whether there are full cells that are no part of what lies along an edge."""
    width, height = dark.size
    values = dark.tobytes()
    least = _FULL * 255 // (_CELL * _CELL)
    full = {at for at, value in enumerate(values) if value >= least}
    margin = (max(1, round(width * _EDGE)), max(1, round(height * _EDGE)))
    while full:
        group, left = set(), [full.pop()]
        while left:
            at = left.pop()
            group.add(at)
            x, y = at % width, at // width
            for beside_x in range(max(0, x - 1), min(width, x + 2)):
                for beside_y in range(max(0, y - 1), min(height, y + 2)):
                    other = beside_y * width + beside_x
                    if other in full:
                        full.remove(other)
                        left.append(other)
        if not _is_edge(group, width, height, margin):
            return True
    return False


def _is_edge(group: set[int], width: int, height: int, margin: tuple[int, int]) -> bool:
    columns, rows = {at % width for at in group}, {at // width for at in group}
    left, right, top, bottom = min(columns), max(columns), min(rows), max(rows)
    return (
        (left == 0 and right < margin[0])
        or (right == width - 1 and left >= width - margin[0])
        or (top == 0 and bottom < margin[1])
        or (bottom == height - 1 and top >= height - margin[1])
    )
