"""The report on pages.jsonl: each page's picture beside its text, its verdict, and what was found marked in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_vision.cli.report.html import joined
from ollama_vision.cli.report.verdicts import Verdict, marked_text
from tests.support.documents import MINUTES, TEXTS, born_digital
from tests.support.report_pages import Node, cards, line_of, report_of, thumbnail, words


def page_line(file: Path, page: int, text: str, verdict: str = "agrees", *findings: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "document": file.name,
        "source": "model",
        "verdict": verdict,
        "findings": list(findings),
        "cer": 0.013,
    }
    return line_of(file, page=page, pages=3, text=text, wer=0.03, sha256="ab" * 32, **told)


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    file = tmp_path / "a.pdf"
    file.write_bytes(born_digital(*TEXTS))
    return file


NUMBERS = {"verdict": "numbers differ", "layer": "48,900", "answer": "49,800"}
LEFT_OUT = {"verdict": "only in layer", "layer": "Nails 500 <pieces>", "answer": "", "reader": "tesseract"}


def cards_in_order(page: Node) -> list[Node]:
    return page.all("article", class_="card")


def test_each_page_has_its_picture_verdict_and_findings(letters: Path) -> None:
    wrong = MINUTES.replace("48,900", "49,800")
    page = report_of(
        letters.parent,
        page_line(letters, 1, TEXTS[0]),
        page_line(letters, 2, wrong, "numbers differ", NUMBERS),
        page_line(letters, 3, "Invoice", "only in layer", LEFT_OUT),
    )
    first, second, third = cards_in_order(page)
    assert [card.one("span", class_="badge").text for card in (first, second, third)] == [
        "agrees",
        "numbers differ",
        "only in layer",
    ]
    assert words(first.one("p", class_="verdict")) == "agrees CER 1.3% · WER 3.0%"
    assert words(second.one("ul", class_="findings")) == "numbers differ 48,900 → 49,800"
    assert [mark.text for mark in second.all("mark")] == ["49,800"]
    assert second.one("div", class_="text").text == wrong
    assert words(third.one("ul", class_="findings")) == "only in layer Nails 500 <pieces> (tesseract)"
    assert [("data-look" in card.one("section").attributes) for card in (first, second, third)] == [False, True, True]
    assert thumbnail(second).size[0] > 600
    (tile,) = [one for one in page.one("dl", class_="numbers").all("div") if "Need a look" in one.text]
    assert words(tile) == "Need a look266.7 % of what was read"
    assert page.one("input", id="only-looks")


def test_a_report_of_pictures_knows_of_no_verdicts(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "a.png")
    page = report_of(tmp_path, line_of(tmp_path / "a.png", verdict="pretty", findings="none"))
    assert "Need a look" not in page.text
    assert not page.all("p", class_="verdict")
    assert not page.all("input", id="only-looks")
    assert "page" not in cards(page)["a.png"]["class"].split()


def test_a_page_that_cannot_be_drawn_whole_is_shown_as_it_was_sent(tmp_path: Path) -> None:
    from tests.support.pdf_files import page_pdf, picture, standard_font
    from tests.support.pdf_files import words as drawn_words

    file = tmp_path / "broken.pdf"
    broken = picture(b"/Filter /JPXDecode /ColorSpace /DeviceRGB", b"no JPEG 2000")
    commands = b"q 64 0 0 64 300 20 cm /I Do Q " + drawn_words(b"(Total 44.05)")
    resources = b"/Font << /F1 5 0 R >> /XObject << /I 6 0 R >>"
    file.write_bytes(page_pdf(commands, resources, *standard_font(b"Helvetica"), broken))
    finding = {"verdict": "not drawn", "layer": "", "answer": "", "reason": "its picture 1 cannot be decoded"}
    page = report_of(tmp_path, page_line(file, 1, "Total 44.05", "not drawn", finding))
    assert words(page.one("ul", class_="findings")) == "not drawn its picture 1 cannot be decoded"
    assert min(thumbnail(page.one("article")).convert("L").tobytes()) < 100


def marked(text: str, *answers: str) -> str:
    findings = tuple({"verdict": "words differ", "layer": "x", "answer": answer} for answer in answers)
    return marked_text(text, Verdict("words differ", findings, {}, "model")).replace(' title="words differ"', "")


def test_words_are_marked_where_they_stand() -> None:
    assert marked("a *b* c", "b") == "a *<mark>b</mark>* c"
    assert marked("one **two**\n# three", "two three") == "one **<mark>two**\n# three</mark>"
    assert marked("no no no", "no", "no") == "<mark>no</mark> <mark>no</mark> no"
    assert marked("<b> & c", "&") == "&lt;b&gt; <mark>&amp;</mark> c"
    assert marked("as it is", "elsewhere") == "as it is"
    assert joined("x") == "x"
