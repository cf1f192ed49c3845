"""How often a proof of sight errs: the demo model, seeing and blind in every way, into docs/sight.md with --publish.

`python -m benchmarks.sight` asks some 15,000 questions on the embedded server: about a quarter of an hour on two cores.
It exits with 1 when a model that sees was called blind, or a blind one passed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.published import publish
from ollama_embedded import EmbeddedOllama
from ollama_embedded.engines.blind import BLIND
from ollama_vision import VisionModel, errors
from ollama_vision.sight import SightReport

PAGE = Path(__file__).parent.parent / "docs" / "sight.md"
FIRST_SEED = 1_000_000
"""The tests draw from 0 on: what was chosen by looking at these is not what is measured."""
SEEING = ("", "small")
"""No fault, and the one with which it sees badly."""


@dataclass
class Figures:
    """What came of so many proofs with one fault."""

    how: str
    verdicts: Counter[str] = field(default_factory=Counter)
    seems: Counter[str] = field(default_factory=Counter)
    questions: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, report: SightReport, seconds: float) -> None:
        self.verdicts[report.verdict] += 1
        self.seems[report.seems or ""] += 1
        self.questions.append(len(report.questions))
        self.seconds.append(seconds)

    @property
    def errors(self) -> int:
        """Alarms about one that sees, or blind ones that pass."""
        blind = self.verdicts["blind"]
        return blind if self.how in SEEING else self.verdicts.total() - blind

    def row(self) -> str:
        verdicts = ", ".join(f"{name} {count:,}" for name, count in self.verdicts.most_common())
        seems = ", ".join(f"{name} {count:,}" for name, count in self.seems.most_common(3) if name)
        asked = statistics.mean(self.questions)
        typical, longest = statistics.median(self.seconds), max(self.seconds)
        name = f"`{self.how}`" if self.how else "none"
        total = self.verdicts.total()
        return f"| {name} | {total:,} | {verdicts} | {seems} | {asked:.1f} | {typical:.2f} | {longest:.2f} |"


def measure(how: str, count: int) -> Figures:
    figures = Figures(how)
    with EmbeddedOllama(blind=how or None) as server, VisionModel(server.model, server.url) as model:
        model.preload()
        for seed in range(FIRST_SEED, FIRST_SEED + count):
            began = time.monotonic()
            try:
                report = model.prove_sight(seed=seed)
            except errors.BlindModelError as blind:
                report = blind.report
            figures.add(report, time.monotonic() - began)
    return figures


def table(measured: list[Figures]) -> str:
    head = "| what the model gets | proofs | verdicts | seems | questions, mean | seconds, median | longest |"
    return "\n".join([head, "|---" * 7 + "|", *(each.row() for each in measured)]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sight", description=__doc__)
    parser.add_argument("--seeing", type=int, metavar="N", default=1000, help="proofs with a model that sees")
    parser.add_argument("--blind", type=int, metavar="N", default=200, help="proofs with each fault")
    parser.add_argument("--only", nargs="*", metavar="FAULT", help="these faults; none for the model that sees")
    parser.add_argument("--publish", action="store_true", help=f"write the figures into {PAGE.name} too")
    chosen = parser.parse_args()
    faults = ["", *sorted(set(BLIND) - {"small"}), "small"]
    if chosen.only is not None:
        faults = [how for how in faults if (how or "none") in chosen.only]
    measured = []
    for how in faults:
        measured.append(measure(how, chosen.blind if how else chosen.seeing))
        print(measured[-1].row(), flush=True)
    if chosen.publish:
        publish(PAGE, "benchmarks.sight --publish", table(measured))
    return 1 if any(each.errors for each in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
