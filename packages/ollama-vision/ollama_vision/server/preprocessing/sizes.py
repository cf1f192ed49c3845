"""How llama.cpp scales a picture, pads it and chooses a grid of tiles: its size functions, step by step.

Each step is rounded to single precision in llama.cpp's own order; `tools/mtmd/mtmd-image.cpp` there is the source.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from .single import half_away, single

Size = tuple[int, int]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""


def fitted(size: Size, square: int, *, least: int = 0, most: int = 0, longest: int = 0) -> Size:
    """Sides that are multiples of `square`, the area between `least` and `most` pixels (0: no limit).

    With `longest`, the longer side is scaled to it first.
    """
    width, height = size
    if longest:
        scale = min(single(longest / width), single(longest / height))
        across, down = (_up(single(side * scale), square) for side in size)
    else:
        across, down = (max(square, half_away(single(side / square)) * square) for side in size)
    area = single(height * width)
    if most and across * down > most:
        shrink = single(math.sqrt(single(area / single(most))))
        return max(square, _down(single(width / shrink), square)), max(square, _down(single(height / shrink), square))
    if least and across * down < least:
        grow = single(math.sqrt(single(single(least) / area)))
        return _up(single(width * grow), square), _up(single(height * grow), square)
    return across, down


def _up(side: float, square: int) -> int:
    return math.ceil(single(side / square)) * square


def _down(side: float, square: int) -> int:
    return math.floor(single(side / square)) * square


def centred(size: Size, canvas: Size) -> Box:
    """Where a picture of `size` lies in `canvas`, scaled by one factor, bars on two sides."""
    scale = min(single(canvas[0] / size[0]), single(canvas[1] / size[1]))
    width, height = (min(math.ceil(single(side * scale)), limit) for side, limit in zip(size, canvas, strict=True))
    if size == canvas:
        width, height = size
    left, top = (canvas[0] - width) // 2, (canvas[1] - height) // 2
    return left, top, left + width, top + height


def showing_most(size: Size, shapes: Iterable[Size]) -> Size:
    """Of these canvases the one in which most of the picture's own pixels are seen; of several, the least waste."""
    width, height = size
    best, most, waste = (0, 0), 0, math.inf
    for shape in shapes:
        scale = min(single(shape[0] / width), single(shape[1] / height))
        seen = min(int(single(width * scale)) * int(single(height * scale)), width * height)
        wasted = shape[0] * shape[1] - seen
        if seen > most or (seen == most and wasted < waste):
            best, most, waste = shape, seen, wasted
    return best


def nearest_in_shape(size: Size, tile: int, least: int, most: int) -> Size:
    """The grid of `least` to `most` tiles whose shape is nearest to the picture's: columns and rows.

    Of several the largest that the picture fills by half.
    """
    shape = single(size[0] / size[1])
    area = single(size[0] * size[1])
    grids = sorted(
        ((columns, rows) for columns in range(1, most + 1) for rows in range(1, most // columns + 1)), key=math.prod
    )
    best, nearest = (1, 1), math.inf
    for grid in grids:
        if math.prod(grid) < least:
            continue
        off = abs(single(shape - single(grid[0] / grid[1])))
        if off < nearest:
            best, nearest = grid, off
        elif off == nearest and area > single(0.5 * single(tile * tile * math.prod(grid))):
            best = grid
    return best


def sliced(size: Size, side: int, square: int, *, most: int = 9) -> tuple[Size, Size, Size]:
    """LLaVA-UHD's cut into slices of about `side` x `side`: sizes of overview and slice, and columns and rows."""
    width, height = size
    ratio = single(single(width * height) / (side * side))
    count = min(math.ceil(ratio), most)
    shape = single(math.log(single(width / height)))
    best, nearest = (1, 1), math.inf
    for tiles in (count - 1, count, count + 1):
        if tiles == 1 or tiles > most:
            continue
        for columns in range(1, tiles + 1):
            if tiles % columns == 0:
                off = single(abs(shape - math.log(columns * columns / tiles)))
                if off < nearest:
                    best, nearest = (columns, tiles // columns), off
    each = _to_multiple(width, best[0]) // best[0], _to_multiple(height, best[1]) // best[1]
    return about(size, side, square, grow=False), about(each, side, square, grow=True), best


def about(size: Size, side: int, square: int, *, grow: bool) -> Size:
    """The picture's shape with about the area of `side` x `side`, in multiples of `square`."""
    width, height = size
    if grow or width * height > side * side:
        shape = single(width / height)
        height = int(single(side / single(math.sqrt(shape))))
        width = int(single(height * shape))
    return _to_multiple(width, square), _to_multiple(height, square)


def _to_multiple(length: int, square: int) -> int:
    return max(half_away(single(length / square)) * square, square)


def without_bars(size: Size, canvas: Size) -> Size:
    """What of a canvas is kept, in tokens or pixels, when the bars of a picture centred in it are dropped."""
    width, height = canvas
    if single(size[0] / size[1]) > single(width / height):
        return width, height - 2 * ((height - math.floor(size[1] * width / size[0] + 1e-7)) // 2)
    return width - 2 * ((width - math.floor(size[0] * height / size[1] + 1e-7)) // 2), height
