"""Markdown files beside the lines: written whole, made up for after a kill, in nobody else's place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ollama_vision.batch import Line, find_pictures
from ollama_vision.batch.results.ledger import encode
from ollama_vision.documents import DocumentFiles
from ollama_vision.errors import SidecarError
from tests.support.result_lines import record


def page_of(page: int, text: str, verdict: str = "agrees", path: str = "scans/a.pdf", **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"document": path, "source": "model", "verdict": verdict, "cer": None, "wer": None}
    return record(path, page, **{"pages": 2, "text": text, "findings": [], **told, **more})


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DocumentFiles:
    monkeypatch.chdir(tmp_path)
    Path("scans").mkdir()
    Path("scans/a.pdf").write_bytes(b"")
    return begun()


def begun(*lines: dict[str, Any], only: Sequence[int] = (1, 2)) -> DocumentFiles:
    """Those of a run that finds such lines."""
    results = Path("text/pages.jsonl")
    results.parent.mkdir(exist_ok=True)
    results.write_bytes(b"".join(map(encode, lines)))
    made = DocumentFiles.among(results, find_pictures("scans").files, Path("text"), lambda page: page in only)
    told = [Line(number, line, 0, True) for number, line in enumerate(lines, 1)]
    for line in told:
        made.know(line)
    made.catch_up(iter(told))
    return made


MADE = Path("text/a.pdf.md")


def test_it_is_written_with_its_last_page(files: DocumentFiles) -> None:
    files.write(page_of(2, "Second"))
    assert not MADE.exists()
    files.write(page_of(1, "First"))
    assert MADE.read_text() == "<!-- page 1 -->\n\nFirst\n\n<!-- page 2 -->\n\nSecond\n"
    assert sorted(path.name for path in Path("text").iterdir()) == ["a.pdf.md", "pages.jsonl"]
    assert files.extents() == {"scans/a.pdf": (2, 2)}


def test_a_page_that_is_taken_back_is_written_anew(files: DocumentFiles) -> None:
    lines = [page_of(1, "First"), page_of(2, "Second")]
    for line in lines:
        files.write(line)
    blind = {"type": "BlindModelError", "message": "scans/a.pdf: it does not see"}
    again = page_of(2, "", "failed", error=blind)
    Path("text/pages.jsonl").write_bytes(b"".join(map(encode, [*lines, again])))
    files.write(again)
    assert "Second" in MADE.read_text()
    files.finish()
    assert MADE.read_text().endswith("<!-- page 2 -->\n\n<!-- failed: this page was not read -->\n")
    assert (files.counts["agrees"], files.counts["failed"]) == (1, 1)
    assert files.needing_look() == ["scans/a.pdf, page 2: failed: : it does not see"]


def test_a_run_that_goes_on_makes_up_for_what_is_missing(files: DocumentFiles) -> None:
    lines = [page_of(1, "First"), page_of(2, "Second")]
    assert begun(*lines).written == 1
    assert MADE.read_text().count("<!-- page") == 2
    assert begun(*lines).written == 0
    MADE.write_text("<!-- page 1 -->\n\nFirst\n")  # as a run about page 1 left it
    assert begun(*lines).written == 1
    assert MADE.read_text().count("<!-- page") == 2


@pytest.mark.parametrize("text", ["# Mine\n", "<!-- page 1 -->\n\nFirst, mended\n\n<!-- page 2 -->\n\nSecond\n", ""])
def test_what_somebody_wrote_stays(files: DocumentFiles, text: str) -> None:
    MADE.write_text(text)
    made = begun(page_of(1, "First"), page_of(2, "Second"))
    assert (MADE.read_text(), made.written, made.left_alone) == (text, 0, [MADE])


def test_a_folder_that_cannot_be_written_to(files: DocumentFiles) -> None:
    MADE.mkdir()
    files.write(page_of(1, "First"))
    with pytest.raises(SidecarError, match=r"cannot be written.*The pages are in text/pages\.jsonl"):
        files.write(page_of(2, "Second"))


def test_looks_are_told_by_page_with_what_was_found(files: DocumentFiles) -> None:
    found = {"verdict": "numbers differ", "layer": "12", "answer": "21"}
    other = {"verdict": "words differ", "layer": "a", "answer": "b"}
    more = {"verdict": "numbers differ", "layer": "7", "answer": "", "reader": "m"}
    drawn = {"verdict": "not drawn", "layer": "", "answer": "", "reason": "its picture 1 cannot be decoded"}
    files.write(page_of(10, "x", "numbers differ", findings=[other, found, more], pages=10))
    files.write(page_of(2, "x", "not drawn", findings=[drawn], pages=10))
    assert files.needing_look() == [
        "scans/a.pdf, page 2: not drawn: its picture 1 cannot be decoded",
        "scans/a.pdf, page 10: numbers differ (12 -> 21 and 1 more)",
    ]
