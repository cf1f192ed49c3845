"""The sequential test, without a server: who answers how, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import pytest

from ollama_vision.sight.proof import MOST_QUESTIONS, Proof
from ollama_vision.sight.questions import Question
from ollama_vision.sight.scenes import OTHER_WAYS_ROUND, QUARTER_TURNS, Scene

Answer = Callable[[Question, Sequence[Scene]], str]
"""An answer to a question, from it and the scenes of the one before."""
MANY = range(100)


def run(answer: Answer, seed: int, first: int = 4) -> Proof:
    proof = Proof(seed, first)
    before: Sequence[Scene] = ()
    while (question := proof.next_question()) is not None:
        proof.add(question, answer(question, before))
        before = question.scenes
    assert len(proof.asked) <= MOST_QUESTIONS
    return proof


def habit(question: Question) -> str:
    """What one says who sees nothing: the same to the same words."""
    return Random(question.text).choice(question.labels)


def sees(question: Question, _: Sequence[Scene]) -> str:
    return question.expected


def with_scenes(change: Callable[[Question, Sequence[Scene]], Sequence[Scene]]) -> Answer:
    def answer(question: Question, before: Sequence[Scene]) -> str:
        return question.answer_to(change(question, before)) or habit(question)

    return answer


def upper_half(question: Question, _: Sequence[Scene]) -> str:
    """What is not in it he guesses to be below, which is right every other time; of circles he sees two at most."""
    if question.kind == "number":
        return "2"
    seen = [
        replace(scene, things=tuple(each for each in scene.things if each.cell[0] < 2)) for scene in question.scenes
    ]
    below = Random(question.scenes[0].nonce).choice(("bottom left", "bottom right"))
    return question.answer_to(seen) or (below if question.kind == "place" else habit(question))


LOTTERIES = ("habits", "by lot")
"""Other words, other habits: between the questions about different things these are drawn by lot, too."""
BLIND: dict[str, tuple[str, Answer]] = {
    "habits": ("nothing", lambda question, _: habit(question)),
    "by lot": ("nothing", lambda question, _: Random(question.scenes[0].nonce).choice(question.labels)),
    "upper half": ("part", upper_half),
    "before": ("stale", with_scenes(lambda question, before: before or question.scenes)),
    "first": ("first", with_scenes(lambda question, _: [question.scenes[0]] * len(question.scenes))),
    "last": ("last", with_scenes(lambda question, _: [question.scenes[-1]] * len(question.scenes))),
    **{
        f"moved {number}": (
            "turned",
            with_scenes(lambda question, _, move=move: [scene.moved(move) for scene in question.scenes]),  # type: ignore[misc]
        )
        for number, move in enumerate((*QUARTER_TURNS, *OTHER_WAYS_ROUND))
    },
}


@pytest.mark.parametrize("seed", MANY)
def test_who_sees_is_asked_four_questions(seed: int) -> None:
    proof = run(sees, seed)
    assert (proof.verdict, proof.seems, len(proof.asked)) == ("sees", None, 4)


@pytest.mark.parametrize("seed", MANY)
def test_a_single_slip_is_no_blindness(seed: int) -> None:
    slips = iter([seed % 4 == at for at in range(4)] + [False] * MOST_QUESTIONS)

    def slip(question: Question, _: Sequence[Scene]) -> str:
        wrong = next(label for label in question.labels if label != question.expected)
        return wrong if next(slips) else question.expected

    proof = run(slip, seed)
    assert proof.verdict == "sees"
    assert len(proof.asked) > 4


@pytest.mark.parametrize("who", BLIND)
def test_who_does_not_see_never_passes(who: str) -> None:
    seems, answer = BLIND[who]
    proofs = [run(answer, seed) for seed in MANY]
    passed = sum(proof.verdict != "blind" for proof in proofs)
    assert passed <= (5 if who in LOTTERIES else 0)  # which is won at times
    named = sum(proof.seems == seems for proof in proofs)
    assert named >= 0.8 * len(MANY), [proof.seems for proof in proofs]


@pytest.mark.parametrize("text", ["", "I cannot see any picture.", "red green blue"])
def test_answers_that_are_no_labels_are_unclear(text: str) -> None:
    proof = run(lambda question, _: text, 1)
    assert (proof.verdict, proof.seems) == ("unclear", "unclear")
    assert len(proof.asked) == 4


@pytest.mark.parametrize("seed", MANY)
def test_one_who_always_says_red_is_blind(seed: int) -> None:
    """Also where no schema holds him, and most of his answers are none of the labels."""
    proof = run(lambda question, _: "Red.", seed)
    assert proof.verdict == "blind"


def test_who_is_right_two_times_of_three_sees_badly() -> None:
    def poor(question: Question, _: Sequence[Scene]) -> str:
        dice = Random(question.scenes[0].nonce)
        return question.expected if dice.random() < 0.67 else dice.choice(question.labels)

    verdicts = [run(poor, seed).verdict for seed in MANY]
    assert verdicts.count("blind") <= 10
    assert "sees badly" in verdicts


@pytest.mark.parametrize("seed", MANY)
def test_a_canary_is_one_question_where_all_is_well(seed: int) -> None:
    assert len(run(sees, seed, first=1).asked) == 1
    for who in BLIND.keys() - set(LOTTERIES):
        proof = run(BLIND[who][1], seed, first=1)
        assert proof.verdict == "blind" or len(proof.asked) == 1  # a guess that was right


@pytest.mark.parametrize("seed", MANY)
def test_a_model_that_takes_one_picture_is_asked_about_one(seed: int) -> None:
    proof = Proof(seed)
    while (question := proof.next_question()) is not None:
        if len(question.scenes) == 2:
            proof.leave_out_pairs()
        else:
            proof.add(question, question.expected)
    assert (proof.verdict, len(proof.asked)) == ("sees", 4)
