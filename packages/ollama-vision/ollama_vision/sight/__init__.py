"""Does the model see? Proof of sight by questions about drawn pictures, and an eye test: how small a thing it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

if TYPE_CHECKING:
    from .asking import WHEN_BLIND, Asker, blind_error, prove
    from .eye_asking import EyeProgress, test_eyes
    from .eye_report import Acuity, EyeLevel, EyeTest
    from .report import SentPicture, SightPace, SightQuestion, SightReceipt, SightReport
    from .staircase import Tried

__all__ = [
    "WHEN_BLIND",
    "Acuity",
    "Asker",
    "EyeLevel",
    "EyeProgress",
    "EyeTest",
    "SentPicture",
    "SightPace",
    "SightQuestion",
    "SightReceipt",
    "SightReport",
    "Tried",
    "blind_error",
    "prove",
    "test_eyes",
]

__getattr__ = lazy_names(
    __name__,
    {
        "WHEN_BLIND": ".asking",
        "Acuity": ".eye_report",
        "Asker": ".asking",
        "EyeLevel": ".eye_report",
        "EyeProgress": ".eye_asking",
        "EyeTest": ".eye_report",
        "SentPicture": ".report",
        "SightPace": ".report",
        "SightQuestion": ".report",
        "SightReceipt": ".report",
        "SightReport": ".report",
        "Tried": ".staircase",
        "blind_error": ".asking",
        "prove": ".asking",
        "test_eyes": ".eye_asking",
    },
)
"""Few calls prove sight, and none does before its first picture."""
