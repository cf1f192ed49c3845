"""How long a training takes by itself, told from the log of one that was stopped and had to wait."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from training.model.recipe import TOY_RECIPE
from training.pace import seconds_undisturbed

STAGE = TOY_RECIPE.stages["sight"]
RECIPE = replace(TOY_RECIPE, stages={"sight": replace(STAGE, steps=100), "talk": replace(STAGE, steps=10)})


def log(path: Path, *reports: tuple[str, int, float]) -> Path:
    path.write_text("".join(json.dumps({"stage": s, "step": n, "seconds": t}) + "\n" for s, n, t in reports))
    return path


def test_waits_and_returns_to_a_checkpoint_do_not_count(tmp_path: Path) -> None:
    """Half a second a step, but for a wait of an hour; gone on from step 40; then two seconds a step of talking."""
    seeing = [("sight", 20, 10.0), ("sight", 40, 20.0), ("sight", 60, 3620.0), ("sight", 60, 30.0), ("sight", 80, 40.0)]
    talking = [("talk", 5, 60.0), ("talk", 10, 70.0)]
    assert seconds_undisturbed(log(tmp_path / "log", *seeing, *talking), RECIPE) == 100 * 0.5 + 10 * 2


def test_a_stage_of_one_report_is_told_from_where_the_one_before_ended(tmp_path: Path) -> None:
    assert seconds_undisturbed(log(tmp_path / "log", ("sight", 100, 50.0), ("talk", 10, 70.0)), RECIPE) == 70


def test_a_log_without_a_stage_does_not_tell(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'talk'"):
        seconds_undisturbed(log(tmp_path / "log", ("sight", 20, 10.0), ("sight", 40, 20.0)), RECIPE)
