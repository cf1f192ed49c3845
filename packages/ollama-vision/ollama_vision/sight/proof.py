"""Proof of sight, sans-I/O: which question comes next, and what the answers so far prove."""

from __future__ import annotations

from .hypotheses import SEES, Beliefs
from .questions import Lot, Question
from .report import Verdict

MOST_QUESTIONS = 12
_FIRST = 4
_BLIND_BELOW = -8.0
_SEES_ABOVE = 6.0
"""Of the margin: where a question more would not change the verdict."""
_ENOUGH_ANSWERS = 3
"""Answers that are labels; a model that gives fewer answers no questions."""


class Proof:
    """One proof: ask `next_question`, `add` its answer, until there is none; then look at `verdict`.

    Args:
        seed: draws the questions.
        first: how many right answers at the beginning are enough: 4; or 1, which is a canary.
    """

    def __init__(self, seed: int, first: int = _FIRST) -> None:
        self._lot = Lot(seed)
        drawn = self._lot.first_questions()
        self._first = drawn if first == _FIRST else [self._lot.any_of_first()]
        self._beliefs = Beliefs()
        self._pairs = True
        self.asked: list[tuple[Question, str, str | None]] = []
        """Each question with the answer as it was given, and the label that it is, if it is one."""

    def next_question(self) -> Question | None:
        """What to ask now; `None` when the verdict is there."""
        if len(self.asked) < len(self._first):
            return self._first[len(self.asked)]
        if self._all_right or len(self.asked) >= MOST_QUESTIONS:
            return None
        if len(self.asked) >= _FIRST:
            if not self._answers or (len(self.asked) >= 2 * _FIRST and len(self._answers) < _ENOUGH_ANSWERS):
                return None
            if not _BLIND_BELOW < self._beliefs.margin < _SEES_ABOVE:
                return None
        candidates = [each for each in self._lot.candidates() if self._pairs or len(each.scenes) == 1]
        answered = {question.labels: answer is not None for question, _, answer in self.asked}
        readable = [each for each in candidates if answered.get(each.labels, True)]
        return self._beliefs.most_telling(readable or candidates)

    def leave_out_pairs(self) -> None:
        """The model takes one picture only: what asks about two makes way for the same about one."""
        self._pairs = False
        left = [question for question in self._first if len(question.scenes) == 1]
        self._first = [*left, self._lot.number(), self._lot.colour()][: len(self._first)]

    def add(self, question: Question, text: str) -> None:
        """An answer as it was given."""
        answer = question.read(text)
        self.asked.append((question, text, answer))
        self._beliefs.add(question, answer)

    @property
    def verdict(self) -> Verdict:
        """`sees`, `sees badly`, `blind` or `unclear`."""
        if self._all_right:
            return "sees"
        if len(self._answers) < _ENOUGH_ANSWERS:
            return "unclear"
        if self._beliefs.margin < 0:
            return "blind"
        return "sees" if self._beliefs.seeing is SEES else "sees badly"

    @property
    def seems(self) -> str | None:
        """What it seems to get in place of the pictures; `None` for one that sees."""
        verdict = self.verdict
        if verdict == "blind":
            return self._beliefs.blind.seems
        return "unclear" if verdict == "unclear" else None

    def word(self) -> tuple[str, int]:
        """A word for a model that answers no questions, and the number of its picture."""
        return self._lot.word()

    @property
    def _answers(self) -> list[str]:
        return [answer for _, _, answer in self.asked if answer is not None]

    @property
    def _all_right(self) -> bool:
        return len(self.asked) >= len(self._first) and all(
            answer == question.expected for question, _, answer in self.asked
        )
