"""The advice of an eye test: what is lost as pictures are sent by default, and the flags with which it is not."""

from __future__ import annotations

from typing import Any, Literal

from ollama_vision.sight.eye_advice import advice_on
from ollama_vision.sight.eye_report import Acuity, EyeLevel
from ollama_vision.sight.staircase import Tried


def level(
    detail: Literal["low", "auto", "high"], things: int | None, letters: int | None, tokens: int, **more: Any
) -> EyeLevel:
    return EyeLevel(detail, Acuity(things), None if letters == 0 else Acuity(letters), tokens, 1.0, **more)


LOW, AUTO, HIGH = level("low", 28, 40, 400), level("auto", 20, 28, 1300), level("high", 20, 14, 4100)


def test_letters_that_are_lost_are_named_with_the_flag_that_helps() -> None:
    assert advice_on("m", (LOW, AUTO, HIGH), None) == (
        "With m, at auto, letters of 14 px of the original are lost; use --detail high (about 4,100 tokens, not 1,300)."
    )


def test_tiles_are_advised_where_they_tell_more_than_high() -> None:
    tiles = level("auto", 10, 10, 9100, tiles=True)
    assert advice_on("m", (LOW, AUTO, HIGH), tiles).split(". ") == [
        "With m, at auto, things of 10 px of the original are lost; use --tiles auto (about 9,100 tokens, not 1,300)",
        "At auto, letters of 14 px of the original are lost; use --detail high (about 4,100 tokens, not 1,300)",
        "At high, letters of 10 px of the original are lost; use --tiles auto (about 9,100 tokens, not 4,100).",
    ]


def test_the_cheaper_of_two_ways_is_advised() -> None:
    tiles = level("auto", 20, 14, 2000, tiles=True)
    said = advice_on("m", (LOW, AUTO, HIGH), tiles)
    assert "use --tiles auto" in said
    assert "--detail high" not in said


def test_who_cannot_read_is_told_of_things_alone() -> None:
    levels = (level("low", 56, 0, 400), level("auto", 28, 0, 1300), level("high", 14, 0, 4100))
    said = advice_on("m", levels, None)
    assert "things of 14 px of the original are lost; use --detail high" in said
    assert "letters" not in said
    assert said.endswith(" It does not read.")


def test_low_is_advised_where_it_tells_as_much_for_less() -> None:
    same = (level("low", 28, 20, 400), level("auto", 28, 20, 1300), level("high", 28, 20, 4100))
    said = advice_on("m", same, level("auto", 28, 20, 9000, tiles=True))
    assert "--detail high and --tiles auto tell no smaller ones" in said
    assert said.endswith("--detail low tells as much for 400 tokens, not 1,300.")
    alike = (level("low", 28, 20, 256), level("auto", 28, 20, 256), level("high", 28, 20, 256))
    assert advice_on("m", alike, None).endswith("--detail low tells as much and costs as many tokens.")
    worse = (level("low", 40, 20, 400), *same[1:])
    assert advice_on("m", worse, None).endswith("--detail low loses some.")


def test_what_was_not_measured_is_not_judged() -> None:
    high = EyeLevel("high", Acuity(None), Acuity(None), None, None, problem="its picture takes 4,100 tokens.")
    said = advice_on("m", (LOW, AUTO, high), None)
    assert said.endswith("High was not measured: its picture takes 4,100 tokens.")
    assert "--detail high" not in said


def test_one_who_tells_nothing() -> None:
    nothing = [level(detail, None, 0, 100) for detail in ("low", "auto", "high")]
    assert "no thing of 448 px of the original or less is told" in advice_on("m", nothing, None)


def test_a_step_that_may_be_luck_is_no_reason() -> None:
    """At 112 px 20 of 22 were told at auto, and 24 in a row at high; or 2 of 4."""
    advised = {}
    for right, asked in ((20, 22), (2, 4)):
        auto = EyeLevel("auto", Acuity(160, (Tried(160, 24, 24, 24), Tried(112, right, asked, 0))), None, 100, 1.0)
        levels = (level("low", 160, 0, 100), auto, level("high", 112, 0, 400))
        advised[right, asked] = "use --detail high" in advice_on("m", levels, None)
    assert advised == {(20, 22): False, (2, 4): True}
