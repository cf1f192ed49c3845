"""The evaluation's questions: they are filled, they stay the same, and training has none of them."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from base64 import b64decode
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import pytest
from PIL import Image

import training.model.packing
import training.questions.unknown
import training.questions.wordings
from training.evaluation import held_out_unknown, held_out_wordings, row_names
from training.evaluation.cases import NO_REGISTERS, OWN, TEXT_FIRST, TEXT_FIRST_NO_REGISTERS, Case, Picture
from training.evaluation.run import all_cases
from training.evaluation.schemas import UNSEEN_SCHEMAS, key_sets
from training.evaluation.scoring import Call, Json, part
from training.evaluation.sets import Drawn, Pool, seeded
from training.questions import json_questions
from training.scenes.draw import PADDING, draw, random_scene

N = 10


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(all_cases(1, N))


def test_every_kind_is_asked_n_times(cases: list[Case]) -> None:
    asked = Counter(row for case in cases for row in case.rows)
    kinds = {
        *(
            row_names.DESCRIBE,
            row_names.COUNT,
            row_names.COLOUR,
            row_names.SHAPE,
            row_names.EXISTS,
            row_names.WHERE,
            row_names.SIZE,
            row_names.BACKGROUND,
        ),
        *(
            row_names.JSON_LIST,
            row_names.JSON_KEYS,
            row_names.JSON_ARRAY,
            row_names.JSON_COUNT,
            row_names.SCHEMA_COUNT,
            row_names.WHICH,
            row_names.MORE,
        ),
        *(
            row_names.ONE_OF_TWO,
            row_names.OTHER_THINGS,
            row_names.NO_PICTURE,
            row_names.AS_IS,
            *row_names.DISTURBED,
            row_names.CAPITALS,
        ),
        *(
            row_names.SECOND_TURN,
            row_names.SYSTEM_PROMPT,
            row_names.NO_REGISTERS,
            row_names.TEXT_FIRST,
            row_names.TEXT_FIRST_NO_REGISTERS,
        ),
        *(
            row_names.UNSEEN_SCHEMAS,
            row_names.TOOL_ARGUMENTS,
            row_names.TOOL_ARGUMENTS_PLAIN,
            row_names.TOOL_RESULT,
            row_names.TOOLS_IDLE,
        ),
        *(row_names.DRAWN, row_names.DRAWN_COUNT, row_names.SCHEMA_ONE),
        *(part(row_names.DESCRIBE, f"{count} shape{'s' * (count > 1)}") for count in (1, 2, 3, 4)),
    }
    assert {kind: asked[kind] for kind in kinds} == dict.fromkeys(kinds, N)
    unseen = {row: n for row, n in asked.items() if row.startswith(part(row_names.UNSEEN_WORDINGS, ""))}
    assert set(unseen.values()) == {N}
    assert asked[row_names.UNSEEN_WORDINGS] == N * len(unseen)


def test_describing_counts_every_thing_once(cases: list[Case]) -> None:
    for case in cases:
        if case.kind == row_names.DESCRIBE:
            assert case.things_row == row_names.EACH_THING
            assert all(thing in str(case.expected) for thing in case.things)
            assert case.rows[1] == part(row_names.DESCRIBE, f"{len(case.things)} shape{'s' * (len(case.things) > 1)}")


def test_questions_are_filled_and_pictures_are_there(cases: list[Case]) -> None:
    for case in cases:
        assert not re.search(r"[{}]|\ban? [aeiou]?$", case.question), case.question
        assert case.question[0] == case.question[0].upper()
        pictures = [picture for turn in case.turns for picture in turn.pictures]
        of_two = case.kind in {row_names.WHICH, row_names.MORE, row_names.ONE_OF_TWO} or any(
            "which of two" in row for row in case.rows
        )
        if case.kind == row_names.NO_PICTURE:
            assert not pictures
        elif not case.kind.startswith((row_names.UNSEEN_WORDINGS, "mixed")):
            assert len(pictures) == (2 if of_two else 1)


def fingerprint(cases: Sequence[Case]) -> str:
    return hashlib.sha256(repr(cases).encode()).hexdigest()


def test_the_same_seed_asks_the_same_again() -> None:
    some = ["plain", "schemas"]
    first, again, other = (fingerprint(list(all_cases(seed, N, some))) for seed in (1, 1, 2))
    assert first == again != other


def test_the_same_seed_asks_the_same_in_another_process() -> None:
    """Sets have another order in each: nothing may be drawn from one."""
    code = (
        "import hashlib; from training.evaluation.run import all_cases\n"
        f"print(hashlib.sha256(repr(list(all_cases(1, {N}))).encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            timeout=120,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(found) == 1


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(b64decode(picture.base64)))


def test_variants_ask_the_same_questions_about_the_same_scenes(cases: list[Case]) -> None:
    by_row: dict[str, list[Case]] = {}
    for case in cases:
        by_row.setdefault(case.kind, []).append(case)
    base = by_row[row_names.AS_IS]
    changed = {row_names.SECOND_TURN, row_names.SYSTEM_PROMPT, row_names.CAPITALS}
    same_pictures = {
        row_names.NO_REGISTERS,
        row_names.TEXT_FIRST,
        row_names.TEXT_FIRST_NO_REGISTERS,
        row_names.TOOLS_IDLE,
    }
    for row in (*row_names.DISTURBED, *changed, *same_pictures):
        assert [case.expected for case in by_row[row]] == [case.expected for case in base]
        if row != row_names.CAPITALS:
            assert [case.question for case in by_row[row]] == [case.question for case in base]
        if row in same_pictures:
            assert [case.turns for case in by_row[row]] == [case.turns for case in base]
    assert [case.question for case in by_row[row_names.CAPITALS]] == [case.question.upper() for case in base]
    assert {case.turns[0].role for case in by_row[row_names.SYSTEM_PROMPT]} == {"system"}
    assert {tuple(turn.role for turn in case.turns) for case in by_row[row_names.SECOND_TURN]} == {
        ("user", "assistant", "user")
    }
    assert {case.template for case in cases} == {OWN, NO_REGISTERS, TEXT_FIRST, TEXT_FIRST_NO_REGISTERS}
    pairs = [(case.turns[0].pictures[0], number) for number, case in enumerate(base)]
    for picture, number in pairs:
        size = opened(picture).size
        assert opened(picture).format == "PNG"
        assert opened(by_row[row_names.JPEG][number].turns[0].pictures[0]).format == "JPEG"
        assert opened(by_row[row_names.WEBP][number].turns[0].pictures[0]).format == "WEBP"
        for factor, row in row_names.SCALED.items():
            assert opened(by_row[row][number].turns[0].pictures[0]).size == tuple(round(side * factor) for side in size)
        for (width, height), row in row_names.PADDED.items():
            padded = opened(by_row[row][number].turns[0].pictures[0])
            assert padded.width / padded.height == pytest.approx(width / height, rel=0.02)
            assert padded.getpixel((0, 0)) == PADDING or padded.size == size


def test_the_first_answer_of_two_turns_is_true(cases: list[Case]) -> None:
    described = [
        case for case in cases if case.rows == (row_names.SECOND_TURN, part(row_names.SECOND_TURN, row_names.DESCRIBE))
    ]
    assert described
    for case in described:
        count = len(re.findall(r"\b(?:small|medium|large)\b", str(case.expected)))
        assert case.turns[1].text == ("There is 1 shape." if count == 1 else f"There are {count} shapes.")


def test_tools_are_offered_and_called_with_the_truth(cases: list[Case]) -> None:
    requests = [case for case in cases if case.kind in {row_names.TOOL_ARGUMENTS, row_names.TOOL_ARGUMENTS_PLAIN}]
    offers = set()
    for case in requests:
        assert isinstance(case.expected, Call)
        names = [tool["function"]["name"] for tool in case.options["tools"]]
        assert case.expected.name in names
        offers.add(len(names))
    assert offers == {1, 2}
    for case in (case for case in cases if case.kind == row_names.TOOL_RESULT):
        call = case.turns[1].calls[0]
        assert [turn.role for turn in case.turns] == ["user", "assistant", "tool"]
        if call.name == "count_shapes":
            number = call.arguments["n"]
            assert str(case.expected) in {f"There are {number} shapes.", f"There is {number} shape."}
        else:
            assert all(f"{shape['color']} {shape['shape']}" in str(case.expected) for shape in call.arguments["shapes"])


def keys_of(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return {*value, *chain.from_iterable(map(keys_of, value.values()))}
    return set(chain.from_iterable(map(keys_of, value))) if isinstance(value, list) else set()


def test_of_several_shapes_the_first_is_the_one_object(cases: list[Case]) -> None:
    of_one = [case for case in cases if case.kind == row_names.SCHEMA_ONE]
    scenes = Pool.drawn(seeded(1, "one object"), N).single
    assert max(len(drawn.scene.shapes) for drawn in scenes[:N]) > 1
    for case, drawn in zip(of_one, scenes, strict=False):
        first = drawn.scene.shapes[0]
        assert case.expected == Json({"color": first.colour, "shape": first.kind})


def test_schemas_are_unseen_and_hold_the_truth(cases: list[Case]) -> None:
    taught = {name for names in json_questions.NAMES.values() for name in names}
    taught |= {*json_questions.LIST_KEYS, *json_questions.COUNT_KEYS, *json_questions.FOUND_KEYS}
    for unseen in UNSEEN_SCHEMAS:
        assert {key for keys in key_sets(unseen.schema) for key in keys} - taught, unseen.name
    of_schemas = [case for case in cases if case.kind == row_names.UNSEEN_SCHEMAS]
    assert {case.rows[1] for case in of_schemas} == {
        part(row_names.UNSEEN_SCHEMAS, each.name) for each in UNSEEN_SCHEMAS
    }
    for case in of_schemas:
        assert isinstance(case.expected, Json)
        assert keys_of(case.expected.value) == {key for keys in key_sets(case.options["format"]) for key in keys}


_PICTURE_WORD = re.compile(r"\b(image|picture|photo|drawing|scene)s?\b|\{image\}")


def plainly(question: str) -> str:
    """A question without what does not make it another one: case, marks, spelling, politeness, words for a picture."""
    text = question.lower().replace("colour", "color").replace("grey", "gray")
    text = " ".join(re.sub(r"[^\w{} ]", " ", _PICTURE_WORD.sub("image", text)).split())
    return re.sub(r"^(please|hi|hello|hey|ok|thanks) | (please|thanks|thank you)$", "", text)


def test_unseen_wordings_are_in_no_template_of_training() -> None:
    taught = {
        plainly(wording)
        for templates in training.questions.wordings.WORDINGS.values()
        for template in templates
        for wording in training.questions.wordings.expansions(template)
    }
    assert plainly("What color is the {kind}?") in taught
    held_out = {wording for every in held_out_wordings.UNSEEN.values() for wording in every}
    assert not {wording for wording in held_out if plainly(wording) in taught}
    assert not {plainly(text) for text in training.model.packing.SYSTEMS} & {
        plainly(text) for text in held_out_wordings.SYSTEM_PROMPTS
    }


def test_every_kind_has_wordings_that_training_lacks() -> None:
    of_one_of_two = {"exists_one", "count_one", "colour_one"}
    assert held_out_wordings.PLAIN.keys() == held_out_wordings.UNSEEN.keys()
    for kind, every in held_out_wordings.UNSEEN.items():
        assert len(set(every)) == len(every) >= (4 if kind in of_one_of_two else 8), kind
        assert not {*every} & {*held_out_wordings.PLAIN[kind]}


def test_what_must_be_declined_is_not_in_training() -> None:
    taught = {
        plainly(question)
        for template in training.questions.unknown.FREE_QUESTIONS
        for question in training.questions.wordings.expansions(template)
    }
    assert not {question for question in held_out_unknown.QUESTIONS if plainly(question) in taught}
    known = {word for text in (*training.questions.unknown.NOUNS, *taught) for word in re.findall(r"[a-z]+", text)}
    assert "dog" in known
    assert not {*held_out_unknown.PLURALS, *held_out_unknown.PLURALS.values()} & known
    assert not {"hamlet", "haiku", "chess"} & known


def test_the_pictures_of_plain_questions_have_noise_and_jpeg_behind_them_and_nothing_else() -> None:
    rng = seeded(1, "drawn")
    changed = 0
    for _ in range(120):
        scene = random_scene(rng)
        drawn = Drawn.of(scene, rng)
        assert drawn.image.size == scene.size
        changed += drawn.image.tobytes() != draw(scene).tobytes()
    assert 50 < changed < 85


def test_one_variant_has_anything_behind_it(cases: list[Case]) -> None:
    def pictures(row: str) -> list[Image.Image]:
        found = [opened(picture) for case in cases if case.kind == row for picture in case.turns[-1].pictures]
        assert found
        return found

    as_is, other = pictures(row_names.AS_IS), pictures(row_names.ANY)
    assert len(as_is) == len(other)
    assert any(one.size != two.size for one, two in zip(as_is, other, strict=True))
