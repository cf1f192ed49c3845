"""This checkout beside an earlier commit of it, in interleaved rounds: is any row worse?

    python benchmarks/against.py COMMIT [--rounds N] [--only A,B]

The earlier one gets a work tree and an environment of its own under `benchmarks/.envs`, and may be from before the two
distributions, when everything was at its root. A ratio is ours over theirs within one round, its median over the
rounds; rows that have no figure in both are left out. Needs git.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import environments
from jobs import DEMO, JOBS, Job
from processes import Worker, embedded_server, fake_server, run_start
from roster import EARLIER, EARLIER_PREPARED, OURS, PREPARED

import pictures

PAIRS = {OURS: EARLIER, PREPARED: EARLIER_PREPARED}
SHOWN = ("cpu_ms", "wall_ms", "stall_ms", "grown_mb")
STARTS = {
    "ask": ["-m", "ollama_vision", "ask", "--host", "{url}", "--model", "fake", "{picture}", "answer"],
    "describe": [
        *("-m", "ollama_vision", "describe", "--host", "{url}", "--model", "fake", "{picture}"),
        *("--prompt", "answer", "--out", "-", "{unproven}"),
    ],
    "models": ["-m", "ollama_vision", "models", "--host", "{url}"],
    "export": ["-m", "ollama_vision", "export", "{results}", "-"],
    "help": ["-m", "ollama_vision", "--help"],
    "import": ["-c", "from llama_index.multi_modal_llms.ollama import OllamaMultiModal"],
    "import-core": ["-c", "import llama_index.core"],
}
"""Whole processes; what importing the class costs over its framework is the difference of the last two."""
_LINE = {
    **{"path": "a.jpg", "page": None, "pages": None, "size": 1, "modified": "2026-11-29T00:00:00+00:00"},
    **{"text": "A cat.", "fields": None, "error": None, "finish_reason": "stop", "model": "fake", "usage": {}},
    "request": "0",
}
Ratios = dict[tuple[str, str, str], list[tuple[float, float]]]
"""Job, client and figure -> ours and theirs, one pair for each round."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    arguments = parser.parse_args()
    prepare(arguments.commit)
    chosen = [job for job in JOBS if set(job.who) & set(PAIRS) and (not arguments.only or job.name in arguments.only)]
    measured: Ratios = defaultdict(list)
    with fake_server() as url:
        _measure([replace(job, who=()) if job.fresh else job for job in chosen], arguments.rounds, measured, url)
        for number in range(min(arguments.rounds, 3)):
            for job in (job for job in chosen if job.fresh):
                for name in set(job.who) & set(PAIRS):
                    _pair(job, name, number, measured, partial(_fresh, url=url, order=job.order))
    if not arguments.only or "demo" in arguments.only:
        with embedded_server() as (url, model):
            _measure([DEMO], min(arguments.rounds, 5), measured, url, model)
    if not arguments.only or {"start", *STARTS} & set(arguments.only):
        _measure_starts(arguments.rounds, measured, arguments.only)
    print(_table(measured))


def prepare(commit: str) -> None:
    sha = subprocess.run(
        ["git", "rev-parse", "--short", commit], cwd=environments.PROJECT, check=True, capture_output=True, text=True
    ).stdout.strip()
    tree = environments.HOME / f"tree-{sha}"
    if not tree.is_dir():
        subprocess.run(["git", "worktree", "add", "--detach", str(tree), sha], cwd=environments.PROJECT, check=True)
    environments.make(OURS)
    environments.make(EARLIER, environments.pins_of(OURS, tree))
    pictures.make()


def _measure(chosen: list[Job], rounds: int, measured: Ratios, *address: str) -> None:
    names = [name for name in PAIRS if any(name in job.who for job in chosen)]
    workers = {each: Worker(each, *address) for name in names for each in (name, PAIRS[name])}
    for number in range(-1, rounds):  # the first is to warm up
        for job in chosen:
            for name in (name for name in names if name in job.who and number < job.most_rounds):
                salt = {"salt": f"{number} {time.time()}"} if job is DEMO else {}
                into = measured if number >= 0 else defaultdict(list)
                _pair(job, name, number, into, partial(_run, workers, {**job.order, **salt}))
    for worker in workers.values():
        worker.close()


def _run(workers: dict[str, Worker], order: dict[str, Any], name: str) -> dict[str, float]:
    return workers[name].run(order)


def _fresh(name: str, url: str, order: dict[str, Any]) -> dict[str, float]:
    worker = Worker(name, url)
    try:
        return worker.run(order)
    finally:
        worker.close()


def _pair(job: Job, name: str, number: int, measured: Ratios, run: Callable[[str], dict[str, float]]) -> None:
    turn = (name, PAIRS[name])
    figures = {each: run(each) for each in (turn if number % 2 else turn[::-1])}
    for figure in SHOWN:
        if figure in figures[name] and figure in figures[PAIRS[name]]:
            measured[job.name, name, figure].append((figures[name][figure], figures[PAIRS[name]][figure]))


def _measure_starts(rounds: int, measured: Ratios, only: Sequence[str]) -> None:
    with fake_server() as url, TemporaryDirectory() as folder:
        results = Path(folder) / "results.jsonl"
        results.write_text(json.dumps(_LINE) + "\n", encoding="utf-8")
        given = {"url": url, "picture": pictures.paths("1mp")[0], "results": results}
        for name in set(STARTS) & set(only) or STARTS:
            words = {
                each: [made for word in STARTS[name] if (made := word.format(**given, unproven=unproven))]
                for each, unproven in ((OURS, "--no-sight-check"), (EARLIER, ""))
            }
            for number in range(-1, rounds):  # the first writes bytecode
                turn = (OURS, EARLIER) if number % 2 else (EARLIER, OURS)
                took = {each: run_start(each, words[each]) for each in turn}
                for figure in took[OURS] if number >= 0 else ():
                    measured[name, OURS, figure].append((took[OURS][figure], took[EARLIER][figure]))


def _table(measured: Ratios) -> str:
    lines = [f"{'job':<18}{'client':<15}{'figure':<10}{'ours':>10}{'earlier':>10}{'ratio':>8}{'least':>8}"]
    for (job, name, figure), pairs in measured.items():
        ours, theirs = zip(*pairs, strict=True)
        ratio = median(one / other for one, other in pairs if other)
        least = min(ours) / min(theirs) if min(theirs) else float("nan")
        lines.append(
            f"{job:<18}{name:<15}{figure:<10}{median(ours):>10.3f}{median(theirs):>10.3f}{ratio:>8.2f}{least:>8.2f}"
        )
    return "\n".join([*lines, "least: the smallest of ours over the smallest of theirs"])


if __name__ == "__main__":
    main()
