"""The frame that a server puts a picture into, and the sizes that it leaves alone, from what `/api/show` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ollama_vision.pictures import PictureFrame, ServerSizes, Size

from .preprocessing import FAMILIES, VisionFacts, picture_layout
from .preprocessing.conventions import counted
from .preprocessing.whole import ByArea


def frame_of(size: Size, show: Mapping[str, Any]) -> PictureFrame | None:
    """What the server makes of a picture of `size` as it is sent; `None` where that cannot be known.

    Raises ValueError when a side is not positive.
    """
    layout = picture_layout(size, show)
    if layout is None or layout.canvas is None or layout.content is None or not _by_llama_cpp(show):
        return None
    facts = VisionFacts.from_show(show)
    convention, doubt = counted(facts, FAMILIES[facts.family].models, layout)
    return PictureFrame(layout.canvas, layout.content, convention, doubt)


def sizes_left_alone(show: Mapping[str, Any]) -> ServerSizes | None:
    """The sizes of pictures that the server does not scale; `None` for families that bring all to fixed ones."""
    facts = VisionFacts.from_show(show)
    family = FAMILIES.get(facts.family)
    if family is None or not isinstance(family.rule, ByArea) or not _by_llama_cpp(show):
        return None
    multiple, limits = family.rule.square(facts), family.rule.limits(facts)
    return ServerSizes(multiple, *limits) if multiple and limits else None


def _by_llama_cpp(show: Mapping[str, Any]) -> bool:
    """Whether it is llama.cpp that prepares the picture: not for a model in the cloud or on Ollama's MLX runner."""
    return not show.get("elsewhere")
