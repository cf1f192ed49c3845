"""SightReport: what was asked, what was answered, what that proves, and the receipt of what was sent."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["sees", "sees badly", "blind", "unclear"]

_SEEMS = {
    "nothing": "nothing of the pictures",
    "black": "black in place of each picture",
    "grey": "one grey in place of each picture",
    "noise": "noise in place of each picture",
    "few pixels": "a few pixels of each picture, no more than its mean colour",
    "marker": "words in place of each picture, such as [img-0]",
    "stale": "the picture of the request before",
    "first": "of two pictures the first one twice",
    "last": "of two pictures the last one twice",
    "swapped colours": "pictures with red and blue exchanged",
    "turned": "pictures that are turned, mirrored or upside down",
    "part": "a part of each picture",
}


@dataclass(frozen=True)
class SightQuestion:
    """One question of a proof, and its answer."""

    question: str
    labels: tuple[str, ...]
    """What it could be answered with; of a drawn word none."""
    expected: str
    answer: str
    """As the model gave it, without the quotes of JSON."""
    right: bool


@dataclass(frozen=True)
class SentPicture:
    """What was sent of one picture."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class SightReceipt:
    """What was sent, and what the server counted: it proves that something was read, not that it was seen."""

    pictures: tuple[tuple[SentPicture, ...], ...]
    """Of each question."""
    tokens_expected: tuple[int | None, ...]
    """Of each question's pictures, by `ModelCapabilities.picture_tokens`; `None` for model families not known."""
    tokens_counted: tuple[int | None, ...]
    """Of each question's whole prompt, by the server; `None` where it did not say."""
    image_count: int | None = None
    """How many pictures the prompt of the last question has on the server; `None` where it does not tell."""
    images_sent: int | None = None
    """How many that question has."""


@dataclass(frozen=True)
class SightPace:
    """How fast the answers came, in the server's own figures."""

    seconds: float = 0.0
    """From the first question to the last answer, loading included."""
    load_seconds: float = 0.0
    tokens: int = 0
    """Of all answers."""
    answer_seconds: float = 0.0
    """Of writing them."""
    thinking: int = 0
    """Characters that it thought, although it was told not to."""


@dataclass(frozen=True)
class SightReport:
    """Whether a model sees, and what that rests on."""

    model: str
    host: str
    verdict: Verdict
    seems: str | None
    """What it seems to get in place of the pictures; `None` for one that sees."""
    questions: tuple[SightQuestion, ...]
    receipt: SightReceipt
    pace: SightPace
    seed: int
    """Draws the same questions and pictures again."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    def __str__(self) -> str:
        right = sum(question.right for question in self.questions)
        score = f"{right} of {len(self.questions)} questions answered rightly"
        match self.verdict:
            case "sees":
                said = f"{self.model} on {self.host} sees: {score}."
            case "sees badly":
                said = f"{self.model} on {self.host} sees, but badly: {score}."
            case "unclear":
                said = (
                    f"Whether {self.model} on {self.host} sees is unclear: its answers are none of the labels, and it"
                    " did not read a drawn word."
                )
            case "blind":
                seen = _SEEMS.get(self.seems or "", "something else than what was sent")
                said = f"{self.model} on {self.host} does not see what it is sent: it seems to get {seen} ({score})."
        return said
