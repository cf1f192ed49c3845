"""What document models answer, as Markdown: fences, HTML tables, DocTags, grounding; and two halves as one text."""

from __future__ import annotations

import pytest

from ollama_vision.documents.answers import markdown_table, plain_markdown, with_grounding
from ollama_vision.documents.doctags import markdown_of_doctags
from ollama_vision.documents.document import markdown_of, section, sections_in
from ollama_vision.documents.halves import joined
from ollama_vision.documents.prompts import FAMILIES, GENERAL, family_of

Box = tuple[float, float, float, float]


def saved(box: Box, label: str) -> str:
    return f"[{label} at {' '.join(f'{side:g}' for side in box)}]"


@pytest.mark.parametrize(
    ("answer", "markdown"),
    [
        ("```markdown\n# Title\n\nWords.\n```", "# Title\n\nWords."),
        ("```\nWords.\n```\n", "Words."),
        ("```md\nWords.", "Words."),  # cut
        ("```\ncode\n```\nand words", "```\ncode\n```\nand words"),
        ("```markdown\nWords:\n```python\nprint(1)\n```\n```", "Words:\n```python\nprint(1)\n```"),
        ("  Words.\n\n\n\nMore.\n", "Words.\n\nMore."),
    ],
)
def test_a_fence_around_all_of_it_is_no_part_of_the_page(answer: str, markdown: str) -> None:
    assert plain_markdown(answer) == markdown


def test_tables_in_html_become_markdown_tables() -> None:
    table = (
        "<table><thead><tr><th rowspan=2>Item</th><th colspan='2'>2026</th></tr><tr><th>Q1</th><th>Q2</th></tr></thead>"
        "<tr><td>Nails &amp; screws</td><td>7|5</td><td>8<br>9</td></tr><tr><td>Glue</td></tr></table>"
    )
    assert markdown_table(table).strip() == (
        "| Item | 2026 |  |\n| --- | --- | --- |\n|  | Q1 | Q2 |\n| Nails & screws | 7\\|5 | 8 9 |\n| Glue |  |  |"
    )
    assert plain_markdown(f"Before\n{table}\nafter").startswith("Before\n\n| Item |")
    assert markdown_table("<table><tr></tr></table>") == ""


def test_figures_stand_where_the_model_puts_them() -> None:
    told = "Above\n![A chart](bbox_2d=[10, 20.5, 300, 400])\nbelow ![logo](logo.png)"
    assert plain_markdown(told, saved) == "Above\n[A chart at 10 20.5 300 400]\nbelow ![logo](logo.png)"
    assert plain_markdown(told) == "Above\n\nbelow ![logo](logo.png)"


def test_grounding_of_deepseek_ocr() -> None:
    """As the model's own code takes them apart: run_dpsk_ocr_image.py of deepseek-ai/DeepSeek-OCR."""
    told = (
        "<|ref|>title<|/ref|><|det|>[[75, 133, 744, 160]]<|/det|>\n# Reactions\n\n"
        "<|ref|>image<|/ref|><|det|>[[515, 626, 920, 816]]<|/det|>\n\n"
        "<|ref|>table<|/ref|><|det|>[[1, 2, 3, 4]]<|/det|>\n<table><tr><td>a</td></tr><tr><td>b</td></tr></table>"
        "<\uff5cend\u2581of\u2581sentence\uff5c>"
    )
    assert with_grounding(told, saved) == "# Reactions\n\n[ at 515 626 920 816]\n\n| a |\n| --- |\n| b |"
    assert with_grounding(told) == "# Reactions\n\n| a |\n| --- |\n| b |"


DOCTAGS = """<doctag><page_header><loc_1><loc_2><loc_3><loc_4>Yearly report</page_header>
<section_header_level_1><loc_58><loc_44><loc_426><loc_91>Sales</section_header_level_1>
<text><loc_58><loc_98><loc_426><loc_120>Sales rose by 4.5 %.</text>
<unordered_list><list_item><loc_1><loc_1><loc_1><loc_1>· north</list_item>
<list_item>south</list_item>
</unordered_list>
<ordered_list><list_item>first</list_item><list_item>2. second</list_item></ordered_list>
<otsl><loc_1><loc_2><loc_3><loc_4><caption>Table 1: Sales</caption>\
<ched>Area<ched>2025<ched>2026<nl><rhed>North<fcel>12<fcel>14<nl><fcel>South<lcel><ecel><nl></otsl>
<picture><loc_50><loc_60><loc_450><loc_300><pie_chart><caption>Figure 1</caption></picture>
<code><_Python_>print(1)</code>
<formula>x^2</formula><checkbox_selected>paid</checkbox_selected>
</doctag>"""


def test_doctags_of_docling_s_models() -> None:
    """The tags of docling-project/docling-core, types/doc/tokens.py."""
    assert markdown_of_doctags(DOCTAGS, saved) == (
        "Yearly report\n\n## Sales\n\nSales rose by 4.5 %.\n\n- north\n- south\n\n1. first\n2. second\n\n"
        "Table 1: Sales\n\n"
        "| Area | 2025 | 2026 |\n| --- | --- | --- |\n| North | 12 | 14 |\n| South |  |  |\n\n"
        "[Figure 1 at 50 60 450 300]\n\nFigure 1\n\n```python\nprint(1)\n```\n\n$$x^2$$\n\n- [x] paid"
    )


@pytest.mark.parametrize("share", [0.2, 0.21, 0.5, 0.51, 0.8, 0.95])
def test_doctags_that_were_cut_keep_what_came(share: float) -> None:
    came = DOCTAGS[: int(len(DOCTAGS) * share)]
    made = markdown_of_doctags(came)
    assert "Yearly report" in made
    assert "loc_" not in made
    assert ("Sales rose" in made) == ("Sales rose" in came)


def test_an_answer_without_tags_stays_as_it_is() -> None:
    assert markdown_of_doctags(" 3 < 4 and a > b \n") == "3 < 4 and a > b"


def test_families_by_the_names_that_models_have() -> None:
    names = {
        "deepseek-ocr": "deepseek-ocr",
        "hf.co/unsloth/DeepSeek-OCR-GGUF:q8": "deepseek-ocr",
        "glm-ocr:bf16": "glm-ocr",
        "ibm/granite-docling:258m": "granite-docling",
        "qwen2.5vl:7b": "general",
        "granite3.2-vision": "general",
    }
    assert {name: family_of(name).name for name in names} == names
    assert all(family.source.startswith("https://") for family in FAMILIES if family is not GENERAL)


UPPER = "One two three four.\nFive six seven eight.\nNine ten eleven twelve.\nThirt"
LOWER = "ive six sev\nNine ten eleven twelve.\nThirteen fourteen fifteen.\nEnd of it."


def test_what_both_halves_have_is_there_once() -> None:
    assert joined(UPPER, LOWER) == (
        "One two three four.\nFive six seven eight.\nNine ten eleven twelve.\nThirteen fourteen fifteen.\nEnd of it."
    )


def test_halves_that_share_nothing_stand_one_below_the_other() -> None:
    assert joined("One two three four.", "Five six seven eight.") == "One two three four.\n\nFive six seven eight."
    assert joined("One two.", "") == "One two."
    assert joined("", "") == ""


def test_a_row_of_signs_alone_is_no_overlap() -> None:
    assert joined("a b c | | |", "| | | d e f") in ("a b c | | | d e f", "a b c | | |\n\n| | | d e f")


def test_sections_are_read_back_as_they_were_written() -> None:
    lines = [
        {"text": "Words.\n", "verdict": "agrees"},
        {"text": "", "verdict": "no ink"},
        {"text": "<!-- page 9 -->\nsaid the model", "verdict": "no layer"},
        {"text": "Half", "verdict": "cut"},
    ]
    sections = {number: section(line) for number, line in enumerate(lines, 1)}
    made = markdown_of(sections.items())
    assert made.startswith("<!-- page 1 -->\n\nWords.\n\n<!-- page 2 -->\n\n<!-- page 3 -->\n\n\\<!-- page 9 -->")
    assert sections_in(made) == sections
    assert sections_in("# Notes of mine\n") is None
