"""The command: what it keeps of an earlier run, and when a new model takes the old one's place."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from training.__main__ import _is_ours, adopt, told
from training.evaluation import aims, row_names
from training.evaluation.certainty import Certainty
from training.evaluation.results import File, Results
from training.evaluation.scoring import Score
from training.model.recipe import DEMO_RECIPE, TOY_RECIPE

FILES = ("shapes-q8_0.gguf", "shapes-q8_0.mmproj.gguf", "README.md")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A finished model that is right about everything."""
    folder = tmp_path / "made"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(f"new {name}")
    kinds = {*aims.today(), *(verdict.aim for verdict in aims.deciding({}))} - {aims.SURER}
    scores = {kind: Score(kind, 500, 500) for kind in sorted(kinds)}
    model, mmproj = (File.of(folder / name) for name in FILES[:2])
    sure = Certainty(500, 400, 0.95)
    Results(500, 1, 10_000, 60.0, model, mmproj, scores, certainty=sure).write(folder)
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "demo_model"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text("old")
    return folder


def adopted(made: Path, place: Path) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=200)
    code = adopt(made, place, console, place.parent / "today.json")
    return code, console.file.getvalue()  # type: ignore[attr-defined]


def is_old(place: Path) -> bool:
    return all((place / name).read_text() == "old" for name in FILES)


def test_a_better_model_takes_the_place_with_its_card(made: Path, place: Path) -> None:
    code, said = adopted(made, place)
    assert code == 0, said
    assert [(place / name).read_text() for name in FILES] == [f"new {name}" for name in FILES]
    assert "make test" in said
    figures = json.loads((place.parent / "today.json").read_text())["figures"]
    assert figures == dict.fromkeys(aims.today(), "500/500")


def test_one_kind_that_got_worse_keeps_the_old_one(made: Path, place: Path) -> None:
    results = Results.read(made)
    kind = "is there a"
    # Half a point is chance.
    less = Score(kind, 500, math.ceil((aims.today()[kind] - aims.LOST) * 500) - 1)
    replace(results, scores={**results.scores, kind: less}).write(made)
    code, said = adopted(made, place)
    assert (code, is_old(place)) == (1, True)
    assert f"{kind}: {aims.percent(less.share)}, before {aims.percent(aims.today()[kind])}" in said
    assert not (place.parent / "today.json").exists()


@pytest.mark.parametrize(
    "less",
    [
        {"scores": {row_names.HANDS_ONE: Score(row_names.HANDS_ONE, 500, 489)}},
        {"scores": {row_names.LABELS: Score(row_names.LABELS, 500, 494)}},
        {"certainty": Certainty(500, 400, 0.89)},
        {"certainty": None},
    ],
)
def test_one_that_sees_too_little_of_what_others_drew_is_not_taken(
    made: Path, place: Path, less: dict[str, Any]
) -> None:
    results = Results.read(made)
    changed = {**less, "scores": {**results.scores, **less.get("scores", {})}}
    replace(results, **changed).write(made)
    code, said = adopted(made, place)
    assert (code, is_old(place)) == (1, True)
    assert "is wanted" in said


def test_few_questions_prove_nothing(made: Path, place: Path) -> None:
    replace(Results.read(made), n=499).write(made)
    code, said = adopted(made, place)
    assert (code, is_old(place)) == (1, True)
    assert "499" in said


def test_a_kind_that_was_not_asked_for_proves_nothing(made: Path, place: Path) -> None:
    results = Results.read(made)
    replace(results, scores={kind: score for kind, score in results.scores.items() if kind != "count"}).write(made)
    code, said = adopted(made, place)
    assert (code, is_old(place)) == (1, True)
    assert "not measured: count" in said


def test_a_file_that_was_changed_after_it_was_measured_is_not_taken(made: Path, place: Path) -> None:
    (made / FILES[1]).write_text("another")
    code, said = adopted(made, place)
    assert (code, is_old(place)) == (1, True)
    assert f"{FILES[1]} is not the file that was measured" in said


def test_there_must_be_one(tmp_path: Path, place: Path) -> None:
    code, said = adopted(tmp_path, place)
    assert (code, is_old(place)) == (2, True)
    assert "make train" in said


def test_another_recipe_does_not_go_on_with_this_ones_work(tmp_path: Path) -> None:
    assert _is_ours(tmp_path, TOY_RECIPE)
    assert _is_ours(tmp_path, TOY_RECIPE)
    assert not _is_ours(tmp_path, DEMO_RECIPE)
    assert json.loads((tmp_path / "recipe.json").read_text())["scenes"] == TOY_RECIPE.scenes


def test_the_card_is_told_the_recipe() -> None:
    said = " ".join(told(TOY_RECIPE, {"training": 3600.0}).values())
    assert "40 drawn scenes" in said
    assert "60 minutes" in said
