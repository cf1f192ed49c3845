"""What two readings may differ in, each kind by itself: the same text, as a layer has it and as a model writes it."""

from __future__ import annotations

import pytest

from ollama_vision.documents import judge_page

FOLDED = {
    "composed": ("caf\u00e9", "cafe\u0301"),
    "ligatures": ("the \ufb01nal o\ufb03ce \ufb02oor", "the final office floor"),
    "hyphens": ("infor-\r\nmation of a well-\r\nknown Jean-\r\nLuc", "information of a well-known Jean-Luc"),
    "PDFium's hyphens": ("infor\x02mation of a well\x02known man", "information of a well-known man"),
    "drawn soft hyphens": ("infor\u00admation of a well\u00adknown", "infor\u00admation of a well-known"),
    "line ends": ("one\r\ntwo\r\nthree", "one two\nthree"),
    "spaces": ("one\u00a0two   three\u200b", "one two three"),
    "bullets": ("\u2022 pears\n\u2022 plums\n\uf0b7 limes", "- pears\n* plums\n+ limes"),
    "bullets that were taken for other signs": ("\u2022 pears\n\u2022 plums", "\u00a2 pears\n\u00ab plums"),
    "headings": ("Title\nPart", "# Title\n\n## Part ##"),
    "emphasis": ("bold italic both gone code", "**bold** *italic* ***both*** ~~gone~~ `code`"),
    "tables": ("Name Paid\nPears 12", "| Name | Paid |\n|:---|---:|\n| Pears | 12 |"),
    "tables without outer pipes": ("Name Paid\nPears 12", "Name | Paid |\n--- | ---\nPears | 12 |"),
    "HTML tables": (
        "Name Paid\nPears 12",
        "<table><tr><th>Name</th><th>Paid</th></tr><tr><td>Pears<td>12</tr></table>",
    ),
    "HTML within": ("H2O & more", "H<sub>2</sub>O &amp; <b>more</b>"),
    "links": ("See our page", "See [our page](https://example.org/a_(b))"),
    "code": ("a = b[0]", "```python\na = b[0]\n```"),
    "quoted": ("He said so", "> He said so"),
    "escapes": ("5 * 3 and snake_case", "5 \\* 3 and snake\\_case"),
    "tasks": ("done\nto do", "- [x] done\n- [ ] to do"),
    "boxes": ("\u2611 done\n\uf0a8 to do", "- [x] done\n- [ ] to do"),
    "drawn boxes": ("Yes No", "Yes [x] No \u2610"),
    "rules": ("one\ntwo", "one\n\n---\n\ntwo\n***"),
    "Chinese": (
        "\u6771\u4eac\u90fd\u306b\r\n\u884c\u304d\u307e\u3057\u305f",
        "\u6771\u4eac\u90fd\u306b\u884c\u304d\u307e\u3057\u305f",
    ),
}


@pytest.mark.parametrize(("layer", "answer"), FOLDED.values(), ids=FOLDED)
def test_folded_before_comparing(layer: str, answer: str) -> None:
    judged = judge_page(answer, layer=layer)
    assert (judged.verdict, judged.cer, judged.wer, judged.findings) == ("agrees", 0, 0, ())


SAME_WORDS = {
    "quotes": ("\u201cIt\u2019s\u201d", '"It\'s"'),
    "spaces between letters": ("A n n u a l report", "Annual report"),
    "words with spaces between letters": ("T h e p e a r s a n d a p l u m 6 0 , 5 1", "The pears and a plum 60,51"),
    "two words put together": ("p ears a ndplums a ndpeaches", "pears and plums and peaches"),
    "no space behind a full stop": ("of a term.1938 was", "of a term. 1938 was"),
    "thousands": ("1 250 000 inhabitants", "1250000 inhabitants"),
    "full width": ("\uff11\uff12 yen", "12 yen"),
    "dots of a table of contents": ("Pears ........ 12", "Pears 12"),
    "dashes": ("1990\u20131995 \u2014 five years", "1990-1995 - five years"),
    "a full stop within brackets": ("(1,250)", "(1,250.)"),
    "minus": ("\u22125", "-5"),
}


@pytest.mark.parametrize(("layer", "answer"), SAME_WORDS.values(), ids=SAME_WORDS)
def test_the_same_words_in_other_signs(layer: str, answer: str) -> None:
    judged = judge_page(answer, layer=layer)
    assert (judged.verdict, judged.findings) == ("agrees", ())


OTHERS = {
    "checked box": ("\u2611 done", "\u2610 done"),
    "sign": ("\u22125", "5"),
    "an order of years": ("1917-2014", "2014-1917"),
    "accountants' minus": ("(1,250)", "1,250"),
    "decimals": ("1.5", "15"),
    "decimals without a zero": (".5", "5"),
    "currency": ("\u20ac5", "$5"),
    "percent": ("5%", "5"),
    "cells": ("12 345", "123 45"),
    "joined cells": ("2019 2020", "20192020"),
    "years": ("1990-1995", "1990-1996"),
    "plus": ("+49", "49"),
    "address": ("john.doe@example.org", "johndoe@example.org"),
}


@pytest.mark.parametrize(("layer", "answer"), OTHERS.values(), ids=OTHERS)
def test_what_says_something_else(layer: str, answer: str) -> None:
    assert judge_page(f"before {answer} behind", layer=f"before {layer} behind").needs_look
