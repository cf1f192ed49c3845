"""Generated pages with known text, drawn by lot: none that was read well needs a look, and each fault is found.

A sample of what `python -m benchmarks.verdicts` measures, with other seeds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks.verdicts import tesseract
from benchmarks.verdicts.faults import FAULTS
from benchmarks.verdicts.layouts import Page, draw_page, fonts
from benchmarks.verdicts.pdf_pages import pdf_of
from benchmarks.verdicts.readings import clean_reading
from benchmarks.verdicts.texts import SCRIPTS
from benchmarks.verdicts.truth import is_misread
from ollama_vision.documents import judge_page
from ollama_vision.pictures import ImageOptions, PictureSource, PreparedImage

PAGES = 24
pytestmark = pytest.mark.skipif(not fonts(), reason="needs fonts: apt install fonts-dejavu-core fonts-liberation")


def drawn(pages: list[Page], max_pixels: int = 1_003_520) -> Iterator[PreparedImage]:
    source = PictureSource.of(pdf_of(pages), ImageOptions(pages=len(pages), max_pixels=max_pixels))
    return replace(source, document=True).pages()


def layer_of(picture: PreparedImage) -> str:
    assert picture.facts is not None
    assert picture.facts.layer is not None
    return picture.facts.layer


@pytest.fixture(scope="module")
def pages() -> list[Page]:
    return [draw_page(SCRIPTS[number % len(SCRIPTS)], number) for number in range(PAGES)]


@pytest.fixture(scope="module")
def layers(pages: list[Page]) -> list[str]:
    return [layer_of(picture) for picture in drawn(pages)]


def test_pages_of_every_kind_are_among_them(pages: list[Page]) -> None:
    assert {element.kind for page in pages for element in page.elements} == {
        "heading",
        "paragraph",
        "bullets",
        "table",
        "columns",
        "foot",
    }
    assert {page.rotation for page in pages} == {0, 90, 180, 270}
    assert any(page.ligatures for page in pages)


def test_clean_readings_need_no_look(pages: list[Page], layers: list[str]) -> None:
    for number, (page, layer) in enumerate(zip(pages, layers, strict=True)):
        judged = judge_page(clean_reading(page, number), layer=layer)
        assert judged.verdict == "agrees", (number, judged.findings)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_found(fault: str, pages: list[Page], layers: list[str]) -> None:
    put_in = 0
    for number, (page, layer) in enumerate(zip(pages, layers, strict=True)):
        text = clean_reading(page, number)
        try:
            changed = FAULTS[fault](text, random.Random(f"{fault} {number}"))
        except IndexError:  # a page without digits, say
            continue
        put_in += 1
        judged = judge_page(changed, layer=layer)
        assert judged.needs_look, (number, changed)
    assert put_in > PAGES // 2


def test_another_page_is_not_this_one(pages: list[Page], layers: list[str]) -> None:
    texts = [clean_reading(page, number) for number, page in enumerate(pages)]
    for text, layer in zip(texts[1:], layers[:-1], strict=True):
        assert judge_page(text, layer=layer).needs_look


def test_a_page_on_its_side_keeps_its_lines() -> None:
    upright = draw_page("latin", 7)
    lines = {}
    for rotation in (0, 90, 180, 270):
        (picture,) = drawn([replace(upright, rotation=rotation)])
        lines[rotation] = layer_of(picture).split()
        # But for a hyphen, which swallows its line's end.
        assert layer_of(picture).count("\n") >= len({placed.y for placed in upright.placed}) - 4
    assert lines[90] == lines[180] == lines[270] == lines[0]


@pytest.mark.skipif("eng" not in tesseract.languages(), reason="needs Tesseract: apt install tesseract-ocr")
def test_tesseract_is_believed_where_it_reads_well() -> None:
    """Of these pages 5.3.0 has every word right, and the cells of the last one's tables column by column."""
    pages = [draw_page("latin", seed) for seed in (1031, 1033, 1053)]
    for page, picture in zip(pages, drawn(pages, max_pixels=4_000_000), strict=True):
        text = tesseract.read(picture.read(), "eng", 200)
        judged = judge_page(text, layer=layer_of(picture))
        assert judged.verdict == "agrees" or is_misread(page, text), (text, judged.findings)
