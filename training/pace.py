"""How long a training takes by itself, told from its log: other work and waits make steps longer, never shorter."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from training.model.recipe import Recipe


def seconds_undisturbed(log: Path, recipe: Recipe) -> float:
    """Of all stages: the steps, times what one took in the quickest quarter between two reports in the log.

    Raises:
        ValueError: the log tells nothing of a stage.
    """
    reports: dict[str, list[tuple[int, float]]] = {}
    last = 0.0
    for line in log.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        begun = reports.setdefault(told["stage"], [(0, last)])
        begun.append((told["step"], last := told["seconds"]))
    return sum(stage.steps * _seconds_a_step(name, reports.get(name, ())) for name, stage in recipe.stages.items())


def _seconds_a_step(stage: str, reports: Iterable[tuple[int, float]]) -> float:
    # Where it went on from a checkpoint, steps and seconds go back.
    taken = [
        (then - before) / (later - earlier)
        for (earlier, before), (later, then) in pairwise(reports)
        if later > earlier and then > before
    ]
    if not taken:
        raise ValueError(f"the log tells nothing of {stage!r}: how long a step takes is not known")
    return sorted(taken)[len(taken) // 4]
