"""The training pipeline, from an empty folder to weights: scenes, tokenizer, training. What is there is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from training.export import export
from training.model import tokenizer
from training.model.packing import SYSTEMS
from training.model.recipe import Recipe
from training.pace import seconds_undisturbed
from training.questions import tool_questions
from training.questions.asker import Asker
from training.scenes.draw import random_scene
from training.scenes.shards import draw_shards

TOKENIZER = "tokenizer.json"
TITLES = {
    "sight": "Learning to see",
    "talk": "Learning to answer",
    "practice": "Practising",
}


def progress_bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
        console=console,
    )


def make_scenes(recipe: Recipe, folder: Path, console: Console) -> None:
    with progress_bar(console) as progress:
        task = progress.add_task("Drawing scenes", total=recipe.scenes, figures="")
        for done in draw_shards(folder / "scenes", recipe.scenes, recipe.seed, recipe.model, recipe.processes):
            progress.update(task, completed=done)


def make_tokenizer(recipe: Recipe, folder: Path) -> None:
    path = folder / TOKENIZER
    if not path.exists():
        learnt = tokenizer.learn(texts(Random(f"{recipe.seed}/texts"), recipe.texts), recipe.model.vocabulary)
        learnt.save(str(path))


def texts(rng: Random, count: int) -> Iterator[str]:
    """What the model reads and writes, a question and its answer at a time."""
    asker = Asker(rng)
    for _ in range(count):
        text = _text(rng, asker)
        # Capitals are rarer in questions; without a push they would be spelt letter by letter.
        yield text.upper() if rng.random() < 0.1 else text


def _text(rng: Random, asker: Asker) -> str:
    scene = random_scene(rng)
    chance = rng.random()
    if chance < 0.12:
        tools = tool_questions.offer(rng)
        ask = tool_questions.tool_ask(rng, scene, asker, tools)
        return f"{tool_questions.tools_line(tools)} {ask.first.question} {ask.first.answer} {ask.result} {ask.last}"
    if chance < 0.16:
        without = asker.no_picture(scene)
        return f"system user assistant tool {rng.choice(SYSTEMS)} {without.question} {without.answer}"
    drawn = asker.two_pictures([scene, random_scene(rng)]) if chance < 0.4 else asker.one_picture(scene)
    return f"{drawn.question}\nassistant\n{drawn.answer}"


def make_weights(recipe: Recipe, folder: Path, console: Console) -> float:
    """Train, or go on with it; the seconds that it takes by itself. The room that needs torch is opened here."""
    from training.model.train import LOG, train

    with progress_bar(console) as progress:
        tasks: dict[str, TaskID] = {}
        for stage, step, figures in train(recipe, folder):
            if stage not in tasks:
                tasks[stage] = progress.add_task(TITLES[stage], total=recipe.stages[stage].steps, figures="")
            progress.update(tasks[stage], completed=step, figures=in_short(figures))
    return seconds_undisturbed(folder / LOG, recipe)


def make_files(recipe: Recipe, folder: Path) -> tuple[Path, Path]:
    """The weights as a GGUF pair of 8 bits, in a folder of its own."""
    from training.model.train import weights_as_arrays

    tokens, merges = tokenizer.tokens_and_merges(tokenizer.load(folder / TOKENIZER))
    return export(weights_as_arrays(folder), recipe.model, tokens, merges, folder / "model")


def in_short(figures: dict[str, float]) -> str:
    """The few figures that tell whether it goes well."""
    named = ("loss", "things right", "pairs", "describe", "exists", "which_image")
    return "  ".join(f"{name} {figures[name]:.3f}" for name in named if name in figures)
