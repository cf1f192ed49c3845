"""What one who does not see would answer, and a sequential test (Wald's SPRT) of that against one who does. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp, log

from .questions import Question
from .scenes import CORNERS, HALVES, OTHER_WAYS_ROUND, QUARTER_TURNS, Cell, Scene

Predict = Callable[[Question, Sequence[Scene]], str | tuple[str, ...] | None]
"""The answer to a question, from it and the scenes of the request before, or some that are equally likely; `None`:
whatever is his habit."""

_SLIPS: Mapping[str, float] = {"place": 0.02, "colour": 0.06, "which": 0.1, "number": 0.3, "colour in order": 0.2}
"""How often a model that sees answers wrongly all the same, by the kind of question."""
_POOR_SLIP = 0.3
_HABIT = 0.5
_LOT = 1e6
"""One who has habits, and one who answers by lot."""


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """What the model gets in place of the pictures."""

    seems: str
    predict: Predict
    slips: Mapping[str, float] = field(default_factory=lambda: _SLIPS)
    """How often an answer is another one than it should be."""
    prior: float = -2.0
    """Natural logarithm, beside that of a model that sees."""
    strength: float = _HABIT
    """Of habits: over how many answers' worth of equal chances they have to win."""


def _own(question: Question, _: Sequence[Scene]) -> str | None:
    return question.expected


def _habit(question: Question, _: Sequence[Scene]) -> str | None:
    return None


def _before(question: Question, before: Sequence[Scene]) -> str | None:
    shown = [before[min(at, len(before) - 1)] for at in range(len(question.scenes))] if before else []
    return question.answer_to(shown)


def _moved(move: Callable[[Cell], Cell]) -> Predict:
    return lambda question, _: question.answer_to([scene.moved(move) for scene in question.scenes])


def _one_of_all(at: int) -> Predict:
    return lambda question, _: question.answer_to([question.scenes[at]] * len(question.scenes))


def _half(side: Callable[[Cell], int]) -> Predict:
    """Things outside are not there, so they are guessed to be there; what is cut keeps its colour, what is inside its
    place."""
    outside = tuple(corner for corner, cell in CORNERS.items() if side(cell) < 0)

    def predict(question: Question, _: Sequence[Scene]) -> str | tuple[str, ...] | None:
        left = [
            replace(scene, things=tuple(thing for thing in scene.things if side(thing.cell) >= 0))
            for scene in question.scenes
        ]
        guess = outside if question.kind == "place" else None
        return question.answer_to(left) or guess

    return predict


_EXCHANGED = {"red": "blue", "blue": "red", "green": "green"}
"""What is left of the colours when red and blue are exchanged, as far as it has a name among the labels."""


def _swapped(question: Question, _: Sequence[Scene]) -> str | None:
    scenes = [
        replace(
            scene,
            things=tuple(replace(each, colour=_EXCHANGED.get(each.colour, "other")) for each in scene.things),
        )
        for scene in question.scenes
    ]
    return question.answer_to(scenes)


SEES = Hypothesis("sees", _own, prior=0.0)
SEES_BADLY = Hypothesis("sees badly", _own, slips=dict.fromkeys(_SLIPS, _POOR_SLIP), prior=-2.0)
BLIND: tuple[Hypothesis, ...] = (
    Hypothesis("nothing", _habit, prior=-0.5),
    Hypothesis("nothing", _habit, prior=-1.0, strength=_LOT),
    Hypothesis("stale", _before),
    Hypothesis("first", _one_of_all(0)),
    Hypothesis("last", _one_of_all(-1)),
    Hypothesis("swapped colours", _swapped),
    *(Hypothesis("turned", _moved(move)) for move in (*QUARTER_TURNS, *OTHER_WAYS_ROUND)),
    *(Hypothesis("part", _half(side), prior=-3.0) for side in HALVES),
)
"""Of a black, grey or noisy picture, of few pixels and of words in a picture's place nothing else can be told than of
none: the answers are habits. What the server counts tells them apart, as far as they can be: see `Proof`."""


class Beliefs:
    """How well each hypothesis explains the answers so far."""

    def __init__(self) -> None:
        self._scores = {hypothesis: hypothesis.prior for hypothesis in (SEES, SEES_BADLY, *BLIND)}
        self._habits: dict[tuple[str, ...], Counter[str]] = {}
        self._before: Sequence[Scene] = ()

    def add(self, question: Question, answer: str | None) -> None:
        """An answer; one that cannot be read says nothing."""
        if answer is not None:
            for hypothesis in self._scores:
                self._scores[hypothesis] += log(self._chances(hypothesis, question)[answer])
            self._habits.setdefault(_kind(question), Counter())[answer] += 1
        self._before = question.scenes

    @property
    def seeing(self) -> Hypothesis:
        return self._best((SEES, SEES_BADLY))

    @property
    def blind(self) -> Hypothesis:
        return self._best(BLIND)

    @property
    def margin(self) -> float:
        """By how much it is better explained by sight than by blindness: the logarithm of a likelihood ratio."""
        return self._scores[self.seeing] - self._scores[self.blind]

    def most_telling(self, candidates: Iterable[Question]) -> Question:
        """The question whose answer is expected to tell most between sight and blindness."""
        return max(candidates, key=self._divergence)

    def _best(self, hypotheses: Iterable[Hypothesis]) -> Hypothesis:
        return max(hypotheses, key=self._scores.__getitem__)

    def _divergence(self, question: Question) -> float:
        """How far the answers of one who sees and of one who does not lie apart (Jeffreys' divergence)."""
        sees, blind = self._chances(SEES, question), self._chances(self.blind, question)
        return sum((sees[label] - blind[label]) * log(sees[label] / blind[label]) for label in question.labels)

    def _chances(self, hypothesis: Hypothesis, question: Question) -> Mapping[str, float]:
        """How probable each label is."""
        labels = question.labels
        predicted = hypothesis.predict(question, self._before)
        if predicted is None:
            habit = self._habits.get(_kind(question), Counter())
            total = hypothesis.strength + habit.total()
            return {label: (hypothesis.strength / len(labels) + habit[label]) / total for label in labels}
        slip = hypothesis.slips[question.kind]
        likely = (predicted,) if isinstance(predicted, str) else predicted
        other = slip / (len(labels) - len(likely))
        return {label: (1 - slip) / len(likely) if label in likely else other for label in labels}


def _kind(question: Question) -> tuple[str, ...]:
    return (question.kind, *question.labels)


def probability(margin: float) -> float:
    """Of sight, from the logarithm of the ratio."""
    return 1 / (1 + exp(-margin))
