"""Evaluation run: all sets asked and scored, with a progress bar, and the table that is shown at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from training.evaluation import aims
from training.evaluation.asking import Pair, ask_all
from training.evaluation.cases import Case
from training.evaluation.certainty import measure
from training.evaluation.drawn import drawn_scenes
from training.evaluation.hands.cases import by_other_hands, missing
from training.evaluation.labels import labelled
from training.evaluation.results import Results
from training.evaluation.schemas import one_object, unseen_schemas
from training.evaluation.sets import SEED, plain, unseen_wordings
from training.evaluation.tools import tool_cases
from training.evaluation.variants import variants

N = 500
SETS: Mapping[str, Callable[[int, int], Iterator[Case]]] = {
    "plain": plain,
    "unseen": unseen_wordings,
    "variants": variants,
    "object": one_object,
    "schemas": unseen_schemas,
    "tools": tool_cases,
    "drawn": drawn_scenes,
    "labels": labelled,
}
HANDS, CERTAINTY = "hands", "certainty"
EVERYTHING = (*SETS, HANDS, CERTAINTY)
"""All that is measured: the sets of questions, pictures by other programs, and what probabilities are worth."""


def all_cases(seed: int, n: int, only: Iterable[str] = SETS) -> Iterator[Case]:
    """The cases of these sets, drawn as they are needed."""
    return chain.from_iterable(SETS[name](seed, n) for name in only)


def evaluate(
    pair: Pair,
    *,
    n: int = N,
    seed: int = SEED,
    only: Iterable[str] = EVERYTHING,
    processes: int | None = None,
    console: Console | None = None,
) -> Results:
    """Ask a pair `n` questions of each kind; on two cores 500 take eight minutes to a quarter of an hour."""
    began = time.monotonic()
    console = console or Console(stderr=True)
    chosen = tuple(only)
    with console.status("Drawing pictures for the evaluation"):
        cases = list(all_cases(seed, n, (name for name in chosen if name in SETS)))
        if HANDS in chosen:
            cases += _drawn_by_others(seed, n, console)
    columns = (TextColumn("Asking the model"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("", total=len(cases))
        replies = ask_all(pair, cases, processes=processes, progress=lambda done: bar.update(task, completed=done))
    certainty = None
    if CERTAINTY in chosen:
        with console.status("Asking how sure it is about damaged pictures"):
            certainty = measure(pair, seed, n, processes=processes)
    seconds = time.monotonic() - began
    results = Results.of(pair, zip(cases, replies, strict=True), n=n, seed=seed, seconds=seconds)
    return replace(results, certainty=certainty)


def _drawn_by_others(seed: int, n: int, console: Console) -> list[Case]:
    lacks = missing()
    if lacks:
        console.print(f"[red]Not measured: pictures by other hands.[/red] This machine lacks {', '.join(lacks)}.")
        return []
    return list(by_other_hands(seed, n))


def show(results: Results, console: Console, *, parts: bool = False) -> None:
    """The scores, the aims, and where the model in use is better; with `parts`, the parts of mixed questions too."""
    table = Table("kind", "n", "right", "95 %", "in use", title=f"{results.questions:,} questions, seed {results.seed}")
    before = aims.today()
    for row, score in results.scores.items():
        if not parts and row.startswith(_MIXED) and ": " in row:
            continue
        low, high = score.interval
        was = aims.percent(before[row]) if row in before else ""
        table.add_row(row, str(score.n), aims.percent(score.share), f"{100 * low:.1f} to {100 * high:.1f}", was)
    console.print(table)
    table = Table("aim", "wanted", "found", "", title="Aims")
    for verdict in results.verdicts:
        table.add_row(verdict.aim, verdict.wanted, verdict.found, _SIGNS[verdict.reached])
    console.print(table)
    for worse in results.worse:
        console.print(f"[red]worse[/red] {worse}")
    if results.not_measured:
        console.print(f"Not measured, of what is known of the model in use: {', '.join(results.not_measured)}")
    elif not results.worse:
        console.print("[green]The model in use is better at no kind of question.[/green]")


_MIXED = "mixed"
_SIGNS = {True: "[green]reached[/green]", False: "[red]missed[/red]", None: ""}
