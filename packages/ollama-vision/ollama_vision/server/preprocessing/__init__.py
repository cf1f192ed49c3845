"""What llama.cpp's preprocessing makes of a picture, by a model's family and the numbers in its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .facts import VisionFacts
from .families import FAMILIES, Family
from .layout import Layout, Way
from .sizes import Box, Size

__all__ = ["FAMILIES", "Box", "Family", "Layout", "Size", "VisionFacts", "Way", "picture_layout"]


def picture_layout(size: Size, show: Mapping[str, Any]) -> Layout | None:
    """How a picture of `size` (width, height), as it is sent, is laid out for a model; `None` for unknown families.

    `show` is the reply of /api/show. Raises ValueError when a side is not positive.
    """
    if size[0] <= 0 or size[1] <= 0:
        raise ValueError(f"A picture has two positive sides, and this is {size[0]}x{size[1]}.")
    facts = VisionFacts.from_show(show)
    family = FAMILIES.get(facts.family)
    return family.rule.layout(size, facts) if family else None
