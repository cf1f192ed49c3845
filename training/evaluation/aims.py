"""Acceptance criteria: what the new model must reach, and that it is not worse than the one in use. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from training.evaluation import row_names
from training.evaluation.scoring import Score

Scores = Mapping[str, Score]
TODAY = Path(__file__).with_name("today.json")
MOST_BYTES = 4_500_000
"""Of both files together."""
LOST = Fraction(1, 200)
"""So much below the model in use a kind of question may be and still not be worse: chance alone takes that."""
HARDEST = "radius 6 to 9 %"
"""Of the sizes that have an aim: a thing of a dozen pixels to the model."""


@dataclass(frozen=True)
class Verdict:
    """One aim: what was wanted, what was found, and whether that is enough; `None` when it was not measured."""

    aim: str
    wanted: str
    found: str
    reached: bool | None


@dataclass(frozen=True)
class Worse:
    """A kind of question at which the figure of the model in use is higher."""

    kind: str
    before: Fraction
    now: Fraction

    def __str__(self) -> str:
        return f"{self.kind}: {percent(self.now)}, before {percent(self.before)}"


_AT_LEAST: tuple[tuple[str, int], ...] = (
    *(
        (row, 95)
        for row in (
            row_names.COUNT,
            row_names.COLOUR,
            row_names.SHAPE,
            row_names.WHERE,
            row_names.EXISTS,
            row_names.JSON_LIST,
        )
    ),
    (row_names.DESCRIBE, 90),
    (row_names.WHICH, 90),
    (row_names.UNSEEN_SCHEMAS, 90),
    (row_names.CAPITALS, 85),
    (row_names.UNSEEN_WORDINGS, 85),
    (row_names.OTHER_THINGS, 95),
    (row_names.TOOL_FORM, 90),
)
_WITHIN: tuple[tuple[str, int], ...] = (
    *((row, 2) for row in row_names.DISTURBED),
    (row_names.NO_REGISTERS, 3),
    (row_names.TEXT_FIRST, 3),
    (row_names.TEXT_FIRST_NO_REGISTERS, 3),
)
"""Points below the same questions as they are (`rows.AS_IS`) that are still well."""
_BY_OTHER_HANDS: tuple[tuple[str, int, int], ...] = (
    (row_names.HANDS_ONE, 98, 95),
    (row_names.HANDS_MORE, 90, 90),
    (row_names.HANDS_COUNT, 95, 0),
    (row_names.HANDS_SCHEMA, 97, 0),
    (row_names.LABELS, 99, 99),
)
"""What decides on adoption: the row, the aim for all of it, and for each of its parts."""
_HARDEST_AIM = 93
SURER = "damaged pictures: AUC of right before wrong"
LEAST_AUC = 0.9
"""Of the probability of an answer about a damaged picture: a right one is the surer one so often."""


def verdicts(scores: Scores, bytes_of_both: int | None = None, auc: float | None = None) -> tuple[Verdict, ...]:
    """Aim by aim, in the order of the plan. `bytes_of_both` is the size of the two files."""
    return (
        *(_at_least(scores, row, aim) for row, aim in _AT_LEAST),
        *(_within(scores, row, points) for row, points in _WITHIN),
        _small_enough(bytes_of_both),
        *deciding(scores, auc),
    )


def deciding(scores: Scores, auc: float | None = None) -> tuple[Verdict, ...]:
    """The aims that a model must reach to be adopted: on pictures by other hands, and where labels are named."""
    found = []
    for row, of_all, of_each in _BY_OTHER_HANDS:
        found.append(_at_least(scores, row, of_all))
        parts = [name for name in scores if name.startswith(f"{row}: ")] if of_each else []
        for name in parts:
            found.append(_at_least(scores, name, _HARDEST_AIM if name.endswith(HARDEST) else of_each))
    told = "not measured" if auc is None else f"{auc:.3f}"
    surer = Verdict(SURER, f">= {LEAST_AUC}", told, None)
    return (*found, surer if auc is None else replace(surer, reached=auc >= LEAST_AUC))


def _at_least(scores: Scores, row: str, aim: int) -> Verdict:
    wanted = f">= {aim} %"
    score = scores.get(row)
    if score is None:
        return Verdict(row, wanted, "not measured", None)
    return Verdict(row, wanted, _found(score), score.share >= Fraction(aim, 100))


def _within(scores: Scores, row: str, points: int) -> Verdict:
    wanted = f"within {points} points of {row_names.AS_IS}"
    score, base = scores.get(row), scores.get(row_names.AS_IS)
    if score is None or base is None:
        return Verdict(row, wanted, "not measured", None)
    gained = score.share - base.share
    return Verdict(row, wanted, f"{_found(score)}, {100 * float(gained):+.1f}", gained >= Fraction(-points, 100))


def _small_enough(size: int | None) -> Verdict:
    wanted = f"<= {MOST_BYTES:,} bytes"
    if size is None:
        return Verdict("both files", wanted, "not measured", None)
    return Verdict("both files", wanted, f"{size:,} bytes", size <= MOST_BYTES)


def today() -> dict[str, Fraction]:
    """What the model in use reached, by row."""
    figures: dict[str, str] = json.loads(TODAY.read_text(encoding="utf-8"))["figures"]
    return {row: Fraction(figure) for row, figure in figures.items()}


def source_of_today() -> str:
    """Where those figures are from, as the end of a sentence."""
    return str(json.loads(TODAY.read_text(encoding="utf-8"))["source"])


def as_today(scores: Scores, source: str) -> str:
    """The text of today.json when the model with these scores is the one in use."""
    figures = {row: f"{scores[row].right}/{scores[row].n}" for row in today()}
    return json.dumps({"source": source, "figures": figures}, indent=2) + "\n"


def no_worse(scores: Scores, before: Mapping[str, Fraction]) -> tuple[Worse, ...]:
    """The kinds at which this model's figure is more than `LOST` below the one before: none, if it may take its place.

    A kind that was not measured cannot be shown to be no worse, and is an error.
    """
    missing = [row for row in before if row not in scores]
    if missing:
        raise ValueError(f"not measured, so nobody knows whether it is worse: {', '.join(missing)}")
    return tuple(Worse(row, was, scores[row].share) for row, was in before.items() if scores[row].share < was - LOST)


def percent(share: Fraction) -> str:
    return f"{100 * float(share):.1f} %"


def _found(score: Score) -> str:
    low, high = score.interval
    return f"{percent(score.share)} of {score.n} ({100 * low:.1f} to {100 * high:.1f})"
