"""The card's part on pictures by other hands, on labels, and on what probabilities are worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from training.evaluation import row_names
from training.evaluation.hands.cases import PARTS
from training.evaluation.results import Results
from training.evaluation.scoring import Score, part

_TITLES: Mapping[str, str] = {
    row_names.HANDS_ONE: "one thing, described: as drawn and damaged",
    row_names.HANDS_TINY: "one thing of a radius of 2.5 to 6 % (no aim)",
    row_names.HANDS_MORE: "two to four things, described",
    row_names.HANDS_COUNT: "how many there are",
    row_names.HANDS_SCHEMA: "colour, kind, is there one: by a schema",
    row_names.LABELS: "labels named behind the question, on clean scenes",
}


def by_other_hands(results: Results, before: Mapping[str, Fraction]) -> Iterator[str]:
    """A table of every row that was measured, its parts below it; nothing at all where none was."""
    measured = {title: row for row, title in _TITLES.items() if row in results.scores}
    if measured:
        yield "## Drawn by other hands"
        yield (
            "Pictures that training's own program did not draw: by cairo, by Chromium as SVG and on a canvas, and by "
            "ImageMagick, from a script of their own (`training/evaluation/hands`), without a grid, 224 to 1000 pixels "
            "wide. Things stand anywhere and do not touch; a radius is in parts of the picture's shorter side. An "
            "answer is right when it names the colour and the kind of each thing once, and nothing else. These "
            "figures, not those of the scenes below, decide whether a model takes the place of the one before."
        )
        yield ""
        yield "| pictures | n | right | the model before |"
        yield "|---|---|---|---|"
        for title, row in measured.items():
            yield _line(f"**{title}**", results.scores[row], before.get(row))
            for name, score in _parts(results.scores, row):
                yield _line(f"… {name}", score, before.get(part(row, name)))
        yield ""
    told = results.certainty
    if told:
        how_sure = "as none is wrong, or none right, nothing can be said" if told.auc is None else f"{told.auc:.3f}"
        yield (
            f"Of {told.n} questions about pictures at a half to an eighth of their size, with noise of .1 to .4 of the "
            f"range and .3 to .7 of the light, {told.right} were answered rightly. How often a right answer is more "
            f"probable than a wrong one (AUC): {how_sure}."
        )
        yield ""


def _parts(scores: Mapping[str, Score], row: str) -> list[tuple[str, Score]]:
    """The parts of a row, sizes before grounds and so on."""
    opening = part(row, "")
    found = [(name.removeprefix(opening), score) for name, score in scores.items() if name.startswith(opening)]
    # Those of other rows stay as they were asked.
    return sorted(found, key=lambda each: PARTS.index(each[0]) if each[0] in PARTS else 0)


def _line(title: str, score: Score, before: Fraction | None) -> str:
    was = "" if before is None else _cut(before)
    return f"| {title} | {score.n} | {_cut(score.share)} | {was} |"


def _cut(share: Fraction) -> str:
    """As .955, cut, not rounded: what is not all right shall not read 1.000."""
    return f"{int(1000 * share) / 1000:.3f}".removeprefix("0")
