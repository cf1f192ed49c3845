"""The staircase of an eye test: which sizes it asks about, what it forgives, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from ollama_vision.sight.staircase import ENOUGH, Staircase

SIZES = (448, 320, 224, 160, 112, 80, 56, 40, 28, 20, 14, 10, 7)


def walked(is_right: Callable[[int], bool], first: int | None = None) -> Staircase:
    stairs = Staircase(SIZES, first)
    while (px := stairs.px) is not None:
        stairs.add(is_right=is_right(px))
    return stairs


@pytest.mark.parametrize("threshold", [*SIZES, 500])
@pytest.mark.parametrize("first", [None, 448, 80, 7])
def test_it_finds_the_smallest_size_that_is_told(threshold: int, first: int | None) -> None:
    stairs = walked(lambda px: px >= threshold, first)
    assert stairs.smallest == (threshold if threshold in SIZES else None)
    asked = {each.px: each.asked for each in stairs.tried}
    assert sum(asked.values()) <= 2 * ENOUGH + len(SIZES), "one size is asked about at length, or two"
    if threshold in SIZES:
        assert asked[threshold] == ENOUGH
        assert all(count <= 2 for px, count in asked.items() if px < threshold), "two wrong answers end a size"


def test_few_questions_lead_down_to_a_size() -> None:
    assert [(each.px, each.asked) for each in walked(lambda px: px >= 40).tried] == [
        *((448, 1), (224, 1), (112, 1), (56, 1), (40, ENOUGH), (28, 2)),
    ]


def test_one_slip_is_forgiven_when_24_right_answers_follow_it() -> None:
    answers = iter([True] * 7 + [False] + [True] * 60)
    stairs = walked(lambda px: next(answers) if px == 7 else True, first=7)
    (tried,) = stairs.tried
    assert (stairs.smallest, tried.right, tried.asked, tried.in_a_row) == (7, 7 + ENOUGH, 8 + ENOUGH, ENOUGH)


def test_a_second_slip_is_not() -> None:
    wrong = {5, 20}
    asked = dict.fromkeys(SIZES, 0)

    def answer(px: int) -> bool:
        asked[px] += 1
        return px != 7 or asked[px] not in wrong

    assert walked(answer, first=7).smallest == 10
    assert asked[7] == 20


def test_who_guesses_tells_no_size() -> None:
    """One of four places, by lot: 500 tests, 13 sizes each."""
    lot = Random(1)
    assert {walked(lambda _: lot.random() < 0.25).smallest for _ in range(500)} == {None}


def test_who_slips_once_in_a_hundred_is_a_step_off_at_the_most() -> None:
    lot = Random(2)
    found = [walked(lambda px: px >= 40 and lot.random() < 0.99).smallest for _ in range(1000)]
    assert found.count(40) > 900
    assert found.count(40) + found.count(56) > 985
