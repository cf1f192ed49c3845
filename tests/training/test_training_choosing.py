"""Questions whose labels stand behind them: the line, its order, the right label, and what the schema writes."""

from __future__ import annotations

import json
import re
from collections import Counter
from random import Random

import pytest

from ollama_embedded.scenes import COLOURS, KINDS, Shape
from training.evaluation import held_out_wordings
from training.evaluation.labels import labels_line as line_of_the_evaluation
from training.evaluation.scoring import Json
from training.questions import answers, choosing
from training.questions.asker import ONE_PICTURE, TWO_PICTURES, Asker
from training.questions.subjects import Ask, Counted, Ground, Meant, Shown
from training.questions.wordings import expansions
from training.scenes.shards import SceneTruth

ONE = SceneTruth((Shape("red", "star", "bottom left", "small"),), "white")
SEVERAL = SceneTruth(
    (
        Shape("red", "circle", "top left", "small"),
        Shape("blue", "star", "top left", "large"),
        Shape("red", "cross", "middle right", "medium"),
    ),
    "",
)
LINE = re.compile(r"\nAnswer with one of: (.*)\.$")


def asks(scene: SceneTruth, number: int = 400) -> list[Ask]:
    rng = Random("choosing")
    asker = Asker(rng)
    return [asker.of_kind("choose", scene) for _ in range(number)]


def labels_of(ask: Ask) -> list[str] | None:
    line = LINE.search(ask.question)
    return json.loads(f"[{line[1]}]") if line else None


def test_the_line_is_the_one_that_the_product_writes() -> None:
    wanted = 'Answer with one of: "red", "green", "blue".'
    assert choosing.labels_line(["red", "green", "blue"]) == wanted
    assert line_of_the_evaluation(["red", "green", "blue"]) == wanted
    assert choosing.labels_line(['a "b"', "ja\nnein"]) == 'Answer with one of: "a \\"b\\"", "ja\\nnein".'


@pytest.mark.parametrize("scene", [ONE, SEVERAL])
def test_the_answer_is_one_of_the_labels_in_quotes(scene: SceneTruth) -> None:
    orders = set()
    for ask in asks(scene):
        labels = labels_of(ask)
        answer = json.loads(ask.answer)
        assert isinstance(answer, str)
        assert ask.answer == json.dumps(answer)
        if labels is None:
            # A schema writes the mark that nobody asked for.
            assert ask.untaught == ((0, 1),)
            continue
        assert ask.untaught == ()
        assert answer in labels
        assert len(set(labels)) == len(labels) >= 2
        orders.add(tuple(labels.index(label) for label in sorted(labels)))
    assert len(orders) > 30


def test_of_one_thing_the_right_label_is_the_truth() -> None:
    kinds: Counter[str] = Counter()
    for ask in asks(ONE, 800):
        labels, answer = labels_of(ask), json.loads(ask.answer).lower()
        if not labels:
            continue
        every = {label.lower() for label in labels} - {*choosing._UNSURE}
        plain = {re.sub(r"^an? ", "", label) for label in every}
        if plain <= set(COLOURS) and plain & {"red"} and answer in COLOURS and "background" not in ask.question.lower():
            if answer == "red":
                kinds["colour"] += 1
        elif plain <= set(KINDS):
            assert answer.removeprefix("a ") == "star"
            kinds["kind"] += 1
        elif every <= {"top left", "top right", "bottom left", "bottom right"}:
            assert answer == "bottom left"
            kinds["corner"] += 1
        elif every <= {"small", "medium", "large"}:
            assert answer == "small"
            kinds["size"] += 1
        elif every == {"yes", "no"}:
            kinds[answer] += 1
    assert set(kinds) == {"colour", "kind", "corner", "size", "yes", "no"}
    assert 0.5 < kinds["yes"] / kinds["no"] < 2


def test_what_must_be_known_is_told_behind_the_mark() -> None:
    for scene in (ONE, SEVERAL):
        for ask in asks(scene, 200):
            assert {at for at, _ in ask.facts} <= {1}
            for _, fact in ask.facts:
                assert isinstance(fact, Meant | Counted | Ground)


def test_of_two_pictures_the_one_that_shows_it_is_named() -> None:
    rng = Random("two")
    asker = Asker(rng)
    named: Counter[str] = Counter()
    for _ in range(6000):
        ask = asker.two_pictures([ONE, SEVERAL])
        if ask.kind != "choose" or not (ask.facts and isinstance(ask.facts[0][1], Shown)):
            continue
        on, answer, labels = ask.facts[0][1].on, json.loads(ask.answer), labels_of(ask)
        wanted = {(True, False): "first", (False, True): "second", (True, True): "both", (False, False): "neither"}[
            on[0], on[1]
        ]
        as_number = {"first": "1", "second": "2"}.get(wanted, wanted)
        assert wanted in answer or as_number in answer.split()
        assert labels is None or answer in labels
        named[wanted] += 1
    assert min(named.values()) > 20
    assert len(named) == 4


def test_a_ground_without_a_name_is_never_asked_for() -> None:
    rng = Random("ground")
    asker = Asker(rng)
    for kind in (*ONE_PICTURE, "background"):
        for _ in range(60):
            ask = asker.of_kind(kind, SEVERAL)
            assert "The background is ." not in ask.answer
            assert '"background":""' not in ask.answer
            assert not any(isinstance(fact, Ground) for _, fact in ask.facts)


def test_two_things_at_one_place_are_both_named() -> None:
    assert answers.what_at(SEVERAL.shapes, "top left") == "A red circle and a blue star."
    assert answers.what_at(SEVERAL.shapes, "middle right") == "A red cross."
    assert answers.what_at(SEVERAL.shapes, "bottom left") == "Nothing."


def test_the_one_thing_on_a_picture_needs_no_name() -> None:
    rng = Random("only")
    asker = Asker(rng)
    found = {asker.of_kind("only", ONE).answer for _ in range(100)}
    assert found == {"The shape is red.", "The shape is a star.", "The shape is at the bottom left."}
    assert {asker.of_kind("only", SEVERAL).answer for _ in range(20)} == {"There are 3 shapes."}


def test_both_kinds_of_rows_ask_so() -> None:
    assert ONE_PICTURE["choose"] > 0
    assert TWO_PICTURES["choose"] > 0


def test_unseen_wordings_are_in_no_template_of_the_one_thing() -> None:
    taught = {
        wording.format(thing="the shape", at="", colour="red", kind="star").lower().rstrip("?.")
        for templates in choosing.ONLY_WORDINGS.values()
        for template in templates
        for wording in expansions(template)
    }
    held_out = {wording.lower().rstrip("?.") for every in held_out_wordings.UNSEEN.values() for wording in every}
    assert taught
    assert not taught & held_out


def test_the_evaluation_holds_labels_to_an_enum_with_the_right_one_in_it() -> None:
    from training.evaluation.labels import labelled

    sorts: Counter[str] = Counter()
    for case in labelled(1, 6):
        assert isinstance(case.expected, Json)
        schema = case.options["format"]
        assert case.question.endswith(choosing.labels_line(schema["enum"]))
        assert case.expected.value in schema["enum"]
        sorts[case.rows[1].partition(": ")[2]] += 1
    assert set(sorts) == {"colour", "kind", "yes and no", "numbers", "places", "corners", "which of two"}
