"""Results against labels: how good each run is, and which differences between runs are more than chance."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from ollama_vision.errors import LabelsError

from ..results.recorded_answer import LABEL, RecordedAnswer
from .reading import RunLines, read_runs
from .statistics import brier, calibration_error, mcnemar, reliability, wilson
from .truth import TEXT, Matcher, Truth
from .values import Fold, error_rates, exactly, folded, is_right, shown


class Verdict(NamedTuple):
    """One answer, held against what is true of its picture."""

    row: int
    """The number of its row of labels."""
    said: RecordedAnswer
    truth: str
    answer: str
    right: bool


@dataclass(frozen=True)
class Run:
    """One model and request of one file, judged."""

    lines: RunLines
    missing: tuple[str, ...]
    surplus: tuple[str, ...]
    failures: Mapping[str, int]
    verdicts: Mapping[str, Sequence[Verdict]]
    """By column of the labels; failed pictures, and those without a label, are in none."""


@dataclass(frozen=True)
class Comparison:
    """All runs beside each other."""

    truth: Truth
    runs: tuple[Run, ...]
    fold: Fold = field(default=folded, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """What `compare_results` gives."""
        return {
            "runs": [_told_run(run, self.truth, self.fold) for run in self.runs],
            "differences": [
                difference
                for (a, first), (b, second) in combinations(enumerate(self.runs), 2)
                for difference in _differences(a, first, b, second)
            ],
        }


def compare_results(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    labels: str | os.PathLike[str],
    *,
    exact: bool = False,
) -> dict[str, Any]:
    """How good the answers of results.jsonl are, by the labels of a CSV file.

    Args:
        files: one file of results, or several. Each model and request in one is a run.
        labels: a CSV file with a column `path` (as in the results, or a name that only one picture has) or `sha256`,
            perhaps `page`, and one for `label`, `text` or each field of a schema.
        exact: compare texts as they are; else in one case, as NFC, without white space around them and without a
            final full stop.

    Returns:
        `runs`, each with its counts, its pictures without a label (`missing`), labels without a picture (`surplus`)
        and labels told twice (`doubled`), and `fields`: by column, how many of `n` are right, with a 95 % interval,
        what was taken for what, and error rates of texts; `copied` of its pictures have the answer to another one,
        which alone counts for the medians of `seconds` and `tokens`. `differences`: for each two runs the pictures that
        only one of them has right, and how likely as uneven a split is by chance (McNemar's exact test).

    Raises:
        LabelsError: the labels cannot be used, or nothing can be compared.
        DamagedResultsError: a file of results cannot be read.
        OSError: a file is not there.
    """
    given = [files] if isinstance(files, (str, os.PathLike)) else list(files)
    return compare([Path(file) for file in given], Path(labels), exact=exact).to_dict()


def compare(files: Sequence[Path], labels: Path, *, exact: bool = False) -> Comparison:
    """See `compare_results`."""
    if not files:
        raise LabelsError("No file of results is named: there is nothing to compare.")
    truth = Truth.read(labels)
    fold = exactly if exact else folded
    runs = tuple(_judged(lines, truth, fold) for file in files for lines in read_runs(file))
    if not any(verdicts for run in runs for verdicts in run.verdicts.values()):
        raise LabelsError(
            f"Nothing can be compared: no picture of {', '.join(map(str, files))} has both an answer and a label in "
            f"{labels}. Its columns are {', '.join(truth.columns)}, its first picture is {truth.rows[0].name!r}."
        )
    return Comparison(truth, runs, fold)


def _judged(lines: RunLines, truth: Truth, fold: Fold) -> Run:
    matcher = Matcher(truth, (path for path, _ in lines.said))
    columns = _columns(lines, truth)
    verdicts: dict[str, list[Verdict]] = {column: [] for column in columns}
    missing, failures, met = [], Counter[str](), set()
    for said in lines.said.values():
        row = matcher.row(said.path, said.page, said.sha256)
        if row is not None:
            met.add(row)
        values = {} if row is None else truth.rows[row].values
        if not all(column in values for column in columns):
            missing.append(said.path if said.page is None else f"{said.path} (page {said.page})")
        if said.error:
            failures[said.error] += 1
            continue
        for column in columns:
            if row is not None and column in values:
                answer = said.answer(column)
                right = is_right(answer, values[column], fold)
                verdicts[column].append(Verdict(row, said, values[column], shown(answer), right))
    surplus = tuple(row.name for number, row in enumerate(truth.rows) if number not in met)
    return Run(lines, tuple(missing), surplus, dict(failures), verdicts)


def _columns(lines: RunLines, truth: Truth) -> tuple[str, ...]:
    """The columns that a run can be judged by: fields only where its answers have some."""
    answered = [said for said in lines.said.values() if not said.error]
    has_fields = any(said.fields for said in answered)
    return tuple(column for column in truth.columns if column in (LABEL, TEXT) or has_fields)


def _told_run(run: Run, truth: Truth, fold: Fold) -> dict[str, Any]:
    said = [each for each in run.lines.said.values() if not each.error]
    asked = run.lines.asked
    pictures = asked.get("pictures")
    return {
        "file": run.lines.file,
        "model": run.lines.model,
        "request": run.lines.request,
        "prompt": asked.get("prompt"),
        "detail": pictures.get("detail") if isinstance(pictures, dict) else None,
        "pictures": len(run.lines.said),
        "missing": list(run.missing),
        "surplus": list(run.surplus),
        "doubled": list(truth.doubled),
        "failed": sum(run.failures.values()),
        "failures": dict(run.failures),
        "fields": {column: _told(column, verdicts, fold) for column, verdicts in run.verdicts.items() if verdicts},
        "copied": sum(each.is_copied for each in said),
        "seconds": _median([each.seconds for each in said if not each.is_copied]),
        "tokens": _median([each.tokens for each in said if not each.is_copied]),
    }


def _told(column: str, verdicts: Sequence[Verdict], fold: Fold) -> dict[str, Any]:
    right, n = sum(verdict.right for verdict in verdicts), len(verdicts)
    low, high = wilson(right, n)
    cer, wer = error_rates([(v.answer, v.truth) for v in verdicts], fold) if column == TEXT else (None, None)
    told = {"right": right, "n": n, "accuracy": right / n, "low": low, "high": high}
    weighed = [v for v in verdicts if v.said.probabilities] if column == LABEL else []
    sure = [(share, v.right) for v in verdicts if (share := v.said.certainty(column)) is not None]
    bins = reliability(sure)
    return told | {
        "confusion": None if column == TEXT else confusion(verdicts, fold),
        "brier": brier(map(_shares, weighed)) if weighed else None,
        "calibration": [each._asdict() for each in bins] if sure else None,
        "calibration_error": calibration_error(bins) if sure else None,
        "cer": cer,
        "wer": wer,
    }


def _shares(verdict: Verdict) -> tuple[Mapping[str, float], str]:
    """The probabilities, and the truth as one of their labels is written."""
    shares = verdict.said.probabilities or {}
    return shares, true_label(verdict.truth, shares)


def true_label(truth: str, labels: Mapping[str, Any], fold: Fold = folded) -> str:
    """The label that a truth means; the truth itself where it means none."""
    if truth in labels:
        return truth
    return next((label for label in labels if fold(label) == fold(truth)), truth)


def confusion(verdicts: Sequence[Verdict], fold: Fold) -> dict[str, dict[str, int]]:
    """How often what is one thing was said to be another; names as the labels have them, where they have them."""
    spelled = {fold(verdict.truth): verdict.truth for verdict in reversed(verdicts)}
    table: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        answer = verdict.truth if verdict.right else spelled.get(fold(verdict.answer), verdict.answer)
        row = table.setdefault(verdict.truth, {})
        row[answer] = row.get(answer, 0) + 1
    return table


def _differences(a: int, first: Run, b: int, second: Run) -> list[dict[str, Any]]:
    told = []
    for column in first.verdicts:
        theirs = {v.row: v.right for v in second.verdicts.get(column, ())}
        both = [(v.right, theirs[v.row]) for v in first.verdicts[column] if v.row in theirs]
        if both:
            only_a = sum(mine and not other for mine, other in both)
            only_b = sum(other and not mine for mine, other in both)
            p = mcnemar(only_a, only_b)
            told.append({"a": a, "b": b, "field": column, "only_a": only_a, "only_b": only_b, "p": p})
    return told


def _median(values: Sequence[float | None]) -> float | None:
    told = [value for value in values if value is not None]
    return median(told) if told else None
