"""The verdict on a page: each word of the list, which of them need a look, and what a finding says."""

from __future__ import annotations

import sys

import pytest

from ollama_vision.documents import VERDICTS, judge_page, needs_look
from ollama_vision.errors import MissingExtraError

WORST_FIRST = """failed, cut, repeats, numbers differ, only in answer, only in layer, words differ, not drawn, no layer,
    not compared, from layer, no ink, agrees"""
NEED_NO_LOOK = {"no layer", "not compared", "from layer", "no ink", "agrees"}
LAYER = "Invoice 2024-117\nThree boxes of pears 12,500.00\nTwo sacks of plums 3,075.50\nPayable within thirty days"


def test_the_verdicts_and_which_of_them_need_a_look() -> None:
    assert list(VERDICTS) == [word.strip() for word in WORST_FIRST.split(",")]
    assert {verdict for verdict in VERDICTS if not needs_look(verdict)} == NEED_NO_LOOK
    assert not needs_look("order differs")


@pytest.mark.parametrize(
    ("answer", "verdict", "layer_words", "answer_words"),
    [
        (LAYER.replace("12,500", "12,050"), "numbers differ", "12,500.00", "12,050.00"),
        (LAYER.replace("3,075.50", "3.075,50"), "numbers differ", "3,075.50", "3.075,50"),
        (LAYER.replace("3,075.50", "-3,075.50"), "numbers differ", "3,075.50", "-3,075.50"),
        (LAYER.replace("3,075.50", "$3,075.50"), "numbers differ", "3,075.50", "$3,075.50"),
        (LAYER.replace("plums", "limes"), "words differ", "plums", "limes"),
        (LAYER.replace("Two sacks of plums 3,075.50\n", ""), "only in layer", "Two sacks of plums 3,075.50", ""),
        (LAYER + "\nI hope this helps!", "only in answer", "", "I hope this helps!"),
        (LAYER + "\nPayable within thirty days", "repeats", "", "Payable within thirty days"),
        (LAYER + "\nPayable within thirty days" * 3, "repeats", "", "Payable within thirty days"),
    ],
)
def test_an_answer_that_is_not_what_the_layer_says(
    answer: str, verdict: str, layer_words: str, answer_words: str
) -> None:
    judged = judge_page(answer, layer=LAYER)
    assert judged.verdict == verdict
    assert [finding.to_dict() for finding in judged.findings] == [
        {"verdict": verdict, "layer": layer_words, "answer": answer_words}
    ]
    assert judged.needs_look


def test_signs_that_need_no_spaces_are_shown_without_them() -> None:
    (finding,) = judge_page("12 \u5186", layer="\u8acb\u6c42\u66f8 12 \u5186").findings
    assert (finding.verdict, finding.layer) == ("only in layer", "\u8acb\u6c42\u66f8")


def test_the_worst_finding_is_the_verdict() -> None:
    judged = judge_page(LAYER.replace("plums", "limes").replace("117", "171"), layer=LAYER)
    assert [finding.verdict for finding in judged.findings] == ["numbers differ", "words differ"]
    assert judged.verdict == "numbers differ"


def test_error_rates_are_edits_over_the_layers_length_spaces_counted() -> None:
    # 19 signs, of which one is missing; four words, of which one is another.
    judged = judge_page("The quick brwn fox", layer="The quick brown fox")
    assert (judged.cer, judged.wer) == (1 / 19, 1 / 4)
    # A space too many is one edit, and of two words one.
    judged = judge_page("note book", layer="notebook")
    assert (judged.verdict, judged.cer, judged.wer) == ("agrees", 1 / 8, 2.0)
    assert judge_page("The fox", layer=None).cer is None


@pytest.mark.parametrize("layer", [None, "", " \r\n"])
def test_a_page_without_a_layer(layer: str | None) -> None:
    judged = judge_page("What the scan shows", layer=layer)
    assert (judged.verdict, judged.findings, judged.cer, judged.wer) == ("no layer", (), None, None)
    assert judge_page("What the scan shows", layer=layer, compared=False).verdict == "not compared"


def test_a_layer_that_is_not_to_be_looked_at() -> None:
    judged = judge_page("Something else", layer=LAYER, compared=False)
    assert (judged.verdict, judged.findings, judged.cer) == ("not compared", (), None)


def test_a_page_without_ink() -> None:
    assert judge_page("", layer=None, ink=False).verdict == "no ink"
    invented = judge_page("All warfare is based on deception.", layer=None, ink=False)
    assert (invented.verdict, invented.findings[0].answer) == ("only in answer", "All warfare is based on deception.")
    unseen = judge_page("", layer="White on white", ink=False)
    assert (unseen.verdict, unseen.findings[0].layer) == ("only in layer", "White on white")


def test_a_cut_answer_is_the_worst_whatever_else_is_found() -> None:
    judged = judge_page("Invoice 2024-117\nThree boxes of", layer=LAYER, cut=True)
    assert judged.verdict == "cut"
    assert judged.findings[0].to_dict() == {"verdict": "cut", "layer": "", "answer": "Invoice 2024-117 Three boxes of"}
    assert [finding.verdict for finding in judged.findings[1:]] == ["only in layer"]


def test_what_could_not_be_drawn() -> None:
    judged = judge_page(LAYER, layer=LAYER, undrawn=["its picture Im1 cannot be decoded"])
    assert (judged.verdict, judged.needs_look) == ("not drawn", True)
    assert judged.findings[0].to_dict() == {
        "verdict": "not drawn",
        "layer": "",
        "answer": "",
        "reason": "its picture Im1 cannot be decoded",
    }


def test_second_readers() -> None:
    confirmed = judge_page("Paid 45", layer=None, second={"tesseract": "Paid 45"})
    assert (confirmed.verdict, confirmed.findings, confirmed.cer) == ("agrees", (), None)
    assert confirmed.readers["tesseract"].cer == 0

    differs = judge_page("Paid 45", layer="Paid 45", second={"tesseract": "Paid 46"})
    assert (differs.verdict, differs.needs_look, differs.cer) == ("numbers differ", True, 0)
    assert [finding.to_dict() for finding in differs.findings] == [
        {"verdict": "numbers differ", "layer": "46", "answer": "45", "reader": "tesseract"}
    ]


def test_columns_read_in_another_order_need_no_look() -> None:
    left, right = "The left column tells how pears are grown", "and the right one what is paid for them"
    judged = judge_page(f"{right}\n\n{left}", layer=f"{left}\n{right}")
    assert (judged.verdict, judged.needs_look) == ("agrees", False)
    assert [finding.verdict for finding in judged.findings] == ["order differs"]
    assert judge_page(f"{right}\n\n{left}s", layer=f"{left}\n{right}").verdict == "words differ"


def test_numbers_in_another_row_are_no_other_order() -> None:
    layer = "Pears 10 20 30 40\nPlums 15 25 35 45"
    judged = judge_page("Pears 15 25 35 45\nPlums 10 20 30 40", layer=layer)
    assert judged.needs_look


IN_LINES = """Those long-term part-time shall info- Valley, efficient account before
rmation fifty with travel morning Mueller winter. Part-time particularly
reader flow efficient companies 808,421 every other, received after
company with plums. 45."""
IN_COLUMNS = """Those long-term part-time shall information fifty with travel morning reader flow efficient companies
company with plums.

Valley, efficient account before Mueller winter. Part-time particularly 808,421 every other, received after 45."""


def test_columns_that_the_layer_has_line_by_line() -> None:
    judged = judge_page(IN_COLUMNS, layer=IN_LINES)
    assert judged.verdict == "agrees"
    assert {finding.verdict for finding in judged.findings} == {"order differs"}
    swapped = IN_COLUMNS.replace("45.", "808,421.").replace("808,421 every", "45 every")
    assert judge_page(swapped, layer=IN_LINES).needs_look


@pytest.mark.parametrize(
    ("number", "other"),
    [("808,421 every", "45 every"), ("2007-10-20", "10-2007-20"), ("2007-10-20", "2007-20-10")],
)
def test_numbers_exchanged_where_columns_are_in_another_order(number: str, other: str) -> None:
    layer = IN_LINES.replace("45.", "2007-10-20.\n45")
    answer = IN_COLUMNS.replace("45.", "2007-10-20.\n\n45")
    assert judge_page(answer, layer=layer).verdict == "agrees"
    exchanged = answer.replace("\n45", "\n808,421") if "every" in other else answer
    assert judge_page(exchanged.replace(number, other), layer=layer).needs_look


TABLE = "| Fruit | Sold | Paid |\n|---|---|---|\n| Pears | 10 | 25.00 |\n| Plums | 20 | 37.50 |"


def test_a_table_that_the_layer_has_by_columns() -> None:
    by_columns = "Fruit\nPears\nPlums\nSold\n10\n20\nPaid\n25.00\n37.50"
    assert judge_page(TABLE, layer=by_columns).verdict == "agrees"
    assert judge_page(TABLE.replace("10", "20", 1).replace("| 20 | 37", "| 10 | 37"), layer=by_columns).needs_look


ROWS = "Fruit Sold Paid\nRed pears 10 25.00\nPlums 20 37.50\nYellow limes 5 12.25\nPayable within thirty days\n17"
BY_COLUMNS = """Fruit
Red pears
Plums
Yellow limes

Payable within thirty days

17

Sold Paid
10 25.00

20 37.50
5 12.25"""


def test_a_table_that_the_answer_has_by_columns() -> None:
    judged = judge_page(BY_COLUMNS, layer=ROWS)
    assert (judged.verdict, {finding.verdict for finding in judged.findings}) == ("agrees", {"order differs"})
    assert judge_page(ROWS, layer=BY_COLUMNS).verdict == "agrees"


@pytest.mark.parametrize(
    ("cells", "exchanged"),
    [("10 25.00\n\n20 37.50", "20 25.00\n\n10 37.50"), ("10 25.00", "25.00 10"), ("20 37.50\n5", "5 37.50\n20")],
)
def test_cells_exchanged_in_a_table_by_columns(cells: str, exchanged: str) -> None:
    assert judge_page(BY_COLUMNS.replace(cells, exchanged), layer=ROWS).needs_look


def test_a_number_misread_in_a_table_by_columns_is_all_that_differs() -> None:
    judged = judge_page(BY_COLUMNS.replace("37.50", "31.50"), layer=ROWS)
    assert judged.verdict == "numbers differ"
    differing = [finding for finding in judged.findings if finding.verdict != "order differs"]
    assert [(finding.layer, finding.answer) for finding in differing] == [("37.50", "31.50")]


def test_a_cell_of_two_lines() -> None:
    layer = "Fruit Sold Paid\nPears from the 10 25.00\nnew garden\nPlums 20 37.50"
    assert judge_page(TABLE.replace("Pears", "Pears from the new garden"), layer=layer).verdict == "agrees"


@pytest.mark.parametrize(
    "answer",
    [
        TABLE.replace("10", "20", 1).replace("| 20 | 37", "| 10 | 37"),
        TABLE.replace("25.00", "37.50", 1).replace("37.50 |", "25.00 |").replace("25.00", "37.50", 1),
        TABLE.replace("Pears", "Plums", 1).replace("\n| Plums | 20", "\n| Pears | 20"),
        TABLE.replace("| 10 | 25.00 |", "| 25.00 | 10 |"),
    ],
    ids=["numbers", "sums", "names", "columns"],
)
def test_cells_exchanged(answer: str) -> None:
    layer = "Fruit Sold Paid\nPears 10 25.00\nPlums 20 37.50"
    assert judge_page(TABLE, layer=layer).findings == ()
    assert judge_page(answer, layer=layer).needs_look


def test_a_line_said_over_and_over_without_a_layer() -> None:
    judged = judge_page("Dear Sir,\n" + "the pears are ripe now\n" * 40, layer=None)
    assert judged.verdict == "repeats"
    assert judged.findings[0].answer == "the pears are ripe now"


@pytest.mark.parametrize(
    "honest",
    [
        "| Name | Paid |\n|---|---|\n" + "| 0.00 | 0.00 |\n" * 12,
        "Signature Date Place\n" * 4,
        "Row by row by row by row they came",
    ],
)
def test_what_forms_and_tables_repeat(honest: str) -> None:
    assert judge_page(honest, layer=None).verdict == "no layer"


def test_comparing_without_the_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    with pytest.raises(MissingExtraError, match=r"ollama-vision\[read\]"):
        judge_page("Paid 45", layer="Paid 46")
    assert judge_page("Paid 45", layer=None).verdict == "no layer"
