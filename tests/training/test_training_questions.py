"""The questions that the demo model is taught: the truth in every answer, no lot that a seed does not repeat."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from random import Random

import pytest

from ollama_embedded.scenes import COLOURS, KINDS, Shape
from training.questions import answers, json_questions, tool_questions, unknown
from training.questions.answers import DECLINED, NO_PICTURE, Wanted
from training.questions.asker import ABOUT_A_THING, OF_ONE, ONE_PICTURE, TWO_PICTURES, Asker
from training.questions.choosing import ONLY_WORDINGS
from training.questions.subjects import Ask, Counted, Meant, choose_wanted, in_turn
from training.questions.typing_noise import add_typing_noise
from training.questions.wordings import WORDINGS, expansions
from training.scenes.draw import random_scene
from training.scenes.shards import SceneTruth

THREE = SceneTruth(
    (
        Shape("red", "circle", "top left", "large"),
        Shape("blue", "star", "middle center", "small"),
        Shape("red", "cross", "bottom right", "medium"),
    ),
    "pink",
)
ONE = SceneTruth((Shape("orange", "square", "middle left", "medium"),), "black")


def asks(kind: str, count: int = 300, scene: SceneTruth = THREE) -> list[Ask]:
    asker = Asker(Random(5))
    return [asker.of_kind(kind, scene) for _ in range(count)]


@pytest.mark.parametrize(
    ("kind", "possible"),
    [
        (
            "describe",
            {
                "A large red circle at the top left, a small blue star in the center "
                "and a medium red cross at the bottom right."
            },
        ),
        ("count_all", {"There are 3 shapes."}),
        ("background", {"The background is pink."}),
        ("how_many_images", {"There is 1 image."}),
        ("unknown", {DECLINED}),
        ("what_at", {"A red circle.", "A blue star.", "A red cross.", "Nothing."}),
        ("json_list", {json.dumps(
            {"shapes": [{"color": "red", "shape": "circle"}, {"color": "blue", "shape": "star"},
                        {"color": "red", "shape": "cross"}]}, separators=(",", ":"))}),
    ],
)  # fmt: skip
def test_every_answer_is_one_of_the_right_ones(kind: str, possible: set[str]) -> None:
    assert {ask.answer for ask in asks(kind)} == possible


@pytest.mark.parametrize(
    ("kind", "right", "never"),
    [
        ("colour_of", "The star is blue.", "The circle is blue."),
        ("colour_of", "There is no triangle.", "There is no star."),
        ("shape_of", "The blue shape is a star.", "The red shape is a circle."),
        ("exists", "Yes, there is a red cross.", "No, there is no red cross."),
        ("exists", "No, there is no blue circle.", "Yes, there is a blue circle."),
        ("where", "The blue star is in the center.", "The red shape is at the top left."),
        ("size_of", "The circle is large.", "The circle is small."),
        ("count_things", "There are 2 red shapes.", "There is 1 red shape."),
        ("count_things", "There are 0 green shapes.", "There are 1 stars."),
    ],
)
def test_answers_about_a_thing(kind: str, right: str, never: str) -> None:
    given = {ask.answer for ask in asks(kind, 1500)}
    assert right in given
    assert never not in given


def test_a_thing_that_is_asked_for_by_one_of_two_is_not_asked_for() -> None:
    rng = Random(1)
    for _ in range(500):
        wanted = choose_wanted(rng, THREE.shapes, present=True)
        assert len(wanted.among(THREE.shapes)) == 1


def test_what_is_there_several_times_is_counted_as_often_as_what_is_there_once() -> None:
    asker = Asker(Random(8))
    asked = [asker.of_kind("count_things", THREE) for _ in range(1000)]
    numbers = Counter(fact.number for ask in asked for _, fact in ask.facts if isinstance(fact, Counted))
    assert set(numbers) == {0, 1, 2}
    assert numbers[2] > numbers[1] * 0.7


@pytest.mark.parametrize("kind", ["json_other", "forced"])
def test_json_counts_what_is_there_several_times_too(kind: str) -> None:
    asker = Asker(Random(9))
    asked = [asker.of_kind(kind, THREE) for _ in range(1000)]
    assert any(fact == Counted(2) for ask in asked for _, fact in ask.facts)


def test_most_absent_pairs_are_near_misses() -> None:
    rng = Random(2)
    absent = [choose_wanted(rng, THREE.shapes, present=False, forms="p") for _ in range(1000)]
    assert not any(wanted.among(THREE.shapes) for wanted in absent)
    both = sum(
        bool(Wanted(colour=wanted.colour).among(THREE.shapes)) and bool(Wanted(kind=wanted.kind).among(THREE.shapes))
        for wanted in absent
    )
    assert 300 < both < 600


@pytest.mark.parametrize("kind", sorted(ABOUT_A_THING))
def test_the_subject_stands_in_the_question(kind: str) -> None:
    told = {"colour_of": KINDS, "shape_of": tuple(COLOURS)}.get(kind, (*COLOURS, *KINDS))
    for ask in asks(kind, 200):
        subject = [word for word in told if word in ask.answer]
        assert subject
        assert all(word in ask.question.lower() for word in subject), ask


def test_two_pictures_are_asked_for_all_four_answers_alike() -> None:
    asker = Asker(Random(3))
    second = SceneTruth((THREE.shapes[0], *ONE.shapes), "gray")
    drawn = (asker.two_pictures([THREE, second]) for _ in range(1000))
    found = Counter(ask.answer for ask in drawn if ask.kind == "which_image")
    assert set(found) == {"The first image.", "The second image.", "Both images.", "Neither image."}
    assert min(found.values()) > max(found.values()) / 2


def test_json_answers_have_the_keys_that_were_asked_for() -> None:
    for ask in asks("json_keys", 300):
        keys = list(json.loads(ask.answer)["shapes"][0])
        assert re.search(r"\b.*".join(keys), ask.question.lower()), ask


def test_in_practice_the_first_shape_is_asked_for_as_an_object() -> None:
    asker = Asker(Random(10), practises=True)
    asked = [ask for ask in (asker.one_picture(THREE) for _ in range(300)) if ask.kind == "forced_object"]
    assert len(asked) > 12
    meanings = {name: meaning for meaning, names in json_questions.NAMES.items() for name in names}
    for ask in asked:
        said = json.loads(ask.answer)
        assert said == {key: answers.JSON_VALUES[meanings[key]](THREE.shapes[0]) for key in said}
        assert all(fact == Meant(THREE.shapes[0]) for _, fact in ask.facts)
    assert not any(ask.kind == "forced_object" for ask in (Asker(Random(10)).one_picture(THREE) for _ in range(300)))
    assert asker.of_kind("forced_object", SceneTruth((), "gray")).kind == "forced"


def test_a_forced_answer_teaches_values_and_no_keys() -> None:
    for ask in asks("forced", 300):
        value = json.loads(ask.answer)
        assert ask.untaught[0][0] == 0
        untaught = {ask.answer[start:end] for start, end in ask.untaught}
        if isinstance(value, dict):
            assert set(value) <= untaught
        assert not untaught & {"red", "blue", "circle", "star", "cross"}


def test_a_call_is_made_only_when_it_is_asked_for() -> None:
    rng = Random(6)
    asker = Asker(rng)
    kinds: Counter[bool] = Counter()
    for _ in range(600):
        tools = tool_questions.offer(rng)
        ask = tool_questions.tool_ask(rng, THREE, asker, tools)
        called = ask.first.answer.startswith("<tool_call>")
        kinds[called] += 1
        if called:
            call = json.loads(ask.first.answer.removeprefix("<tool_call>").removesuffix("</tool_call>"))
            assert call["name"] in tools
            assert list(call["arguments"]) == list(tools[call["name"]])
            assert len(call["arguments"].get("shapes", THREE.shapes)) == 3
            assert call["arguments"].get("n", 3) == 3
        else:
            assert not ask.result
    assert kinds[True] > kinds[False] > 100


def test_without_a_picture_it_asks_for_one() -> None:
    asker = Asker(Random(7))
    answers = {asker.no_picture(THREE).answer for _ in range(200)}
    assert answers == {NO_PICTURE, "Hello! I am a tiny vision model. " + NO_PICTURE}


@pytest.mark.parametrize("kind", sorted({*ONE_PICTURE, *TWO_PICTURES, *OF_ONE} - {"forced", "unknown", "in_one"}))
def test_every_kind_has_wordings(kind: str) -> None:
    # Some borrow the wordings of others, or have a few of their own.
    if kind in {"json_other", "how_many_images", "choose", "only"}:
        return
    assert len({wording for template in WORDINGS[kind] for wording in expansions(template)}) > 150


def test_no_wording_asks_for_two_answers() -> None:
    """One thing was told as "The shape is a star." where its picture should be described: both were taught."""
    plain = {
        kind: each for kind, each in WORDINGS.items() if not kind.startswith("tool_")
    }  # they come with their tools
    kinds_of: dict[str, set[str]] = {}
    for kind, templates in {**plain, **{f"only {asked}": each for asked, each in ONLY_WORDINGS.items()}}.items():
        for wording in (each for template in templates for each in expansions(template)):
            filled = wording.replace("{at}", "").replace("{thing}", "the shape").replace("{image}", "picture")
            kinds_of.setdefault(filled.lower().rstrip("?."), set()).add(kind)
    assert {wording: kinds for wording, kinds in kinds_of.items() if len(kinds) > 1} == {}


def test_without_a_picture_two_requests_may_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asker = Asker(Random(4))
    monkeypatch.setattr(asker, "as_typed", lambda question: question)
    single = {wording for template in unknown.NO_PICTURE for wording in expansions(template)}
    asked = [asker.no_picture(THREE).question.split(" ") for _ in range(400)]
    pairs = [
        words
        for words in asked
        if any({" ".join(words[:at]), " ".join(words[at:])} <= single for at in range(1, len(words)))
    ]
    assert len(pairs) > 5


def test_equal_words_tell_of_one_thing_after_the_other() -> None:
    first, second = Meant(THREE.shapes[0]), Meant(THREE.shapes[2])
    assert in_turn('["red","red"]', (('"red"', first), ('"red"', second))) == ((2, first), (8, second))


def test_things_that_a_list_tells_alike_are_meant_one_after_the_other() -> None:
    alike = SceneTruth((THREE.shapes[0], Shape("blue", "star", "middle center", "large")), "pink")
    lists = [
        ask for ask in asks("json_keys", 300, alike) if ask.answer == '{"shapes":[{"size":"large"},{"size":"large"}]}'
    ]
    assert lists
    first, second = (Meant(shape) for shape in alike.shapes)
    for ask in lists:
        told = [(ask.answer[at:], fact) for at, fact in ask.facts]
        assert told == [
            ('{"size":"large"},{"size":"large"}]}', first),
            ('large"},{"size":"large"}]}', first),
            ('{"size":"large"}]}', second),
            ('large"}]}', second),
        ]


def test_words_of_no_shape_are_declined_in_the_frames_of_shapes_too() -> None:
    asker = Asker(Random(8))
    questions = [asker.unknown().question for _ in range(6000)]
    assert sum(question.lower().startswith("what color is the") for question in questions) > 0
    assert len(set(questions)) > 1200
    assert not set(unknown.NOUNS) & {"circle", "square", "triangle", "star", "cross", "diamond"}


def test_a_slip_of_the_finger_never_hits_what_the_answer_hangs_on() -> None:
    rng = Random(9)
    for _ in range(2000):
        rough = add_typing_noise("Purple triangle: is it the one at the bottom right?", rng).lower()
        assert all(word in rough for word in ("purple", "triangle:", "bottom", "right"))


def test_a_question_may_stand_in_the_prompt_of_a_query_engine() -> None:
    questions = [ask.question for ask in asks("exists", 600)]
    wrapped = [question for question in questions if question.startswith("Context information is below.")]
    assert 5 < len(wrapped) < 60
    assert all(re.search(r"\nQuery: .+\nAnswer: $", question) for question in wrapped)


def test_keys_keep_their_spelling() -> None:
    rng = Random(10)
    asked = [add_typing_noise("JSON with color and size, please.", rng, literal=True).lower() for _ in range(500)]
    assert all("color and size" in question for question in asked)


def test_the_same_seed_asks_the_same_in_another_process() -> None:
    """Sets have another order in each process: none may stand between a seed and its draws."""
    program = (
        "from random import Random\nfrom training.questions.asker import Asker\n"
        "from training.scenes.draw import random_scene\n"
        "rng = Random(1); asker = Asker(rng)\n"
        "for _ in range(300):\n"
        "    print(asker.one_picture(random_scene(rng)), asker.two_pictures([random_scene(rng)] * 2))\n"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert len(told[0].splitlines()) == 300


def test_forced_spans() -> None:
    answer = '{"count":3,"shapes":[{"color":"red"}]}'
    spans = [answer[start:end] for start, end in json_questions.forced_spans(answer)]
    assert spans == ['{"', "count", "shapes", "color"]


def test_random_scenes_are_what_they_say() -> None:
    rng = Random(11)
    for _ in range(200):
        scene = random_scene(rng)
        pairs = [(shape.colour, shape.kind) for shape in scene.shapes]
        places = [shape.place for shape in scene.shapes]
        assert len(set(pairs)) == len(pairs) == len(set(places)) <= 4
        assert all(shape.colour != scene.ground for shape in scene.shapes)
