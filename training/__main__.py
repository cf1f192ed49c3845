"""`python -m training`: the demo model from nothing, or from where it was stopped. `... adopt` puts it to use."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from ollama_embedded.embedded import DEMO_FOLDER
from training import make
from training.evaluation import aims
from training.evaluation.asking import Pair
from training.evaluation.card import NAME as CARD
from training.evaluation.card import write_card
from training.evaluation.results import File, Results
from training.evaluation.run import N, evaluate, show
from training.model.recipe import DEMO_RECIPE, TOY_RECIPE, Recipe

OUT = Path(__file__).parent / "out"
RECIPE, TIMES = "recipe.json", "times.json"
QUESTIONS_PER_ROW = 7.0
"""On average, for the card: counted over some hundred rows of `model/packing.py`."""


def main() -> int:
    arguments = _arguments()
    console = Console()
    if arguments.what == "adopt":
        return adopt(arguments.folder / "model", DEMO_FOLDER, console)
    recipe = TOY_RECIPE if arguments.toy else DEMO_RECIPE
    folder: Path = arguments.folder / "toy" if arguments.toy else arguments.folder
    if not _is_ours(folder, recipe):
        console.print(
            f"[red]{folder} holds the work of another recipe.[/red] Remove it, or name another with --folder."
        )
        return 2
    build(recipe, folder, 2 if arguments.toy else arguments.n, console)
    return 0


def build(recipe: Recipe, folder: Path, n: int, console: Console) -> None:
    """All steps in their order; each leaves alone what is finished."""
    _timed(folder, "scenes", lambda: make.make_scenes(recipe, folder, console))
    make.make_tokenizer(recipe, folder)
    times = {"training": make.make_weights(recipe, folder, console)}
    _keep_times(folder, times)
    pair = Pair(*make.make_files(recipe, folder))
    results = evaluate(pair, n=n, console=console)
    show(results, console)
    results.write(pair.model.parent)
    write_card(pair.model.parent, pair, results, recipe.model, told(recipe, _times(folder)))
    console.print(f"The model, its card and its results are in {pair.model.parent}")


def adopt(made: Path, place: Path, console: Console, today: Path = aims.TODAY) -> int:
    """Put the made pair and its card in the place of the demo model.

    Unless a kind of question got worse, or it sees too little of what other programs drew.

    Its figures become the ones that the next one is measured by.
    """
    if not (made / CARD).exists():
        console.print(f"[red]{made} holds no finished model.[/red] Make one with: make train")
        return 2
    results = Results.read(made)
    reasons = [f"worse: {worse}" for worse in results.worse]
    reasons += [
        f"{aim.aim}: {aim.wanted} is wanted, {aim.found}"
        for aim in aims.deciding(results.scores, results.auc)
        if aim.reached is not True
    ]
    if results.not_measured:
        reasons.append(f"not measured: {', '.join(results.not_measured)}")
    if results.n < N:
        reasons.append(f"measured on {results.n} questions of each kind; {N} are wanted")
    for file in (results.model, results.mmproj):
        if File.of(made / file.name) != file:
            reasons.append(f"{file.name} is not the file that was measured")
    if reasons:
        console.print(*reasons, "The demo model stays as it is.", sep="\n", style="red")
        return 1
    for name in (results.model.name, results.mmproj.name, CARD):
        shutil.copyfile(made / name, place / name)
    source = f"this evaluation of it: {results.n} questions of each kind, seed {results.seed}"
    today.write_text(aims.as_today(results.scores, source), encoding="utf-8")
    console.print(f"The demo model in {place} is the new one. Now run its tests: make test")
    return 0


def told(recipe: Recipe, times: Mapping[str, float]) -> dict[str, str]:
    """What the card says of the recipe."""
    talking = [stage for stage in recipe.stages.values() if stage.talks]
    rows = sum(stage.steps * stage.rows for stage in talking) * recipe.processes
    pictures = sum(stage.steps * stage.rows for stage in recipe.stages.values() if not stage.talks) * recipe.processes
    minutes = round(times["training"] / 60)
    return {
        "data": f"{recipe.scenes:,} drawn scenes; about {rows * QUESTIONS_PER_ROW:,.0f} questions on them",
        "first it saw": f"{pictures:,} pictures, to learn what is where",
        "then it answered": f"{rows:,} rows, a picture or two with their questions each",
        "optimizer": "Muon for the blocks' matrices, AdamW for the rest; `training/model/recipe.py` has every figure",
        "training": f"{minutes} minutes in {recipe.processes} processes on two CPU cores, as its quickest steps tell",
    }


def _is_ours(folder: Path, recipe: Recipe) -> bool:
    """Whether the folder is new, or was begun with this very recipe."""
    told = json.loads(json.dumps(asdict(recipe)))
    path = folder / RECIPE
    if path.exists():
        return bool(json.loads(path.read_text(encoding="utf-8")) == told)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return True


def _timed(folder: Path, name: str, work: Callable[[], None]) -> None:
    began = time.monotonic()
    work()
    _keep_times(folder, {name: _times(folder).get(name, 0.0) + time.monotonic() - began})


def _times(folder: Path) -> dict[str, float]:
    """Seconds of each step, interrupted runs included."""
    path = folder / TIMES
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _keep_times(folder: Path, times: dict[str, float]) -> None:
    (folder / TIMES).write_text(json.dumps(_times(folder) | times, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("make", "adopt"), default="make", help="default: make")
    parser.add_argument("--folder", type=Path, default=OUT, help="where everything goes (default: training/out)")
    parser.add_argument("--toy", action="store_true", help="everything once on tiny sizes, in a minute")
    parser.add_argument(
        "--n", type=int, default=N, help="questions of each kind in the evaluation (default %(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
