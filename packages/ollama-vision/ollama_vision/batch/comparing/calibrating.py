"""Temperature scaling fitted by maximum likelihood, and what it gains on pictures that it was not fitted on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ollama_vision.errors import LabelsError
from ollama_vision.model import Calibration

from ..results.recorded_answer import LABEL
from .comparison import Comparison, true_label

_LEAST, _MOST = 0.05, 20.0
"""Between these a temperature is looked for: where every label is right, the likelihood has no highest point."""
_TINY = 1e-300
_FOLDS = 5


@dataclass(frozen=True)
class Fitted:
    """A calibration, and what it is worth."""

    calibration: Calibration
    held_out_before: float
    """Mean negative log likelihood over all pictures, without it."""
    held_out_after: float
    """The same by temperatures that were each fitted on four fifths of the pictures, on the others."""
    at_bound: bool
    """Whether the likelihood grows to the end of the range: too few wrong labels to fit it well."""


Told = tuple[tuple[float, ...], int]
"""The log probabilities of a picture's labels, and the place of the true one."""


def fit(comparison: Comparison) -> Fitted:
    """Fit one run's probabilities to its labels.

    Raises:
        LabelsError: there are several runs, no probabilities, or a truth that is none of the labels.
    """
    if len(comparison.runs) != 1:
        raise LabelsError(
            f"A calibration is fitted to one run, and there are {len(comparison.runs)}: one model and one request. "
            "Name one file that has one."
        )
    run = comparison.runs[0]
    verdicts = run.verdicts.get(LABEL, ())
    weighed = [verdict.said.probabilities for verdict in verdicts]
    if not weighed or not all(weighed):
        lacking = sum(not each for each in weighed)
        raise LabelsError(
            f"{lacking or 'All'} of the answers that have a label tell no probabilities; `describe --choose` writes "
            "them, where the server and the model tell them. There is nothing to fit."
        )
    labels = tuple(weighed[0] or ())
    told: list[Told] = []
    for verdict, shares in zip(verdicts, weighed, strict=True):
        if shares is None or set(shares) != set(labels):
            raise LabelsError(f"{verdict.said.path} was asked for other labels than the first picture.")
        truth = true_label(verdict.truth, shares)
        if truth not in shares:
            raise LabelsError(
                f"{verdict.said.path} is {verdict.truth!r} by its label, and that was not to choose from."
            )
        told.append((tuple(math.log(max(shares[label], _TINY)) for label in labels), labels.index(truth)))
    temperature = best_temperature(told)
    calibration = Calibration(temperature, run.lines.model, labels, len(told), nll(told, 1.0), nll(told, temperature))
    before, after = _held_out(told)
    return Fitted(calibration, before, after, not _LEAST * 1.01 < temperature < _MOST / 1.01)


def nll(told: Sequence[Told], temperature: float) -> float:
    """The mean negative log likelihood of the true labels at a temperature."""
    return math.fsum(_loss(logs, true, temperature) for logs, true in told) / len(told)


def _loss(logs: Sequence[float], true: int, temperature: float) -> float:
    highest = max(logs)
    whole = math.fsum(math.exp((log - highest) / temperature) for log in logs)
    return math.log(whole) - (logs[true] - highest) / temperature


def best_temperature(told: Sequence[Told]) -> float:
    """Where the likelihood is highest: it is convex in 1/T, so that halving by the slope's sign finds it."""
    low, high = 1 / _MOST, 1 / _LEAST
    for _ in range(100):
        middle = (low + high) / 2
        if _slope(told, middle) > 0:
            high = middle
        else:
            low = middle
    return 2 / (low + high)


def _slope(told: Sequence[Told], inverse: float) -> float:
    """How the loss changes with 1/T: what the model expects of a log weight, less that of the truth."""
    total = 0.0
    for logs, true in told:
        highest = max(logs)
        weights = [math.exp((log - highest) * inverse) for log in logs]
        expected = math.fsum(weight * log for weight, log in zip(weights, logs, strict=True)) / math.fsum(weights)
        total += expected - logs[true]
    return total


def _held_out(told: Sequence[Told]) -> tuple[float, float]:
    """The loss without, and with temperatures fitted on the other folds; every fifth picture is in one fold."""
    folds = min(_FOLDS, len(told))
    if folds < 2:
        return nll(told, 1.0), nll(told, 1.0)
    losses = []
    for fold in range(folds):
        others = [each for index, each in enumerate(told) if index % folds != fold]
        temperature = best_temperature(others)
        losses += [_loss(*each, temperature) for index, each in enumerate(told) if index % folds == fold]
    return nll(told, 1.0), math.fsum(losses) / len(losses)
