"""Whether a probability means something: on damaged pictures, is it higher where the answer is right?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np
from PIL import Image

from ollama_embedded.scenes import COLOURS, KINDS, draw_scene, random_shapes
from training.evaluation.asking import Pair, ask_all
from training.evaluation.cases import Case, Picture, one_turn
from training.evaluation.labels import labels_line
from training.evaluation.scoring import Json, Reply
from training.evaluation.sets import seeded
from training.questions.answers import article

_ROW = "certainty"


@dataclass(frozen=True)
class Certainty:
    """Of `n` answers about damaged pictures `right` were right; the chance that a right one is the surer one."""

    n: int
    right: int
    auc: float | None
    """None where all are right, or none."""


@dataclass(frozen=True)
class Doubtful:
    """A question about a damaged picture, its labels, and the right one's number."""

    question: str
    labels: Sequence[str]
    right: int
    picture: Picture

    def cases(self) -> Iterator[Case]:
        """One for each label, which the answer is held to."""
        turns = one_turn(f"{self.question}\n{labels_line(self.labels)}", self.picture)
        for label in self.labels:
            yield Case((_ROW,), turns, Json(label), {"format": {"const": label}, "logprobs": True})


def doubtful(seed: int, n: int) -> Iterator[Doubtful]:
    """Pictures at a half, a quarter and an eighth, with noise of .1 to .4 of the range, at .7 to .3 of the light."""
    rng = seeded(seed, _ROW)
    for number in range(n):
        shapes = random_shapes(rng, rng.choice((1, 1, 2, 3)))
        picture = Picture.of(damaged(draw_scene(*shapes), rng))
        shape = rng.choice(shapes)
        kind = ("colour", "kind", "there")[number % 3]
        if kind == "colour":
            alone = [each for each in shapes if sum(other.kind == each.kind for other in shapes) == 1]
            if alone:
                shape = alone[0]
                labels = tuple(COLOURS)
                yield Doubtful(f"What color is the {shape.kind}?", labels, labels.index(shape.colour), picture)
                continue
        if kind == "kind":
            alone = [each for each in shapes if sum(other.colour == each.colour for other in shapes) == 1]
            if alone:
                shape = alone[0]
                question = f"What shape is the {shape.colour} object?"
                yield Doubtful(question, KINDS, KINDS.index(shape.kind), picture)
                continue
        thing = str(shape) if rng.random() < 0.5 else f"{rng.choice(tuple(COLOURS))} {rng.choice(KINDS)}"
        there = thing in map(str, shapes)
        yield Doubtful(f"Is there {article(thing)}?", ("yes", "no"), 0 if there else 1, picture)


def damaged(picture: Image.Image, rng: Random) -> Image.Image:
    factor = rng.choice((0.5, 0.25, 0.125))
    small = picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(rng.randrange(2**31)).normal(0, rng.uniform(0.1, 0.4) * 255, (*small.size[::-1], 3))
    pixels = np.asarray(small) * rng.uniform(0.3, 0.7) + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def measure(
    pair: Pair, seed: int, n: int, *, processes: int | None = None, progress: Callable[[int], None] = lambda done: None
) -> Certainty:
    questions = list(doubtful(seed, n))
    cases = [case for question in questions for case in question.cases()]
    replies = ask_all(pair, cases, processes=processes, progress=progress)
    return judged(questions, replies)


def judged(questions: Sequence[Doubtful], replies: Sequence[Reply]) -> Certainty:
    """`replies` are to each label of each question, in their order."""
    ends = [0]
    for question in questions:
        ends.append(ends[-1] + len(question.labels))
    told = []
    for question, (start, end) in zip(questions, pairwise(ends), strict=True):
        shares = probabilities([reply.log_probability for reply in replies[start:end]])
        best = max(range(len(shares)), key=shares.__getitem__)
        told.append((best == question.right, shares[best]))
    right, wrong = ([share for ok, share in told if ok is is_right] for is_right in (True, False))
    return Certainty(len(told), len(right), auc(right, wrong))


def probabilities(logs: Sequence[float]) -> list[float]:
    """Of labels among themselves."""
    if any(math.isnan(each) for each in logs):
        raise ValueError("a reply told no log probabilities of its label")
    highest = max(logs)
    shares = [math.exp(each - highest) for each in logs]
    return [share / sum(shares) for share in shares]


def auc(right: Sequence[float], wrong: Sequence[float]) -> float | None:
    """How often one of the first is above one of the second; equal ones count a half."""
    if not right or not wrong:
        return None
    above = sum((a > b) + (a == b) / 2 for a in right for b in wrong)
    return above / (len(right) * len(wrong))
