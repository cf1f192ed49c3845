"""What a picture costs in tokens, from what `/api/show` says of the model; unknown stays unknown.

The rules are those of llama.cpp's picture preprocessing, which decides it; Ollama itself resizes nothing.
The few special tokens around a picture (begin, end, separators of tiles) are not counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Size = tuple[int, int]
_OLLAMA_QWEN_LEAST = 1024
"""Ollama starts llama-server with `--image-min-tokens 1024` for Qwen2-VL, 2.5-VL and 3-VL."""


@dataclass(frozen=True)
class _Facts:
    """The numbers of one model's vision part, under whatever prefix the file keeps them."""

    values: Mapping[str, Any]

    def number(self, name: str, default: int | None = None) -> int | None:
        value = self.values.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            return int(value)
        return default


def estimate_picture_tokens(size: Size, show: Mapping[str, Any]) -> int | None:
    """How many tokens of context a picture of `size` (width, height) takes; `None` for unknown families.

    `show` is the reply of /api/show. Raises ValueError when a side is not positive.
    """
    if size[0] <= 0 or size[1] <= 0:
        raise ValueError(f"A picture has two positive sides, and this is {size[0]}x{size[1]}.")
    family, facts = _family(show)
    rule = _RULES.get(family)
    return rule(size, facts) if rule else None


def _family(show: Mapping[str, Any]) -> tuple[str, _Facts]:
    """The projector's type, or the architecture of a model in one file, and the facts without prefix."""
    projector = show.get("projector_info") or {}
    model = show.get("model_info") or {}
    architecture = str(model.get("general.architecture") or "")
    if projector:
        kind = projector.get("clip.projector_type") or projector.get("clip.vision.projector_type") or ""
        facts = {name.removeprefix("clip.").removeprefix("vision."): value for name, value in projector.items()}
        if str(kind) in ("qwen3vl_merger",) and architecture.startswith("qwen35"):
            kind = "qwen35"
        return str(kind), _Facts(facts)
    prefix = f"{architecture}."
    # A model in one file: the vision part's own numbers win over the text part's.
    text = {name.removeprefix(prefix): value for name, value in model.items() if name.startswith(prefix)}
    vision = {name.removeprefix("vision."): value for name, value in text.items() if name.startswith("vision.")}
    return architecture, _Facts({**text, **vision} if vision else {})


def _fixed(size: Size, facts: _Facts) -> int | None:
    """LLaVA-1.5 and its like: the same for every picture; LLaVA-1.6 adds tiles from a list of shapes."""
    side, patch = facts.number("image_size"), facts.number("patch_size")
    if side is None or patch is None:
        return None
    tile = (side // patch) ** 2
    if "image_grid_pinpoints" not in facts.values:
        return tile
    shapes = [(1, 2), (2, 1), (2, 2), (3, 1), (1, 3)]
    columns, rows = _shape_that_shows_most(size, side, shapes)
    return tile * (1 + columns * rows)


def _gemma3(_: Size, facts: _Facts) -> int | None:
    side, patch = facts.number("image_size"), facts.number("patch_size")
    if side is None or patch is None:
        return None
    return (side // patch // (facts.number("projector.scale_factor", 4) or 4)) ** 2


def _by_area(
    *, patch: int, merge: int, least: int, most: int, row_breaks: bool = False
) -> Callable[[Size, _Facts], int | None]:
    """A token for each square of patch x merge pixels, the picture scaled until their number fits."""

    def tokens(size: Size, facts: _Facts) -> int | None:
        square = (facts.number("patch_size", patch) or patch) * (facts.number("spatial_merge_size", merge) or 1)
        columns, rows = _squares(size, square, least, most)
        return columns * rows + (rows - 1 if row_breaks else 0)

    return tokens


def _squares(size: Size, square: int, least: int, most: int) -> Size:
    width, height = size
    columns, rows = max(1, round(width / square)), max(1, round(height / square))
    area = width * height
    if columns * rows > most:
        scale = math.sqrt(most * square * square / area)
        columns = max(1, math.floor(width * scale / square))
        rows = max(1, math.floor(height * scale / square))
    elif columns * rows < least:
        scale = math.sqrt(least * square * square / area)
        columns, rows = math.ceil(width * scale / square), math.ceil(height * scale / square)
    return columns, rows


def _minicpm(size: Size, facts: _Facts) -> int:
    """An overview, and up to nine slices when the picture is larger than one."""
    each = 96 if facts.number("minicpmv_version") == 2 else 64
    side = facts.number("image_size", 448) or 448
    slices = min(math.ceil(size[0] * size[1] / (side * side)), 9)
    if slices <= 1:
        return each
    grids = [
        (columns, count // columns)
        for count in (slices - 1, slices, slices + 1)
        if 1 < count <= 9
        for columns in range(1, count + 1)
        if count % columns == 0
    ]
    ratio = math.log(size[0] / size[1])
    columns, rows = min(grids, key=lambda grid: abs(ratio - math.log(grid[0] / grid[1])))
    return each * (1 + columns * rows)


def _tiles(
    *, side: int, patch: int, merge: int, most: int, one_when_small: bool = False
) -> Callable[[Size, _Facts], int | None]:
    """Tiles in the grid that shows most of the picture, and an overview when there are several."""

    def tokens(size: Size, facts: _Facts) -> int | None:
        edge = facts.number("image_size", side) or side
        shrink = (facts.number("patch_size", patch) or patch) * (facts.number("projector.scale_factor", merge) or merge)
        tile = (edge // shrink) ** 2
        if one_when_small and size[0] * size[1] <= edge * edge:
            return tile
        grids = [(columns, rows) for columns in range(1, most + 1) for rows in range(1, most // columns + 1)]
        columns, rows = _shape_that_shows_most(size, edge, grids)
        return tile if columns * rows == 1 else tile * (1 + columns * rows)

    return tokens


def _longest_edge(size: Size, facts: _Facts) -> int | None:
    """Idefics3, SmolVLM, Step3-VL: scaled to a given longest side, cut into tiles, and an overview."""
    edge, patch = facts.number("image_size"), facts.number("patch_size")
    longest = facts.number("preproc_image_size") or facts.number("longest_edge")
    merge = facts.number("projector.scale_factor")
    if edge is None or patch is None or longest is None or merge is None:
        return None
    scale = longest / max(size)
    columns, rows = (max(1, math.ceil(side * scale / edge - 1e-6)) for side in size)
    tile = (edge // patch // merge) ** 2
    return tile * (1 + columns * rows) if columns * rows > 1 else tile


def _shape_that_shows_most(size: Size, edge: int, shapes: Iterable[Size]) -> Size:
    """The grid in which most of the picture's own pixels are seen; of several, the smallest."""

    def worth(shape: Size) -> tuple[int, int]:
        width, height = shape[0] * edge, shape[1] * edge
        scale = min(width / size[0], height / size[1])
        seen = min(int(size[0] * scale) * int(size[1] * scale), size[0] * size[1])
        return seen, seen - width * height

    return max(shapes, key=worth)


_QWEN2 = _by_area(patch=14, merge=2, least=_OLLAMA_QWEN_LEAST, most=4096)
_QWEN3 = _by_area(patch=16, merge=2, least=_OLLAMA_QWEN_LEAST, most=4096)
_QWEN35 = _by_area(patch=16, merge=2, least=8, most=4096)
_MISTRAL = _by_area(patch=14, merge=2, least=8, most=1024, row_breaks=True)
_GEMMA4 = _by_area(patch=16, merge=3, least=40, most=280)
_GLM = _by_area(patch=14, merge=2, least=8, most=4096)
_LLAMA4 = _tiles(side=336, patch=14, merge=2, most=9)

_RULES: Mapping[str, Callable[[Size, _Facts], int | None]] = {
    "mlp": _fixed,
    "mlp_norm": _fixed,
    "gemma3": _gemma3,
    "gemma4": _GEMMA4,
    "gemma4v": _GEMMA4,
    "qwen2vl_merger": _QWEN2,
    "qwen2.5vl_merger": _QWEN2,
    "qwen2vl": _QWEN2,
    "qwen25vl": _QWEN2,
    "qwen3vl_merger": _QWEN3,
    "qwen3vl": _QWEN3,
    "qwen3vlmoe": _QWEN3,
    "qwen35": _QWEN35,
    "qwen35moe": _QWEN35,
    "pixtral": _MISTRAL,
    "mistral3": _MISTRAL,
    "glm4v": _GLM,
    "glmocr": _GLM,
    "lfm2": _tiles(side=512, patch=16, merge=2, most=10, one_when_small=True),
    "resampler": _minicpm,
    "internvl": _tiles(side=448, patch=14, merge=2, most=12),
    "llama4": _LLAMA4,
    "idefics3": _longest_edge,
    "step3vl": _longest_edge,
}
"""By the projector's type, or by architecture for models whose vision part is in the same file."""
