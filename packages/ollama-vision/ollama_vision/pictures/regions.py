"""Regions and tiles (slicing, zoom): which parts of a picture are cut out before it is scaled, by its size. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from .frames import Crop, Size
from .options import ImageOptions, Region

OVERLAP = 0.1
"""Neighbours share this part of a tile: what is cut by a tile's edge, and is not larger, is whole in the next one."""
MOST_AUTO_TILES = 16
"""More than these, each with as many pixels as a picture by itself, are only sent when a grid asks for them."""
_LEAST_SIDE = 16
"""Pixels of a tile: no more than one patch of most models."""


@dataclass(frozen=True)
class Tile:
    """Which tile of a grid, counted from 1, in reading order."""

    column: int
    row: int
    columns: int
    rows: int

    def describe(self) -> dict[str, int]:
        return {"column": self.column, "row": self.row, "columns": self.columns, "rows": self.rows}


@dataclass(frozen=True)
class Part:
    """What is shown of a picture in one that is sent."""

    region: Crop | None = None
    """In pixels of the upright original, or points of a PDF page; `None`: all of it."""
    tile: Tile | None = None


WHOLE = (Part(),)


class RegionError(ValueError):
    """The picture has no such part; says why, to follow after its name, and what to do."""

    def __init__(self, problem: str, way_out: str) -> None:
        super().__init__(problem)
        self.problem, self.way_out = problem, way_out


def parts_of(size: Size, options: ImageOptions, pixels: Size | None = None) -> tuple[Part, ...]:
    """What is sent of a picture: a part of it or all, and behind it its tiles.

    Args:
        size: of the upright original.
        options: its `region` and `tiles` say which parts.
        pixels: where they are not `size`, those that there are to be seen, of a PDF page.

    Raises:
        RegionError: a region that is not in the picture, or tiles with too few pixels.
    """
    if options.region is None and options.tiles is None:
        return WHOLE
    shown = (0, 0, *size) if options.region is None else _in_pixels(options.region, size)
    region = None if shown == (0, 0, *size) else shown
    grid = options.tiles
    if grid is None:
        return (Part(region),)
    across, down = (pixels[0] / size[0], pixels[1] / size[1]) if pixels else (1.0, 1.0)
    detail = ((shown[2] - shown[0]) * across, (shown[3] - shown[1]) * down)
    if grid == "auto":
        grid = _grid_for(detail, options.most_pixels)
    if grid == (1, 1):
        return (Part(region),)
    least = min(side / _stretches(count) for side, count in zip(detail, grid, strict=True))
    if least < _LEAST_SIDE:
        raise RegionError(
            f"has {detail[0]:.0f}x{detail[1]:.0f} pixels there, too few for {grid[0]}x{grid[1]} tiles: one would have "
            f"a side of {least:.0f}",
            f"A tile has {_LEAST_SIDE} at least: ask for fewer, or leave it to tiles='auto'.",
        )
    return (Part(region), *_tiles(shown, *grid))


def _in_pixels(region: Region, size: Size) -> Crop:
    """Raises RegionError for what is not in the picture. Fractions take in each pixel that they touch."""
    left, top, right, bottom = region
    width, height = size
    if isinstance(left, float):
        # A hair beside a whole number is that number.
        return (
            min(math.floor(left * width + 1e-6), width - 1),
            min(math.floor(top * height + 1e-6), height - 1),
            max(math.ceil(right * width - 1e-6), 1),
            max(math.ceil(bottom * height - 1e-6), 1),
        )
    outside = left >= width or top >= height
    if outside or right > width or bottom > height:
        raise RegionError(
            f"is {width}x{height} when upright, and the region {region} {'lies' if outside else 'reaches'} outside",
            f"Left and right are at most {width}, top and bottom at most {height}; fractions of any picture are "
            "floats, such as (0.5, 0.0, 1.0, 0.5).",
        )
    return int(left), int(top), int(right), int(bottom)


def _tiles(shown: Crop, columns: int, rows: int) -> Iterator[Part]:
    across, down = _spans(shown[0], shown[2], columns), _spans(shown[1], shown[3], rows)
    for row, (top, bottom) in enumerate(down, 1):
        for column, (left, right) in enumerate(across, 1):
            yield Part((left, top, right, bottom), Tile(column, row, columns, rows))


def _spans(start: int, end: int, count: int) -> list[tuple[int, int]]:
    """So many stretches of about the same length, the first from the start, the last to the end."""
    length = (end - start) / _stretches(count)
    step = length * (1 - OVERLAP)
    return [(round(start + index * step), round(start + index * step + length)) for index in range(count)]


def _stretches(count: int) -> float:
    """How many tiles long a side is that has so many of them."""
    return count - (count - 1) * OVERLAP


def _grid_for(detail: tuple[float, float], most_pixels: int | None) -> Size:
    """The fewest tiles of which none has to be scaled down, or as many as are sent unasked; (1, 1) where the picture
    itself is not."""
    if most_pixels is None or detail[0] * detail[1] <= most_pixels:
        return 1, 1

    def badness(grid: Size) -> float:
        width, height = detail[0] / _stretches(grid[0]), detail[1] / _stretches(grid[1])
        lost = max(width * height / most_pixels, 1.0)
        # Full size first; then few tiles, of which two count like one whose sides are 3:5.
        return (1000 if lost > 1 else 0) + 30 * math.log(lost) + grid[0] * grid[1] + 4 * abs(math.log(width / height))

    grids = [
        (columns, rows)
        for columns in range(1, MOST_AUTO_TILES + 1)
        for rows in range(1, MOST_AUTO_TILES // columns + 1)
        if columns * rows > 1
    ]
    return min(grids, key=badness)


def stored_region(region: Crop, orientation: int, shown: Crop) -> Crop:
    """Where a part of the upright picture is stored.

    Args:
        region: in the upright picture.
        orientation: EXIF's, 1 to 8.
        shown: the part of what is stored that is the picture, before it is turned.
    """
    left, top, right, bottom = region
    width, height = shown[2] - shown[0], shown[3] - shown[1]
    if orientation >= 5:
        left, top, right, bottom = top, left, bottom, right
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    return shown[0] + left, shown[1] + top, shown[0] + right, shown[1] + bottom
