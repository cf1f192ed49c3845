"""`ollama-vision report`: the page that it makes, and what it says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_vision.cli.app import run
from tests.support.report_pages import cards, draw, line_of, read, thumbnail, write
from tests.support.result_lines import FAILED, record


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_report_is_made_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, line_of(draw(folder / "a.png")), line_of(draw(folder / "b.png"), **FAILED))
    assert run(["report", "results.jsonl", "report.html", "--title", "Last night"]) == 0
    assert capsys.readouterr() == ("", "2 pictures, 1 failed, in report.html.\n")
    page = read(Path("report.html"))
    assert page.one("h1").text == "Last night"
    assert thumbnail(cards(page)["a.png"])


def test_pictures_are_looked_for_under_the_root(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, line_of(draw(folder / "a.png")))
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert run(["report", "../results.jsonl", "report.html"]) == 0
    assert "not there any more or changed since: 1 of 1." in (said := capsys.readouterr().err)
    assert "--root" in said
    assert run(["report", "../results.jsonl", "report.html", "--root", ".."]) == 0
    assert capsys.readouterr().err == "1 picture, 0 failed, in report.html.\n"
    assert cards(read(Path("report.html")))["a.png"].one("button")["data-full"] == "../a.png"


def test_a_damaged_line_is_one_clear_paragraph(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = write(folder, record("a.png"), record("b.png"))
    results.write_bytes(results.read_bytes().replace(b"a.png", b'a".png'))
    for words, complaint in (
        (["results.jsonl", "report.html"], "results.jsonl, line 1"),
        (["missing.jsonl", "report.html"], "missing.jsonl: No such file"),
    ):
        assert run(["report", *words]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(f"Error: {complaint}")
        assert said.err.count("\n") == 1
    assert [file.name for file in folder.iterdir()] == ["results.jsonl"]


@pytest.mark.parametrize(
    "words",
    [
        ["results.jsonl"],
        ["results.jsonl", "a.png"],
        ["results.jsonl", "report.html", "--root", "nowhere"],
    ],
)
def test_a_wrong_command_line_ends_with_2(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    write(folder, line_of(draw(folder / "a.png")))
    before = Path("a.png").read_bytes()
    assert run(["report", *words]) == 2
    assert "Error: " in capsys.readouterr().err
    assert Path("a.png").read_bytes() == before
