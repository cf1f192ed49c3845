"""A report made again: only what is new is drawn, and what is reused lies in the report alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_vision.cli.report import make_report, thumbnails
from ollama_vision.cli.report.earlier import EarlierThumbnails
from tests.support.report_pages import cards, line_of, read, thumbnail, write

EACH_WAY = pytest.mark.parametrize("many", [2000, 1])
"""One file, and an index with pages."""


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the pictures of which a thumbnail was drawn."""
    names: list[str] = []
    draw: Callable[..., Any] = thumbnails._thumbnail

    def noted(answer: Any, original: Path, pixels: int) -> Any:
        names.append(original.name)
        return draw(answer, original, pixels)

    monkeypatch.setattr(thumbnails, "_thumbnail", noted)
    return names


def pictures(folder: Path, count: int) -> list[Path]:
    files = [folder / f"{number}.png" for number in range(1, count + 1)]
    for number, file in enumerate(files):
        Image.effect_noise((60 + number, 50), 80).convert("RGB").save(file)
    return files


def whole(report: Path) -> dict[str, bytes]:
    files = [report, *report.parent.glob("report_pages/*")]
    return {file.name: file.read_bytes() for file in files}


@EACH_WAY
def test_nothing_is_drawn_twice_and_the_report_is_the_same(tmp_path: Path, drawn: list[str], many: int) -> None:
    files = pictures(tmp_path, 12)
    results = write(tmp_path, *(line_of(file) for file in files))
    report = tmp_path / "report.html"
    make_report(results, report, root=tmp_path, many=many, page=5)
    first = whole(report)
    assert sorted(drawn) == sorted(file.name for file in files)
    beside = {file.name for file in tmp_path.iterdir() if file.suffix != ".png"}
    assert beside <= {"results.jsonl", "report.html", "report_pages"}
    drawn.clear()
    make_report(results, report, root=tmp_path, many=many, page=5)
    assert drawn == []
    assert whole(report) == first


@EACH_WAY
def test_what_is_new_or_has_changed_is_drawn(tmp_path: Path, drawn: list[str], many: int) -> None:
    files = pictures(tmp_path, 8)
    results = write(tmp_path, *(line_of(file) for file in files[:6]))
    report = tmp_path / "report.html"
    make_report(results, report, root=tmp_path, many=many, page=3)
    drawn.clear()
    Image.new("RGB", (70, 50), "red").save(files[2])
    lines = [line_of(file) for file in files]
    lines[2]["sha256"] = "0" * 64  # its bytes are others, and so is its line
    files[4].unlink()
    write(tmp_path, *lines[:4], line_of(files[5], files[4].name), *lines[5:])
    make_report(results, report, root=tmp_path, many=many, page=3)
    assert sorted(drawn) == ["3.png", "7.png", "8.png"]
    pages = [report] if many > 1 else sorted(tmp_path.glob("report_pages/*"))
    shown = {name: card for page in pages for name, card in cards(read(page)).items()}
    red, green, blue = thumbnail(shown["3.png"]).resize((1, 1)).tobytes()
    assert red > 200 > 50 > max(green, blue)
    assert "not there any more" in str(shown["5.png"])


def test_what_others_wrote_into_the_page_is_not_shown_as_a_picture(tmp_path: Path, drawn: list[str]) -> None:
    files = pictures(tmp_path, 2)
    results = write(tmp_path, *(line_of(file) for file in files))
    report = tmp_path / "report.html"
    make_report(results, report, root=tmp_path)
    text = report.read_text(encoding="utf-8")
    report.write_text(text.replace("base64,/9j/", 'base64,/9j/" onload="alert(1)', 1), encoding="utf-8")
    drawn.clear()
    make_report(results, report, root=tmp_path)
    assert drawn == ["1.png"]
    assert "onload" not in report.read_text(encoding="utf-8")


def test_a_page_that_is_another_one_by_now_gives_nothing(tmp_path: Path) -> None:
    """Another report may take its place between the look at it and the reading of one thumbnail."""
    files = pictures(tmp_path, 2)
    results = write(tmp_path, *(line_of(file) for file in files))
    report = tmp_path / "report.html"
    make_report(results, report, root=tmp_path)
    names = [name.split()[0] for name in report.read_text(encoding="utf-8").split('data-of="')[1:]]
    earlier = EarlierThumbnails([report])
    assert all(earlier.get(name) is not None for name in names)
    report.write_bytes(b" " + report.read_bytes())
    assert [earlier.get(name) for name in names] == [None, None]
    report.unlink()
    assert earlier.get(names[0]) is None


def test_thumbnails_are_found_wherever_a_piece_of_the_page_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = pictures(tmp_path, 5)
    results = write(tmp_path, *(line_of(file) for file in files))
    report = tmp_path / "report.html"
    make_report(results, report, root=tmp_path)
    names = [name.split()[0] for name in report.read_text(encoding="utf-8").split('data-of="')[1:]]
    assert len(names) == 5
    for piece in (7, 100, 1001, 5000):
        monkeypatch.setattr("ollama_vision.cli.report.earlier._PIECE", piece)
        earlier = EarlierThumbnails([report])
        assert all(earlier.get(name) is not None for name in names)
