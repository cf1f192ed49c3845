"""Does the model see? Proof of sight: questions about drawn pictures, and what their answers prove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

if TYPE_CHECKING:
    from .asking import WHEN_BLIND, Asker, blind_error, prove
    from .report import SentPicture, SightPace, SightQuestion, SightReceipt, SightReport

__all__ = [
    "WHEN_BLIND",
    "Asker",
    "SentPicture",
    "SightPace",
    "SightQuestion",
    "SightReceipt",
    "SightReport",
    "blind_error",
    "prove",
]

__getattr__ = lazy_names(
    __name__,
    {
        "WHEN_BLIND": ".asking",
        "Asker": ".asking",
        "SentPicture": ".report",
        "SightPace": ".report",
        "SightQuestion": ".report",
        "SightReceipt": ".report",
        "SightReport": ".report",
        "blind_error": ".asking",
        "prove": ".asking",
    },
)
"""Few calls prove sight, and none does before its first picture."""
