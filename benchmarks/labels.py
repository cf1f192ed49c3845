"""How good a choice's label and its probabilities are: the demo model, into docs/how-to/choose.md with --publish.

`python -m benchmarks.labels` has the demo model choose among labels for 500 clean scenes of each kind of question, and
for as many damaged ones (an eighth to a half of the size, noise, .7 to .3 of the light). On these it says how well a
probability ranks right before wrong (AUC), and how far it is from how often the label is right (the expected
calibration error over ten bins), as the model tells it and by a temperature that was fitted on other pictures. Five
minutes on two cores. Exits with 1 when a figure misses its aim.
"""

from __future__ import annotations

import argparse
import io
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

from benchmarks.published import publish
from ollama_embedded import EmbeddedOllama, Shape, draw_scene
from ollama_embedded.scenes import COLOURS, KINDS, random_shapes
from ollama_vision import VisionModel
from ollama_vision.batch.comparing.calibrating import best_temperature
from ollama_vision.batch.comparing.statistics import Bin, brier, calibration_error, reliability
from training.evaluation.certainty import auc, damaged

PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "choose.md"
SEED = 2026
"""The demo model's own evaluation has another one."""
FOLDS = 5
MOST_BRIER, LEAST_AUC, MOST_ERROR = 0.02, 0.9, 0.05

Asked = tuple[str, tuple[str, ...], str]
"""A question, its labels and the right one."""


def _colour(shapes: Sequence[Shape], random: Random) -> Asked:
    return f"What color is the {shapes[0].kind}?", tuple(COLOURS), shapes[0].colour


def _kind(shapes: Sequence[Shape], random: Random) -> Asked:
    return f"What shape is the {shapes[0].colour} object?", KINDS, shapes[0].kind


def _there(shapes: Sequence[Shape], random: Random) -> Asked:
    thing = random.choice([str(shapes[0]), f"{random.choice(tuple(COLOURS))} {random.choice(KINDS)}"])
    article = "an" if thing[0] in "aeiou" else "a"
    return f"Is there {article} {thing}?", ("yes", "no"), "yes" if thing in map(str, shapes) else "no"


def _count(shapes: Sequence[Shape], random: Random) -> Asked:
    return "How many shapes are there?", ("1", "2", "3", "4"), str(len(shapes))


QUESTIONS: dict[str, tuple[Callable[[Sequence[Shape], Random], Asked], float]] = {
    "colour": (_colour, 0.99),
    "kind": (_kind, 0.99),
    "is there one": (_there, 0.99),
    "how many": (_count, 0.95),
}
"""What is asked, and how much of it is to be right of clean scenes."""


@dataclass(frozen=True)
class Answer:
    labels: tuple[str, ...]
    true: str
    probabilities: dict[str, float]

    @property
    def surest(self) -> tuple[float, bool]:
        """The most probable label's probability, and whether it is right."""
        label = max(self.probabilities, key=self.probabilities.__getitem__)
        return self.probabilities[label], label == self.true

    @property
    def logs(self) -> tuple[tuple[float, ...], int]:
        """As a calibration is fitted to it."""
        logs = tuple(math.log(max(self.probabilities[label], 1e-300)) for label in self.labels)
        return logs, self.labels.index(self.true)

    def at(self, temperature: float) -> Answer:
        weights = [math.exp((log - max(self.logs[0])) / temperature) for log in self.logs[0]]
        shares = [weight / math.fsum(weights) for weight in weights]
        return Answer(self.labels, self.true, dict(zip(self.labels, shares, strict=True)))


def scenes(kind: str, count: int) -> Iterator[tuple[Asked, Image.Image, Random]]:
    """Scenes of one to four shapes, the one that is asked about told from the others by its kind and by its colour."""
    ask, _ = QUESTIONS[kind]
    random = Random(f"{SEED} {kind}")
    while count:
        shapes = random_shapes(random, random.choice((1, 2, 3, 4)))
        first, *others = shapes
        if any(first.kind == other.kind or first.colour == other.colour for other in others):
            continue
        count -= 1
        yield ask(shapes, random), draw_scene(*shapes), random


def answers(url: str, name: str, kind: str, count: int, *, damage: bool) -> list[Answer]:
    model = VisionModel(name, url)

    def choose(asked: Asked, picture: Image.Image) -> Answer:
        question, labels, true = asked
        file = io.BytesIO()
        picture.save(file, "PNG")
        choice = model.choose(question, labels, file.getvalue())
        assert choice.probabilities is not None
        return Answer(labels, true, dict(choice.probabilities))

    with ThreadPoolExecutor(2) as pool:
        waiting = [
            pool.submit(choose, asked, damaged(picture, random) if damage else picture)
            for asked, picture, random in scenes(kind, count)
        ]
        return [each.result() for each in waiting]


def calibrated(told: Sequence[Answer]) -> list[Answer]:
    """Each by the temperature that the other four fifths have the highest likelihood at."""
    temperatures = [
        best_temperature([answer.logs for index, answer in enumerate(told) if index % FOLDS != fold])
        for fold in range(FOLDS)
    ]
    return [answer.at(temperatures[index % FOLDS]) for index, answer in enumerate(told)]


def bins_of(told: Sequence[Answer]) -> list[Bin]:
    return reliability([answer.surest for answer in told])


def share_right(told: Sequence[Answer]) -> float:
    return sum(answer.surest[1] for answer in told) / len(told)


def ranked(told: Sequence[Answer]) -> float | None:
    """The chance that a right label is a surer one than a wrong one."""
    surest = [answer.surest for answer in told]
    return auc([share for share, right in surest if right], [share for share, right in surest if not right])


class Figures:
    """All that was measured; `missed` names the figures that are short of their aim."""

    def __init__(self, clean: dict[str, list[Answer]], worn: dict[str, list[Answer]]) -> None:
        self.clean, self.worn = clean, worn
        self.after = {kind: calibrated(told) for kind, told in worn.items()}
        self.missed: list[str] = []

    def text(self) -> str:
        return "\n\n".join(("\n".join(self._clean()), "\n".join(self._worn()), "\n".join(self._curve())))

    def _aim(self, what: str, figure: float | None, reached: bool) -> str:
        told = "none" if figure is None else f"{figure:.3f}"
        if not reached:
            self.missed.append(f"{what}: {told}")
        return told

    def _clean(self) -> Iterator[str]:
        yield "| clean scenes | n | label right | Brier score |"
        yield "| --- | --- | --- | --- |"
        for kind, told in self.clean.items():
            share, score = share_right(told), brier((each.probabilities, each.true) for each in told)
            right = self._aim(f"{kind}, right", share, share >= QUESTIONS[kind][1])
            yield f"| {kind} | {len(told):,} | {right} | {self._aim(f'{kind}, Brier', score, score <= MOST_BRIER)} |"

    def _worn(self) -> Iterator[str]:
        yield "| damaged pictures | n | label right | AUC | error as told | error after calibration |"
        yield "| --- | --- | --- | --- | --- | --- |"
        together = [each for told in self.worn.values() for each in told]
        after = [each for told in self.after.values() for each in told]
        rows = {**{kind: (told, self.after[kind]) for kind, told in self.worn.items()}, "all": (together, after)}
        for kind, (told, put_right) in rows.items():
            ranks = ranked(told)
            area = self._aim(f"{kind}, AUC", ranks, ranks is None or ranks >= LEAST_AUC)
            before, then = (calibration_error(bins_of(each)) for each in (told, put_right))
            error = self._aim(f"{kind}, error after calibration", then, then <= MOST_ERROR)
            yield f"| {kind} | {len(told):,} | {share_right(told):.3f} | {area} | {before:.3f} | {error} |"

    def _curve(self) -> Iterator[str]:
        yield "| probability of the label | as told: n | right | after calibration: n | right |"
        yield "| --- | --- | --- | --- | --- |"
        told, after = (
            bins_of([each for kind in answers.values() for each in kind]) for answers in (self.worn, self.after)
        )
        for before, then in zip(told, after, strict=True):
            cells = (f"{each.n:,} | {each.accuracy:.2f}" if each.n else "0 | " for each in (before, then))
            yield f"| {before.low:.1f} to {before.high:.1f} | {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels", description=__doc__)
    parser.add_argument("--n", type=int, default=500, help="pictures of each kind of question, clean and damaged")
    parser.add_argument("--publish", action="store_true", help=f"write the figures into {PAGE.name} too")
    chosen = parser.parse_args()
    clean, worn = {}, {}
    with EmbeddedOllama(num_parallel=2) as server:
        for kind in QUESTIONS:
            clean[kind] = answers(server.url, server.model, kind, chosen.n, damage=False)
            worn[kind] = answers(server.url, server.model, kind, chosen.n, damage=True)
            print(f"{kind}: asked", file=sys.stderr)
    figures = Figures(clean, worn)
    text = figures.text()
    print(text)
    if chosen.publish:
        publish(PAGE, "benchmarks.labels --publish", text)
    for missed in figures.missed:
        print(f"missed: {missed}", file=sys.stderr)
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
