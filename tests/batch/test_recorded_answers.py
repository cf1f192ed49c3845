"""Lines of results.jsonl as answers, those that somebody wrote by hand too."""

from __future__ import annotations

from typing import Any

import pytest

from ollama_vision.batch import RecordedAnswer
from ollama_vision.batch.results.recorded_answer import usage_in

LINE = {"path": "a.png", "page": None, "pages": None, "size": 1, "modified": 1.0, "text": "red", "error": None}


def answer(**more: Any) -> RecordedAnswer:
    return RecordedAnswer.of({**LINE, **more})


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1, "3", None, [3], 1e300])
def test_a_number_that_is_none_counts_as_not_said(seconds: Any) -> None:
    assert answer(seconds=seconds).seconds is None
    assert answer(seconds=2).seconds == 2.0


@pytest.mark.parametrize("odd", [None, [], "much", 7, {"total_tokens": "7"}])
def test_so_does_a_usage_that_is_none(odd: Any) -> None:
    assert answer(usage=odd).tokens is None
    assert usage_in({"usage": odd}) == {}
    assert answer(usage={"total_tokens": 7}).tokens == 7


@pytest.mark.parametrize("odd", [None, [], "red", {"red": "much"}, {"red": float("nan")}])
def test_and_probabilities_that_are_none(odd: Any) -> None:
    told = answer(choice={"label": "red", "probabilities": odd}, confidence=odd)
    assert told.probabilities is None
    assert told.confidence == {}
    assert told.certainty("label") is None
    assert told.certainty("fields.colour") is None


def test_what_it_says_of_a_column() -> None:
    told = answer(fields={"a.b": 1, "a": {"b": 2, "c": {"d": 3}}, "e": [4]}, confidence={"a.c.d": 0.5})
    assert [told.answer(f"fields.{name}") for name in ("a.b", "a.c.d", "a.x", "e.0", "x")] == [1, 3, None, None, None]
    assert told.answer("a.c.d") == 3
    assert told.certainty("fields.a.c.d") == 0.5
    assert (told.answer("text"), told.answer("label")) == ("red", "red")
    assert answer(choice={"label": "blue"}).answer("label") == "blue"
    assert answer(fields=["red"]).answer("fields.colour") is None


def test_an_error_without_a_name_is_one() -> None:
    assert answer(error={}).error == "Error"
    assert answer(error={"type": "ImageError"}).error == "ImageError"
    assert answer().error is None
