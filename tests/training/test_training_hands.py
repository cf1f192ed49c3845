"""Pictures by other hands: seeded sketches, four programs that draw what they say, and what an answer is worth."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from random import Random
from shutil import which

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama
from ollama_vision import VisionModel
from training.evaluation import aims, row_names
from training.evaluation.card_hands import by_other_hands as card_of
from training.evaluation.certainty import Certainty, Doubtful, auc, doubtful, judged, probabilities
from training.evaluation.hands import by_cairo, by_chromium, by_magick
from training.evaluation.hands.cases import DAMAGES, missing
from training.evaluation.hands.sketch import FILLS, GROUNDS, KINDS, SIZES, STYLES, Sketch, random_sketch, rgb
from training.evaluation.results import File, Results
from training.evaluation.run import _drawn_by_others
from training.evaluation.scoring import Reply, Score, Things, part

DRAWN_BY_ALL = tuple(ground for ground in GROUNDS if ground != "photograph")


def sketches(number: int = 24) -> list[Sketch]:
    rng = Random("sketches")
    return [
        random_sketch(rng, 1 + at % 4, DRAWN_BY_ALL[at % 4], [(0.06, 0.14)], STYLES[at // 4 % 4], ())
        for at in range(number)
    ]


def test_a_sketch_is_the_same_for_the_same_seed_and_its_things_do_not_touch() -> None:
    assert sketches() == sketches()
    for sketch in sketches(60):
        assert len(set(sketch.names)) == len(sketch.marks)
        for mark in sketch.marks:
            assert mark.fill in FILLS[mark.colour]
            assert mark.kind in KINDS
            assert mark.radius <= min(mark.x, mark.y, sketch.size[0] - mark.x, sketch.size[1] - mark.y)
            assert all(math.dist(rgb(mark.fill), rgb(colour)) > 100 for colour in sketch.ground.colours)
        for one, other in combinations(sketch.marks, 2):
            assert math.dist((one.x, one.y), (other.x, other.y)) > 1.4 * (one.radius + other.radius)


def test_sizes_leave_nothing_out() -> None:
    ends = [end for span in SIZES.values() for end in span]
    assert (ends[0], ends[-1]) == (0.025, 0.45)
    assert ends[1:-1:2] == ends[2::2]


PROGRAMS = [
    pytest.param(
        by_cairo.draw_all,
        marks=pytest.mark.skipif(any("cairo" in each for each in missing()), reason="needs cairo"),
        id="cairo",
    ),
    pytest.param(
        by_magick.draw_all,
        marks=pytest.mark.skipif(which(by_magick.PROGRAM) is None, reason="needs ImageMagick"),
        id="ImageMagick",
    ),
    *(
        pytest.param(
            draw, marks=pytest.mark.skipif(by_chromium.program() is None, reason="needs Chromium"), id=draw.__name__
        )
        for draw in (by_chromium.draw_all_as_svg, by_chromium.draw_all_on_canvas)
    ),
]


@pytest.mark.parametrize("draw", PROGRAMS)
def test_a_program_draws_every_thing_where_and_in_the_colour_it_says(
    draw: Callable[[Sequence[Sketch]], list[bytes]],
) -> None:
    drawn = sketches(16)
    files = draw(drawn)
    for sketch, file in zip(drawn, files, strict=True):
        picture = Image.open(io.BytesIO(file)).convert("RGB")
        assert picture.size == sketch.size
        for mark in sketch.marks:
            middle = picture.getpixel((int(mark.x), int(mark.y)))
            assert isinstance(middle, tuple)
            assert math.dist(middle, rgb(mark.fill)) < 12, (mark, middle)
            # And out of its reach there is ground: nothing is larger than it says.
            for angle in range(0, 360, 30):
                x = mark.x + mark.radius * 1.45 * math.cos(math.radians(angle))
                y = mark.y + mark.radius * 1.45 * math.sin(math.radians(angle))
                inside = 0 <= x < sketch.size[0] and 0 <= y < sketch.size[1]
                near = any(math.dist((x, y), (other.x, other.y)) < other.radius * 1.3 for other in sketch.marks)
                if inside and not near:
                    outside = picture.getpixel((int(x), int(y)))
                    assert isinstance(outside, tuple)
                    assert math.dist(outside, rgb(mark.fill)) > 60


@pytest.mark.parametrize("draw", PROGRAMS)
def test_the_demo_model_describes_what_other_programs_draw(
    draw: Callable[[Sequence[Sketch]], list[bytes]], demo_server: EmbeddedOllama
) -> None:
    """A sample of what the card's figures are of. Without the pictures nobody is right once in forty."""
    rng = Random("described")
    spans = [SIZES[size] for size in list(SIZES)[1:]]
    drawn = [
        random_sketch(rng, 1, DRAWN_BY_ALL[at % 4], [spans[at % len(spans)]], STYLES[at // 4 % 4], ())
        for at in range(20)
    ]
    with VisionModel(demo_server.model, demo_server.url, temperature=0.0) as model:
        answers = [model.ask("What is in the picture?", file).text for file in draw(drawn)]
    wrong = [
        (sketch.names, answer)
        for sketch, answer in zip(drawn, answers, strict=True)
        if not Things(sketch.names).is_met_by(Reply(answer))
    ]
    assert len(wrong) <= 2, wrong


def test_an_answer_names_every_thing_once_and_nothing_else() -> None:
    wanted = Things(("red circle", "blue star"))
    assert wanted.is_met_by(Reply("A small blue star on the left and a large red circle at the top."))
    assert wanted.is_met_by(Reply("red circle, blue star"))
    assert not wanted.is_met_by(Reply("A small blue star on the left."))
    assert not wanted.is_met_by(Reply("A blue star, a red circle and a red circle."))
    assert not wanted.is_met_by(Reply("A blue star, a red circle and a black cross."))
    assert not wanted.is_met_by(Reply("A blue star and a red circle.", error="500"))


def test_damages_change_a_picture() -> None:
    picture = Image.new("RGB", (300, 240), (210, 120, 40))
    picture.paste((20, 20, 20), (100, 90, 180, 160))
    for name, damage in DAMAGES.items():
        assert damage(picture, Random(1)).base64 != "", name
    assert len({damage(picture, Random(1)).base64 for damage in DAMAGES.values()}) == len(DAMAGES)


def test_without_the_programs_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    monkeypatch.setattr("training.evaluation.run.missing", lambda: ("a pencil",))
    console = Console(file=io.StringIO(), width=200)
    assert _drawn_by_others(1, 2, console) == []
    assert "lacks a pencil" in console.file.getvalue()  # type: ignore[attr-defined]


def hands_at(share: Fraction) -> dict[str, Score]:
    rows = (row_names.HANDS_ONE, row_names.HANDS_MORE, row_names.HANDS_COUNT, row_names.HANDS_SCHEMA, row_names.LABELS)
    names = [*rows, part(row_names.HANDS_ONE, aims.HARDEST), part(row_names.HANDS_ONE, "blurred")]
    return {row: Score(row, 1000, int(1000 * share)) for row in names}


@pytest.mark.parametrize(
    ("row", "aim"),
    [
        (row_names.HANDS_ONE, 980),
        (part(row_names.HANDS_ONE, "blurred"), 950),
        (part(row_names.HANDS_ONE, aims.HARDEST), 930),
        (row_names.HANDS_COUNT, 950),
        (row_names.HANDS_SCHEMA, 970),
        (row_names.LABELS, 990),
    ],
)
def test_pictures_by_other_hands_have_aims(row: str, aim: int) -> None:
    for right, reached in ((aim, True), (aim - 1, False)):
        scores = {**hands_at(Fraction(1)), row: Score(row, 1000, right)}
        told = {verdict.aim: verdict.reached for verdict in aims.deciding(scores, 0.95)}
        assert told[row] is reached
        assert all(told[other] for other in told if other != row)


def test_the_card_has_a_row_for_each_part_with_sizes_first() -> None:
    one = row_names.HANDS_ONE
    rows = (one, part(one, "noisy"), part(one, "cairo"), part(one, aims.HARDEST), row_names.LABELS)
    scores = {row: Score(row, 400, 399 - at) for at, row in enumerate(rows)}
    file = File("a.gguf", 1, "00")
    results = Results(400, 1, 2000, 60.0, file, file, scores, certainty=Certainty(400, 300, 0.91234))
    lines = list(card_of(results, {one: Fraction(1, 3)}))
    told = [line for line in lines if line.startswith("|")][2:]
    assert told == [
        "| **one thing, described: as drawn and damaged** | 400 | .997 | .333 |",
        "| … radius 6 to 9 % | 400 | .990 |  |",
        "| … cairo | 400 | .992 |  |",
        "| … noisy | 400 | .995 |  |",
        "| **labels named behind the question, on clean scenes** | 400 | .987 |  |",
    ]
    assert "Of 400 questions" in lines[-2]
    assert lines[-2].endswith("(AUC): 0.912.")
    bare = Results(400, 1, 2000, 60.0, file, file, {"count": Score("count", 400, 400)})
    assert list(card_of(bare, {})) == []


def test_the_hardest_size_is_one_that_is_drawn() -> None:
    assert aims.HARDEST in SIZES


def test_a_probability_must_tell_right_from_wrong() -> None:
    for found, reached in ((None, None), (0.899, False), (0.9, True)):
        told = {verdict.aim: verdict.reached for verdict in aims.deciding({}, found)}
        assert told[aims.SURER] is reached


def test_auc_is_the_share_of_pairs_in_their_right_order() -> None:
    assert auc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert auc([0.9, 0.3], [0.5]) == 0.5
    assert auc([0.5], [0.5]) == 0.5
    assert auc([], [0.5]) is None
    # By scikit-learn's roc_auc_score([1, 0, 1, 1, 0], [.9, .8, .7, .6, .1]).
    assert auc([0.9, 0.7, 0.6], [0.8, 0.1]) == pytest.approx(2 / 3)


def test_probabilities_are_shares_among_the_labels() -> None:
    assert probabilities([math.log(0.02), math.log(0.06)]) == pytest.approx([0.25, 0.75])
    assert probabilities([-900.0, -901.0])[0] == pytest.approx(1 / (1 + math.exp(-1)))
    with pytest.raises(ValueError, match="no log probabilities"):
        probabilities([-1.0, math.nan])


def test_the_most_probable_label_is_the_answer() -> None:
    picture = next(doubtful(1, 1)).picture
    questions = [Doubtful("?", ("a", "b"), 0, picture), Doubtful("?", ("a", "b", "c"), 2, picture)]
    logs = (-0.1, -3.0, -1.0, -0.5, -2.0)
    found = judged(questions, [Reply("", log_probability=each) for each in logs])
    assert found == Certainty(2, 1, 1.0)


def test_doubtful_questions_hold_every_label_to_itself() -> None:
    for question in doubtful(1, 9):
        cases = list(question.cases())
        assert [case.options["format"]["const"] for case in cases] == list(question.labels)
        assert {case.options["logprobs"] for case in cases} == {True}
        assert 0 <= question.right < len(question.labels)
