"""Questions about drawn scenes: what is right, what somebody else would say, and what an answer is read as."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from ollama_vision.sight.questions import Lot, Question
from ollama_vision.sight.scenes import COLOURS, CORNERS, QUARTER_TURNS, Scene, Thing

MANY = range(200)


def opened(scene: Scene) -> Image.Image:
    return Image.open(io.BytesIO(scene.png())).convert("RGB")


def test_the_same_seed_draws_the_same_questions_and_bytes() -> None:
    one, other = Lot(7).first_questions(), Lot(7).first_questions()
    assert one == other
    assert [scene.png() for question in one for scene in question.scenes] == [
        scene.png() for question in other for scene in question.scenes
    ]
    assert one != Lot(8).first_questions()


def test_the_labels_stand_in_a_line_behind_the_question() -> None:
    question = Question("colour", "What color is it?", ("red", "green", "blue"), ())
    assert question.prompt == 'What color is it?\nAnswer with one of: "red", "green", "blue".'


@pytest.mark.parametrize("seed", MANY)
def test_four_first_questions_cannot_all_be_answered_without_the_pictures(seed: int) -> None:
    """What holds by design, whatever a model's habits are."""
    where, again, number, colour = Lot(seed).first_questions()
    assert where.prompt == again.prompt
    assert where.expected != again.expected  # the same answer twice is wrong once
    assert again.answer_to(where.scenes) != again.expected  # so is the picture before
    top, bottom = sorted((where, again), key=lambda question: question.expected.startswith("bottom"))
    assert top.expected.startswith("top")
    assert bottom.expected.startswith("bottom")  # the upper half lacks one of the things
    assert number.answer_to(number.scenes[1:] * 2) != number.expected  # the last one twice
    assert colour.answer_to(colour.scenes[:1] * 2) != colour.expected  # the first one twice
    assert colour.expected in ("red", "blue", "yellow", "orange")  # others when red and blue are exchanged
    for question in (where, again):
        for turn in QUARTER_TURNS:
            assert question.answer_to([scene.moved(turn) for scene in question.scenes]) != question.expected


@pytest.mark.parametrize("seed", range(20))
def test_what_is_expected_is_in_the_picture(seed: int) -> None:
    """Pillow reads the pixels back: the thing that is asked for is where it is said to be, in its colour."""
    question = Lot(seed).place()
    (thing,) = question.scenes[0].things
    picture = opened(question.scenes[0])
    row, column = CORNERS[question.expected]
    cell = picture.width // 3
    assert picture.getpixel((column * cell + cell // 2, row * cell + cell // 2)) == COLOURS[thing.colour]
    colours = picture.getcolors()
    assert colours is not None
    assert len(colours) == 2  # hard edges: the ground and the thing


@pytest.mark.parametrize("seed", range(20))
def test_a_moved_thing_leaves_the_mean_colour_as_it_was(seed: int) -> None:
    """So one pixel for the whole picture answers the two first questions alike."""
    where, again, *_ = Lot(seed).first_questions()
    means = [
        opened(question.scenes[0]).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) for question in (where, again)
    ]
    assert means[0] == means[1]


@pytest.mark.parametrize("turn", range(2))
def test_a_turned_scene_is_what_pillow_turns(turn: int) -> None:
    scene = Scene((Thing("red", "circle", (0, 2)), Thing("blue", "circle", (2, 1))))
    how = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)[turn]
    cell = 224 // 3
    turned = opened(scene).transpose(how)
    for thing in scene.moved(QUARTER_TURNS[turn]).things:
        row, column = thing.cell
        assert turned.getpixel((column * cell + cell // 2, row * cell + cell // 2)) == COLOURS[thing.colour]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('"red"', "red"),
        ("red", "red"),
        ("Red.", "red"),
        ("The circle is **blue**.", "blue"),
        ("I cannot see any picture.", None),
        ("It is red or blue.", None),
        ("infrared", None),
        ('{"color": "red"}', "red"),
        ("", None),
        ("5", None),
    ],
)
def test_an_answer_is_read_with_and_without_a_schema(text: str, label: str | None) -> None:
    assert Question("colour", "What color is it?", ("red", "green", "blue"), ()).read(text) == label


@pytest.mark.parametrize(
    ("text", "label"), [(json.dumps("3"), "3"), ("3", "3"), ("There are three circles.", "3"), ("13", None)]
)
def test_a_number_is_read_in_words_too(text: str, label: str | None) -> None:
    assert Question("number", "How many?", ("2", "3", "4"), ()).read(text) == label
