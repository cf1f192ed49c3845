"""Measure every client in interleaved rounds: `python benchmarks`, or `make bench`.

--quick           few rounds, the large jobs left out: under two minutes
--rounds N        how many at the most (default 9); no new one begins that would not end in time
--minutes M       how long it may take (default 9.5, with --quick 1.9)
--only A,B        these jobs alone
--publish [PAGE]  write the page and its plots too (default docs/performance.md)
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import environments
import report
from jobs import DEMO, IMPORTS, JOBS, Job
from processes import Worker, embedded_server, fake_server, run_python
from roster import OURS, ROSTER

import pictures

Rounds = dict[str, dict[str, list[dict[str, float]]]]
"""Job -> client -> its figures, one for each round."""


def main() -> None:
    arguments = _arguments()
    for name in environments.pins():
        environments.make(name)
    pictures.make()
    began = time.monotonic()
    rounds = arguments.rounds or (3 if arguments.quick else 9)
    measured: Rounds = defaultdict(lambda: defaultdict(list))
    chosen = [
        job for job in JOBS if (job.name in arguments.only if arguments.only else job.in_quick or not arguments.quick)
    ]
    folder = Path(__file__).resolve().parent / "results"
    folder.mkdir(exist_ok=True)

    def keep() -> None:
        """Write what there is: a run that is ended early has shown something too."""
        results = report.Results.of(measured, time.monotonic() - began)
        (folder / "latest.json").write_text(json.dumps(results.as_json(), indent=1), encoding="utf-8")
        (folder / "latest.txt").write_text(report.table(results), encoding="utf-8")

    ends = began + 60 * (arguments.minutes or (1.9 if arguments.quick else 9.5))
    with fake_server() as url:
        _measure(chosen, rounds, measured, url, keep, ends - (0 if arguments.only else _seconds_after(rounds)))
    if not arguments.only or "demo" in arguments.only:
        _measure_demo(min(rounds, DEMO.most_rounds), measured)
        keep()
    if not arguments.only or "start" in arguments.only:
        _measure_starts(rounds, measured)
    keep()
    print((folder / "latest.txt").read_text(encoding="utf-8"))
    plots = [str(environments.python_of("plots")), str(folder.parent / "plots.py"), str(folder / "latest.json")]
    subprocess.run(plots, check=True)
    if arguments.publish:
        report.publish(report.Results.of(measured, time.monotonic() - began), folder, arguments.publish)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    parser.add_argument("--publish", type=Path, nargs="?", const=report.PAGE)
    return parser.parse_args()


def _measure(chosen: list[Job], rounds: int, measured: Rounds, url: str, keep: Callable[[], None], ends: float) -> None:
    names = [name for name in ROSTER if any(name in job.who and not job.fresh for job in chosen)]
    workers = {name: Worker(name, url) for name in names}
    longest = 0.0
    for number in range(rounds):
        began = time.monotonic()
        if number and began + longest > ends:
            print(f"no time for round {number + 1} of {rounds}: --minutes", file=sys.stderr, flush=True)
            break
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for job in chosen:
            if number >= job.most_rounds:
                continue
            for name in _turned(job.who, number):
                if job.fresh:
                    worker = Worker(name, url)
                    measured[job.name][name].append(worker.run(job.order))
                    worker.close()
                else:
                    measured[job.name][name].append(workers[name].run(job.order))
        keep()
        longest = max(longest, time.monotonic() - began)
    for worker in workers.values():
        worker.close()


def _seconds_after(rounds: int) -> float:
    """What the demo model, the starts and the plots take after the rounds, on two cores."""
    return 15 + 9 * min(rounds, 7)


def _measure_demo(rounds: int, measured: Rounds) -> None:
    with embedded_server() as (url, model):
        workers = {name: Worker(name, url, model) for name in DEMO.who}
        for number in range(-1, rounds):  # the first is to warm up
            for name in _turned(DEMO.who, number):
                figures = workers[name].run({**DEMO.order, "salt": f"{name} {number} {time.time()}"})
                if number >= 0:
                    measured[DEMO.name][name].append(figures)
        for worker in workers.values():
            worker.close()


def _measure_starts(rounds: int, measured: Rounds) -> None:
    for number in range(min(rounds, 7)):
        for name, (before, after) in IMPORTS.items():
            code = (
                f"{before}\nimport time\ncpu, wall = time.process_time(), time.perf_counter()\n{after}\n"
                "print((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000)"
            )
            cpu, wall = map(float, run_python(ROSTER[name].environment, code).split())
            if number:  # the first fills the cache of compiled files
                measured["import"][name].append({"cpu_ms": cpu, "wall_ms": wall})
    command = environments.python_of(OURS).with_name("ollama-vision")
    for number in range(2 * min(rounds, 7) + 1):
        before_ = time.perf_counter()
        subprocess.run([str(command), "--help"], check=True, capture_output=True)
        if number:
            measured["help"][OURS].append({"wall_ms": (time.perf_counter() - before_) * 1000})
    bare: list[Any] = []
    for _ in range(5):
        before_ = time.perf_counter()
        run_python("ours", "pass")
        bare.append((time.perf_counter() - before_) * 1000)
    measured["help"]["bare-python"].append({"wall_ms": statistics.median(bare)})


def _turned(names: tuple[str, ...], number: int) -> tuple[str, ...]:
    """Another one begins each round."""
    at = number % len(names)
    return names[at:] + names[:at]


if __name__ == "__main__":
    main()
