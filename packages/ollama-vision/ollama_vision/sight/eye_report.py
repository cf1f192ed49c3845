"""EyeTest: the smallest thing and the smallest letters that a model tells at each detail, and what each costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .eye_chart import SIDE
from .staircase import Tried

What = Literal["things", "letters"]
WHATS: tuple[What, ...] = ("things", "letters")


@dataclass(frozen=True)
class Acuity:
    """How small a thing, or a letter, is still told."""

    smallest_px: int | None
    """In pixels of the original; `None` where even the largest is lost, or nothing could be asked."""
    tried: tuple[Tried, ...] = ()
    """What that rests on, the largest first."""


@dataclass(frozen=True)
class EyeLevel:
    """What is told of a picture that is sent in one way."""

    detail: Literal["low", "auto", "high"]
    things: Acuity
    letters: Acuity | None
    """`None` for a model that cannot read."""
    tokens: int | None
    """Of one question with its pictures, as the server counts them; `None` where nothing was asked, or it does not."""
    seconds: float | None
    """Of one question, from preparing the picture to the answer: the median."""
    tiles: bool = False
    """As an overview and tiles."""
    problem: str = ""
    """Why nothing, or not all of it, could be asked."""

    @property
    def name(self) -> str:
        return f"{self.detail}, tiles" if self.tiles else self.detail

    def smallest(self, what: What) -> int | None:
        """Of things or of letters."""
        acuity = self.things if what == "things" else self.letters
        return acuity.smallest_px if acuity else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "detail": self.detail,
            "things": {"smallest_px": self.things.smallest_px},
            "letters": self.letters and {"smallest_px": self.letters.smallest_px},
            "tokens": self.tokens,
            "seconds": None if self.seconds is None else round(self.seconds, 4),
        }


@dataclass(frozen=True)
class EyeTest:
    """How small things and letters a model on a server still tells."""

    model: str
    host: str
    levels: tuple[EyeLevel, ...]
    """At detail low, auto and high."""
    tiles: EyeLevel | None
    """At detail auto, as an overview and tiles; `None` where the picture needs none."""
    advice: str
    """How to send pictures to this model, in plain words."""
    seed: int
    """Draws the same questions and pictures again."""
    original: tuple[int, int] = (SIDE, SIDE)
    """The size of the pictures whose pixels are meant."""

    def to_dict(self) -> Mapping[str, Any]:
        """As plain values, for JSON."""
        return {"model": self.model, "levels": [level.to_dict() for level in self.levels], "advice": self.advice}
