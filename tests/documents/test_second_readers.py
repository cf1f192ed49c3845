"""Tesseract as a second reader: the real one where it is installed, and one that a test writes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision import read_document
from ollama_vision.errors import SecondReaderError
from ollama_vision.pictures import ImageOptions, PictureSource
from tests.support.documents import INVOICE, LETTER, born_digital, inked, scan_of
from tests.support.pdf_files import LOCKED, PASSWORD

REAL = shutil.which("tesseract")
real = pytest.mark.skipif(REAL is None, reason="needs the program tesseract")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A letter as a scan at 300 dots an inch: without a text layer."""
    (page,) = PictureSource.of(born_digital(LETTER), ImageOptions(max_pixels=2_100_000)).pages()
    with page.open() as file, Image.open(file) as drawn:
        (tmp_path / "scan.pdf").write_bytes(scan_of(drawn))
    return tmp_path / "scan.pdf"


def says(text: str) -> EmbeddedOllama:
    return EmbeddedOllama(engine=ScriptedEngine(text, model="m"))


@real
def test_it_confirms_a_scan_or_finds_other_digits(scan: Path) -> None:
    with says(LETTER) as right:
        (page,) = read_document(scan, "m", right.url, second="tesseract:eng").pages
    assert (page.verdict, page.cer, page.line["readers"]["tesseract:eng"]["wer"]) == ("agrees", None, 0.0)
    with says(LETTER.replace("1,250.75", "1,260.75")) as wrong:
        (page,) = read_document(scan, "m", wrong.url, second="tesseract:eng").pages
    (found,) = page.findings
    assert (page.verdict, found.layer, found.answer, found.reader) == (
        "numbers differ",
        "1,250.75",
        "1,260.75",
        "tesseract:eng",
    )


@real
def test_it_reads_a_locked_document(tmp_path: Path) -> None:
    (tmp_path / "locked.pdf").write_bytes(LOCKED)
    with says("Locked 42") as server:
        (page,) = read_document(
            tmp_path / "locked.pdf", "m", server.url, second="tesseract:eng", password=PASSWORD, layer="ignore"
        ).pages
    assert page.verdict == "agrees"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name that knows English and German, says what stands in a file, and notes how it was called."""
    if os.name == "nt":
        pytest.skip("a shell script")
    program = tmp_path / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --list-langs ]; then printf "List of available languages (3):\\ndeu\\neng\\nosd\\n"; exit; fi\n'
        f'cat > {tmp_path}/sent.png; echo "$@" > {tmp_path}/called; cat {tmp_path}/said || exit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return program


def test_how_it_is_called(written: Path, scan: Path) -> None:
    folder = scan.parent
    (folder / "said").write_text(INVOICE)
    with says(INVOICE) as server:
        (page,) = read_document(scan, "m", server.url, second="tesseract").pages
        assert page.verdict == "agrees"
        assert (folder / "called").read_text() == "stdin stdout -l deu+eng\n"
        with Image.open(folder / "sent.png") as sent, Image.open(folder / "sent.png") as again:
            assert (sent.format, sent.size == again.size, min(sent.size) > 1100) == ("PNG", True, True)
        read_document(scan, "m", server.url, second="tesseract:deu")
    assert (folder / "called").read_text() == "stdin stdout -l deu\n"


def test_an_empty_page_is_not_given_to_it(written: Path, tmp_path: Path) -> None:
    (tmp_path / "said").write_text("Never read.")
    (tmp_path / "empty.pdf").write_bytes(scan_of(Image.new("RGB", (420, 300), "white")))
    with says("Never asked.") as server:
        (page,) = read_document(tmp_path / "empty.pdf", "m", server.url, second="tesseract").pages
    assert page.verdict == "no ink"
    assert not (tmp_path / "called").exists()


def test_what_it_cannot_do_is_said(written: Path, tmp_path: Path) -> None:
    (tmp_path / "bar.pdf").write_bytes(scan_of(inked()))
    with says("A bar.") as server:
        with pytest.raises(SecondReaderError, match=r"does not have the language fra\. It has deu, eng"):
            read_document(tmp_path / "bar.pdf", "m", server.url, second="tesseract:fra")
        (page,) = read_document(tmp_path / "bar.pdf", "m", server.url, second="tesseract").pages
    assert (page.verdict, page.line["error"]["type"]) == ("failed", "SecondReaderError")
    assert "cannot read" in page.line["error"]["message"]
