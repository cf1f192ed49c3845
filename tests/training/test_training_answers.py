"""The evaluation's answers are the truth: every subject that can be drawn, in scenes made by hand."""

from __future__ import annotations

import json
import re
from random import Random

import pytest

from ollama_embedded import Shape
from training.evaluation.drawn import AsDrawn
from training.evaluation.expected import (
    ABSENT,
    BOTH,
    HARD_ABSENT,
    NEITHER,
    NONE,
    ONE_PICTURE,
    ONLY_FIRST,
    ONLY_SECOND,
    PRESENT,
    SOME,
    TWO_PICTURES,
)
from training.evaluation.scoring import Reply

SCENE = AsDrawn(
    (
        Shape("red", "circle", "top left", "small"),
        Shape("blue", "star", "middle center", "large"),
        Shape("blue", "circle", "bottom right", "medium"),
    ),
    "teal",
)
OTHER = AsDrawn(
    (Shape("blue", "star", "top center", "small"), Shape("green", "cross", "middle right", "small")), "pink"
)


def asked(kind: str, variant: str, field: str, *scenes: AsDrawn) -> dict[str, str]:
    """Every subject that can be drawn, by one of its fields, with its answer."""
    found = {}
    for seed in range(300):
        rng = Random(seed)
        if kind in ONE_PICTURE:
            subject = ONE_PICTURE[kind](scenes[0], variant, rng)
        else:
            subject = TWO_PICTURES[kind](scenes, variant, rng)
        assert subject is not None
        found[subject.fields.get(field, "")] = str(subject.expected)
    return found


@pytest.mark.parametrize(
    ("kind", "variant", "field", "truth"),
    [
        (
            "describe",
            "",
            "",
            {
                "": "A small red circle at the top left, a large blue star in the center and a medium blue circle at "
                "the bottom right."
            },
        ),
        ("count_all", "", "", {"": "There are 3 shapes."}),
        (
            "count_things",
            SOME,
            "things",
            {
                "red circles": "There is 1 red circle.",
                "blue stars": "There is 1 blue star.",
                "blue circles": "There is 1 blue circle.",
                "circles": "There are 2 circles.",
                "stars": "There is 1 star.",
                "red shapes": "There is 1 red shape.",
                "blue shapes": "There are 2 blue shapes.",
            },
        ),
        ("colour_of", PRESENT, "kind", {"star": "The star is blue."}),
        ("shape_of", PRESENT, "colour", {"red": "The red shape is a circle."}),
        (
            "exists",
            PRESENT,
            "a_thing",
            {
                f"a {thing}": f"Yes, there is a {thing}."
                for thing in ("red circle", "blue star", "blue circle", "circle", "star", "red shape", "blue shape")
            },
        ),
        ("exists", HARD_ABSENT, "a_thing", {"a red star": "No, there is no red star."}),
        (
            "where",
            PRESENT,
            "thing",
            {
                "red circle": "The red circle is at the top left.",
                "blue star": "The blue star is in the center.",
                "blue circle": "The blue circle is at the bottom right.",
                "star": "The star is in the center.",
                "red shape": "The red shape is at the top left.",
            },
        ),
        (
            "what_at",
            PRESENT,
            "at_place",
            {
                "at the top left": "A red circle.",
                "in the center": "A blue star.",
                "at the bottom right": "A blue circle.",
            },
        ),
        (
            "what_at",
            ABSENT,
            "at_place",
            dict.fromkeys(
                (
                    "at the top",
                    "at the top right",
                    "on the left",
                    "on the right",
                    "at the bottom left",
                    "at the bottom",
                ),
                "Nothing.",
            ),
        ),
        (
            "size_of",
            PRESENT,
            "thing",
            {
                "red circle": "The red circle is small.",
                "blue star": "The blue star is large.",
                "blue circle": "The blue circle is medium.",
                "star": "The star is large.",
                "red shape": "The red shape is small.",
            },
        ),
        ("background", "", "", {"": "The background is teal."}),
        (
            "json_list",
            "",
            "",
            {
                "": '{"shapes":[{"color":"red","shape":"circle"},{"color":"blue","shape":"star"},'
                '{"color":"blue","shape":"circle"}]}'
            },
        ),
        (
            "json_array",
            "",
            "",
            {
                "": '[{"color":"red","shape":"circle"},{"color":"blue","shape":"star"},'
                '{"color":"blue","shape":"circle"}]'
            },
        ),
        ("json_count", "", "", {"": '{"count":3}'}),
    ],
)
def test_answers_about_one_picture_are_the_truth(kind: str, variant: str, field: str, truth: dict[str, str]) -> None:
    assert asked(kind, variant, field, SCENE) == truth


@pytest.mark.parametrize(
    ("kind", "variant", "field", "form"),
    [
        ("count_things", NONE, "things", "There are 0 {}."),
        ("colour_of", ABSENT, "thing", "There is no {}."),
        ("shape_of", ABSENT, "thing", "There is no {}."),
        ("exists", ABSENT, "thing", "No, there is no {}."),
        ("where", ABSENT, "thing", "There is no {}."),
        ("size_of", ABSENT, "thing", "There is no {}."),
    ],
)
def test_what_is_absent_is_absent(kind: str, variant: str, field: str, form: str) -> None:
    found = asked(kind, variant, field, SCENE)
    assert len(found) > 3
    there = {"red", "blue", "circle", "circles", "star", "stars"}
    for thing, answer in found.items():
        assert answer == form.format(thing)
        # Some part of its name is nowhere, or the two are on different things: "red star" alone.
        assert set(thing.split()) - {"shape", "shapes"} - there or thing.startswith("red star")


def test_named_keys_stand_in_the_order_asked() -> None:
    for keys, answer in asked("json_keys", "2 keys", "keys", SCENE).items():
        assert re.findall(r'"(\w+)":', answer)[1:] == keys.split(" and ") * 3
    four = asked("json_keys", "4 keys", "keys", SCENE)
    assert four["position, size, color and shape"] == (
        '{"shapes":[{"position":"top left","size":"small","color":"red","shape":"circle"},'
        '{"position":"center","size":"large","color":"blue","shape":"star"},'
        '{"position":"bottom right","size":"medium","color":"blue","shape":"circle"}]}'
    )


def test_keys_in_another_order_are_wrong_where_they_were_named() -> None:
    one = AsDrawn((Shape("red", "circle"),))
    for kind, variant, right in (("json_keys", "2 keys", False), ("json_list", "", True)):
        subject = ONE_PICTURE[kind](one, variant, Random(1))
        assert subject is not None
        (shape,) = json.loads(str(subject.expected))["shapes"]
        turned = json.dumps({"shapes": [dict(reversed(shape.items()))]})
        assert subject.expected.is_met_by(Reply(str(subject.expected)))
        assert subject.expected.is_met_by(Reply(turned)) is right


def test_which_of_two_pictures_shows_it() -> None:
    first = asked("which_image", ONLY_FIRST, "thing", SCENE, OTHER)
    assert set(first) == {"red circle", "blue circle", "circle", "red shape"}
    assert set(first.values()) == {"The first image."}
    second = asked("which_image", ONLY_SECOND, "thing", SCENE, OTHER)
    assert set(second) == {"green cross", "cross", "green shape"}
    assert set(second.values()) == {"The second image."}
    both = asked("which_image", BOTH, "thing", SCENE, OTHER)
    assert set(both) == {"blue star", "star", "blue shape"}
    assert set(both.values()) == {"Both images."}
    neither = asked("which_image", NEITHER, "thing", SCENE, OTHER)
    assert {"blue cross", "diamond", "white shape"} <= set(neither)
    assert not set(neither) & {*first, *second, *both}
    assert "white diamond" not in neither, "nothing about it is near: too easy"
    assert set(neither.values()) == {"Neither image."}


def test_which_of_two_has_more() -> None:
    rng = Random(1)
    more = TWO_PICTURES["more_shapes"]
    assert [str(more(pair, which, rng).expected) for pair, which in (  # type: ignore[union-attr]
        ((SCENE, OTHER), ONLY_FIRST),
        ((OTHER, SCENE), ONLY_SECOND),
        ((SCENE, SCENE), BOTH),
    )] == ["The first image.", "The second image.", "Both images."]  # fmt: skip
    assert more((SCENE, OTHER), BOTH, rng) is None


def test_questions_about_one_of_two_pictures() -> None:
    assert asked("count_one", "", "ordinal", SCENE, OTHER) == {
        "first": "There are 3 shapes.",
        "second": "There are 2 shapes.",
    }
    absent = asked("exists_one", ABSENT, "a_thing", SCENE, OTHER)
    # What one of them lacks, the other one has.
    assert {"a red circle", "a circle", "a green cross", "a green shape"} <= set(absent)
    assert "a blue star" not in absent
    assert all(answer.startswith("No, there is no ") for answer in absent.values())
