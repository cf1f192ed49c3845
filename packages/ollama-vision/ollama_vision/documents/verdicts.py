"""The verdicts on a page that was read, from the worst to the best, and the findings that they follow from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

FAILED = "failed"
CUT = "cut"
REPEATS = "repeats"
NUMBERS_DIFFER = "numbers differ"
ONLY_IN_ANSWER = "only in answer"
ONLY_IN_LAYER = "only in layer"
WORDS_DIFFER = "words differ"
NOT_DRAWN = "not drawn"
NO_LAYER = "no layer"
NOT_COMPARED = "not compared"
FROM_LAYER = "from layer"
NO_INK = "no ink"
AGREES = "agrees"
ORDER_DIFFERS = "order differs"
"""A finding alone: a page with nothing else agrees."""

VERDICTS = (
    FAILED,
    CUT,
    REPEATS,
    NUMBERS_DIFFER,
    ONLY_IN_ANSWER,
    ONLY_IN_LAYER,
    WORDS_DIFFER,
    NOT_DRAWN,
    NO_LAYER,
    NOT_COMPARED,
    FROM_LAYER,
    NO_INK,
    AGREES,
)
"""What a page's verdict can be, the worst first."""
_LOOK = frozenset(VERDICTS[: VERDICTS.index(NO_LAYER)])


def needs_look(verdict: str) -> bool:
    """Whether somebody has to look at a page, or at a finding, of this verdict."""
    return verdict in _LOOK


@dataclass(frozen=True)
class Finding:
    """One place where a page's answer is not what it is compared with, or is wrong by itself."""

    verdict: str
    layer: str = ""
    """The words of the text layer, or of the second reader, which the answer has otherwise or not at all."""
    answer: str = ""
    """The words of the answer; of `cut` the last ones, of `repeats` what is said again."""
    reader: str | None = None
    """The second reader that the answer differs from; `None` for the text layer."""
    reason: str | None = None
    """Of `not drawn`: what could not be drawn, and why."""

    def __getitem__(self, name: str) -> Any:
        """By name, as in a line of pages.jsonl: KeyError for what is not set."""
        return self.to_dict()[name]

    def to_dict(self) -> dict[str, Any]:
        """As a line of pages.jsonl has it: `verdict`, `layer`, `answer`, and of the others those that are set."""
        shown = {"verdict": self.verdict, "layer": self.layer, "answer": self.answer}
        others = {"reader": self.reader, "reason": self.reason}
        return shown | {name: value for name, value in others.items() if value is not None}


@dataclass(frozen=True)
class ErrorRates:
    """Edits that make one text of another, over the length of what it should be. `None` where that has no length."""

    cer: float | None
    """Of characters, spaces counted."""
    wer: float | None
    """Of words."""


@dataclass(frozen=True)
class PageVerdict:
    """What is known of one page's answer."""

    verdict: str
    findings: tuple[Finding, ...] = ()
    cer: float | None = None
    """Character error rate against the text layer; `None` without one."""
    wer: float | None = None
    """Word error rate, likewise."""
    readers: Mapping[str, ErrorRates] = field(default_factory=dict)
    """The same against each second reader."""

    @property
    def needs_look(self) -> bool:
        return needs_look(self.verdict)


def worst(verdicts: Iterable[str], otherwise: str) -> str:
    """The worst of the findings' verdicts that a page can have; `otherwise` where nothing is found."""
    return min((one for one in verdicts if one in VERDICTS), key=VERDICTS.index, default=otherwise)
