"""The evaluation's scorer: what is right, how sure that is, which aims are reached, and what became worse."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import pytest

from training.evaluation import aims, row_names
from training.evaluation.scoring import Call, Expected, Json, Mark, Reply, Score, Words, part, tally, things_named

CIRCLE = {"color": "red", "shape": "circle"}
STAR = {"color": "blue", "shape": "star"}
REPORT = Call("report_shapes", {"shapes": [CIRCLE, STAR]})
COUNT = Call("count_shapes", {"n": 2})


def all_at(share: Fraction, n: int = 1000) -> dict[str, Score]:
    """Every row that an aim is about, at this share."""
    names = {*aims.today(), row_names.AS_IS, *(verdict.aim for verdict in aims.verdicts({}))} - {"both files"}
    return {row: Score(row, n, int(share * n)) for row in names}


def verdict(scores: dict[str, Score], aim: str, size: int | None = None) -> bool | None:
    return next(found.reached for found in aims.verdicts(scores, size) if found.aim == aim)


@pytest.mark.parametrize(
    ("expected", "text", "right"),
    [
        (Words("The star is blue."), "The star is blue.", True),
        (Words("The star is blue."), "The star is blue", False),
        (Words("The star is blue."), "the star is blue.", False),
        (Words("The star is blue."), "", False),
        (Json({"count": 2}), '{"count": 2}', True),
        (Json({"count": 2}), '{"count":2.0}', False),
        (Json({"count": 1}), '{"count":true}', False),
        (Json({"count": 2}), '{"count":2', False),
        (Json({"count": 2}), '{"count":2} and that is all', False),
        (Json({"count": 2}), '{"count":1,"count":2}', False),
        (Json({"count": 2}), '{"count":NaN}', False),
        (Json({"count": 2}), "", False),
        (Json([CIRCLE]), '[{"shape":"circle","color":"red"}]', True),
        (Json([CIRCLE], ordered=True), '[{"shape":"circle","color":"red"}]', False),
        (Json([CIRCLE], ordered=True), '[{"color":"red","shape":"circle"}]', True),
        (Json([CIRCLE, STAR]), '[{"color":"blue","shape":"star"},{"color":"red","shape":"circle"}]', False),
        (Json([CIRCLE]), '[{"color":"red"}]', False),
        (Json([CIRCLE]), '[{"color":"red","shape":"circle","size":"small"}]', False),
    ],
)
def test_an_answer_is_right_or_wrong(expected: Expected, text: str, right: bool) -> None:
    assert expected.is_met_by(Reply(text)) is right


@pytest.mark.parametrize(
    ("expected", "reply", "well_formed", "right"),
    [
        (COUNT, Reply(calls=(("count_shapes", {"n": 2}),)), True, True),
        (COUNT, Reply(calls=(("count_shapes", {"n": 3}),)), True, False),
        (COUNT, Reply(calls=(("count_shapes", {"n": "2"}),)), False, False),
        (COUNT, Reply(calls=(("count_shapes", {"n": True}),)), False, False),
        (COUNT, Reply(calls=(("count_shapes", {"n": 2, "m": 1}),)), False, False),
        (COUNT, Reply(calls=(("count_shapes", {}),)), False, False),
        (COUNT, Reply(calls=(("report_shapes", {"n": 2}),)), False, False),
        (COUNT, Reply(calls=(("count_shapes", {"n": 2}),) * 2), False, False),
        (COUNT, Reply("Two.", (("count_shapes", {"n": 2}),)), False, False),
        (COUNT, Reply('{"name":"count_shapes","arguments":{"n":2}}'), False, False),
        (COUNT, Reply(error="does not support tools"), False, False),
        (REPORT, Reply(calls=(("report_shapes", {"shapes": [CIRCLE, STAR]}),)), True, True),
        (REPORT, Reply(calls=(("report_shapes", {"shapes": [STAR]}),)), True, False),
        (REPORT, Reply(calls=(("report_shapes", {"shapes": []}),)), True, False),
        (REPORT, Reply(calls=(("report_shapes", {"shapes": [STAR, {"color": "red"}]}),)), False, False),
        (REPORT, Reply(calls=(("report_shapes", {"shapes": "a red circle"}),)), False, False),
        (REPORT, Reply(calls=(("report_shapes", {"shapes": {}}),)), False, False),
    ],
)
def test_a_call_is_well_formed_and_right(expected: Call, reply: Reply, well_formed: bool, right: bool) -> None:
    assert (expected.is_well_formed(reply), expected.is_met_by(reply)) == (well_formed, right)


def test_a_call_or_an_error_is_no_answer_in_words() -> None:
    assert not Words("").is_met_by(Reply(error="server is gone"))
    assert not Words("").is_met_by(Reply(calls=(("count_shapes", {"n": 2}),)))
    assert not Json({}).is_met_by(Reply("{}", error="cut off"))


def test_marks_are_summed_by_row_with_the_parts_after_it() -> None:
    absent, present = part("exists", "absent"), part("exists", "present")
    scores = tally(
        [
            Mark(("exists", present), 1),
            Mark(("count",), 0),
            Mark(("exists", absent), 0),
            Mark((present,), 1),
            Mark(("things",), 3, 4),
        ]
    )
    assert list(scores) == ["exists", present, absent, "count", "things"]
    assert scores["exists"] == Score("exists", 2, 1)
    assert scores[present] == Score(present, 2, 2)
    assert scores[absent] == Score(absent, 1, 0)
    assert scores["things"] == Score("things", 4, 3)


def test_things_are_named_by_colour_and_kind() -> None:
    said = Reply("A small red circle on the left and a large blue square at the top.")
    assert things_named(["red circle", "blue star", "blue square"], said) == 2


@pytest.mark.parametrize(("n", "right"), [(0, 0), (5, 6), (5, -1)])
def test_a_score_that_cannot_be_is_an_error(n: int, right: int) -> None:
    with pytest.raises(ValueError, match="0 <= right <= n"):
        Score("count", n, right)


@pytest.mark.parametrize(
    ("n", "right", "low", "high"),
    # At the ends Wilson's interval has a closed form: n / (n + 1.96 squared).
    [(10, 9, 0.5958, 0.9821), (100, 95, 0.8883, 0.9785), (500, 500, 0.99238, 1.0), (500, 0, 0.0, 0.00762)],
)
def test_the_interval_is_wilsons(n: int, right: int, low: float, high: float) -> None:
    assert Score("count", n, right).interval == pytest.approx((low, high), abs=1e-4)
    assert (Score("count", n, right).interval[0] == 0.0) is (right == 0)
    assert (Score("count", n, right).interval[1] == 1.0) is (right == n)


@pytest.mark.parametrize(
    ("row", "aim"),
    [
        (row_names.COUNT, 95),
        (row_names.DESCRIBE, 90),
        (row_names.UNSEEN_SCHEMAS, 90),
        (row_names.CAPITALS, 85),
        (row_names.OTHER_THINGS, 95),
    ],
)
def test_an_aim_is_reached_from_its_very_edge_on(row: str, aim: int) -> None:
    scores = all_at(Fraction(1))
    assert verdict({**scores, row: Score(row, 500, 5 * aim)}, row) is True
    assert verdict({**scores, row: Score(row, 500, 5 * aim - 1)}, row) is False


@pytest.mark.parametrize(
    ("row", "points"), [(row_names.JPEG, 2), (row_names.PADDED[16, 9], 2), (row_names.NO_REGISTERS, 3)]
)
def test_what_may_be_lost_is_measured_against_the_same_questions_as_they_are(row: str, points: int) -> None:
    base = {row_names.AS_IS: Score(row_names.AS_IS, 500, 470)}
    assert verdict({**base, row: Score(row, 500, 470 - 5 * points)}, row) is True
    assert verdict({**base, row: Score(row, 500, 470 - 5 * points - 1)}, row) is False
    assert verdict({**base, row: Score(row, 500, 480)}, row) is True
    assert verdict({row: Score(row, 500, 480)}, row) is None


def test_an_aim_that_was_not_measured_is_neither_reached_nor_missed() -> None:
    assert {found.reached for found in aims.verdicts({})} == {None}
    assert {found.found for found in aims.verdicts({})} == {"not measured"}


def test_the_files_have_a_size_to_keep() -> None:
    assert verdict({}, "both files", aims.MOST_BYTES) is True
    assert verdict({}, "both files", aims.MOST_BYTES + 1) is False


def test_a_kind_that_became_worse_is_named() -> None:
    before = {row: Fraction("0.99") for row in aims.today()}
    same = {row: Score(row, 1000, int(share * 1000)) for row, share in before.items()}
    assert aims.no_worse(same, before) == ()
    chance = {**same, row_names.BACKGROUND: Score(row_names.BACKGROUND, 1000, 985)}
    assert aims.no_worse(chance, before) == ()
    less = {**same, row_names.BACKGROUND: Score(row_names.BACKGROUND, 1000, 984)}
    assert [worse.kind for worse in aims.no_worse(less, before)] == [row_names.BACKGROUND]
    assert str(aims.no_worse(less, before)[0]) == "background: 98.4 %, before 99.0 %"


def test_a_kind_that_was_not_measured_might_be_worse() -> None:
    scores = all_at(Fraction(1))
    del scores[row_names.COUNT]
    with pytest.raises(ValueError, match=r"not measured.*count"):
        aims.no_worse(scores, aims.today())


def test_scoring_needs_neither_torch_nor_llama_cpp() -> None:
    code = (
        "import sys; import training.evaluation.scoring, training.evaluation.aims\n"
        "print(sorted({'torch', 'xllamacpp', 'gguf', 'numpy', 'PIL', 'httpx2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
