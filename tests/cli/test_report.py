"""The report as a whole: its totals, its pages, what it takes in memory, and that nothing half made is left."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import draw_scene
from ollama_vision.errors import DamagedResultsError
from ollama_vision.report import Made, ReportError, make_report, write_report
from tests.support.report_pages import (
    Node,
    cards,
    copies,
    draw,
    line_of,
    read,
    report_of,
    speckled,
    thumbnail,
    words,
    write,
)
from tests.support.result_lines import FAILED, record

HOSTILE = "</script></style></textarea><img src=x onerror=alert(1)>\"'<!-- &lt;\u202e\0]]>"


def test_the_path_is_given_back_and_the_root_is_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    draw(Path("a.png"))
    made = write_report(write(Path(), line_of(Path("a.png"))), Path("new/folder/report.html"))
    assert made == tmp_path / "new/folder/report.html"
    card = cards(read(made))["a.png"]
    assert thumbnail(card)
    assert card.one("button")["data-full"] == "../../a.png"


def test_the_head_counts(tmp_path: Path) -> None:
    lines = [
        line_of(draw(tmp_path / "a.png"), model="one"),
        line_of(draw(tmp_path / "b.png"), model="one", **FAILED),
        line_of(tmp_path / "a.png", model="two"),
        line_of(tmp_path / "b.png", model="two", finish_reason="length", **FAILED),
    ]
    page = report_of(tmp_path, *lines)
    numbers = {tile.one("dt").text: words(tile.one("strong")) for tile in page.one("dl").all("div")}
    assert numbers == {"Pictures": "2", "Failed": "1", "Tokens": "12", "Time answering": "1.0 s"}
    rows = [
        [words(cell) for cell in row.inside if isinstance(cell, Node)] for row in page.one(class_="askings").all("tr")
    ]
    assert rows[1:] == [["one", "r1", "1", "1", "6", "0.5"], ["two", "r1", "1", "1", "6", "0.5"]]
    failures = page.one(id="failures")
    assert words(failures.one("summary")) == "1 failed 2 ImageError"
    assert [row.one("a")["href"] for row in failures.all("li")] == ["#p2", "#p2"]
    assert "It is cut." in failures.text


def head_of(page: Node) -> dict[str, tuple[str, str]]:
    return {tile.one("dt").text: (words(tile.one("strong")), words(tile.one("small"))) for tile in page.all("div")}


def test_what_failed_is_no_answer(tmp_path: Path) -> None:
    lines = [line_of(draw(tmp_path / f"{name}.png")) for name in "abc"]
    failed = line_of(draw(tmp_path / "d.png"), **FAILED, seconds=0.0)
    one, two = report_of(tmp_path, lines[0], failed), report_of(tmp_path, *lines[:2], failed)
    assert head_of(one.one("dl"))["Pictures"] == ("2", "1 answer")
    assert head_of(two.one("dl"))["Pictures"] == ("3", "2 answers")
    assert head_of(two.one("dl"))["Time answering"] == ("1.0 s", "0.5 s an answer")
    # Two models, of which one answered all and the other one none: as many answers as pictures, and not one each.
    mixed = [line_of(tmp_path / f"{name}.png", model="other", **FAILED) for name in "abc"]
    assert head_of(report_of(tmp_path, *lines, *mixed).one("dl"))["Pictures"] == ("3", "3 answers")


def test_a_picture_with_lines_under_two_names_counts_once(tmp_path: Path) -> None:
    lines = []
    for name in ("a", "b"):
        file = draw(tmp_path / f"{name}.png")
        lines += [line_of(file, path, sha256=name * 64) for path in (file.name, f"moved/{file.name}")]
    once = report_of(tmp_path, lines[0], lines[2])
    twice = report_of(tmp_path, *lines)
    numbers = head_of(once.one("dl"))
    assert numbers["Pictures"] == ("2", "one answer each")
    assert head_of(twice.one("dl")) == {**numbers, "Pictures": ("2", "one answer each, under 4 names")}
    assert words(once.one(class_="askings")) == words(twice.one(class_="askings"))
    assert len(cards(twice)) == 4


def test_pages_of_one_document_are_pictures_and_each_failure_counts(tmp_path: Path) -> None:
    file = draw(tmp_path / "a.png")
    pages = [line_of(file, "a.pdf", sha256="a" * 64, page=page, pages=2) for page in (1, 2)]
    failed = [line_of(file, path, sha256="b" * 64, **FAILED) for path in ("b.png", "copy of b.png")]
    numbers = head_of(report_of(tmp_path, *pages, *failed).one("dl"))
    assert (numbers["Pictures"][0], numbers["Failed"]) == ("4", ("2", "50.0 % of all"))


def test_a_later_line_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    page = report_of(tmp_path, line_of(tmp_path / "a.png", **FAILED), line_of(tmp_path / "a.png"))
    card = cards(page)["a.png"]
    assert words(card.one(class_="text")) == "A red circle."
    assert card.all(class_="error") == page.all(id="failures") == []
    assert "1 earlier line of the results was replaced" in page.one(class_="notes").text


def test_names_are_in_the_order_that_people_count_in(tmp_path: Path) -> None:
    names = ["b.png", "a10.png", "a9.png", "a09.png", "A1.png", "3/x.png", "a.png"]
    page = report_of(tmp_path, *(record(name) for name in names))
    assert list(cards(page)) == ["3/x.png", "A1.png", "a09.png", "a9.png", "a10.png", "a.png", "b.png"]


@pytest.mark.parametrize("many", [2000, 1])
def test_a_page_allows_its_own_scripts_and_nothing_from_elsewhere(tmp_path: Path, many: int) -> None:
    draw(tmp_path / "a.png")
    report_of(tmp_path, line_of(tmp_path / "a.png", text="See https://example.com/a.png"), many=many)
    for file in (tmp_path / "report.html", *tmp_path.glob("report_pages/*.html")):
        page = read(file)
        policy = page.one("meta", http_equiv="Content-Security-Policy")["content"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for name, rule in (("script", "script-src"), ("style", "style-src")):
            own = [one.text for one in page.all(name) if one.attributes.get("type") != "application/json"]
            digests = {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in own}
            assert digests == set(re.search(rf"{rule} ([^;]*)", policy)[1].split())  # type: ignore[index]
        for node in page.all():
            for attribute, value in node.attributes.items():
                assert not attribute.startswith("on")
                assert attribute != "style"
                if attribute in ("src", "href", "data-full", "data-file", "action"):
                    assert re.match(r"data:|#|\.{1,2}/|report_pages/|\d{4}\.html", value or ""), (node.name, value)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    results = write(tmp_path, record("a.png"), record("b.png"))
    results.write_bytes(results.read_bytes().replace(b"b.png", b'b".png') + b'{"path": "c.png"}\n')
    with pytest.raises(DamagedResultsError, match="line 2"):
        write_report(results, tmp_path / "report.html")
    assert {file.name for file in tmp_path.iterdir()} == {"results.jsonl"}


def test_a_half_written_last_line_is_left_out(tmp_path: Path) -> None:
    page = report_of(tmp_path, record("a.png"), tail=b'{"path": "b.pn')
    assert list(cards(page)) == ["a.png"]
    assert "last line of the results was cut off" in page.one(class_="notes").text


def test_results_without_a_line_are_a_report_too(tmp_path: Path) -> None:
    page = report_of(tmp_path)
    assert cards(page) == {}
    assert words(page.one(id="count")) == "0 pictures"


def test_two_hundred_photographs_are_a_few_megabytes(tmp_path: Path) -> None:
    files = copies(tmp_path, 200, speckled(400))
    results = write(tmp_path, *(line_of(file, text="A red circle. " * 30) for file in files))
    made = make_report(results, tmp_path / "report.html", root=tmp_path)
    assert made == Made(tmp_path / "report.html", cards=200, pictures=200, failed=0, missing=0, pages=0)
    assert len(cards(read(made.report))) == 200
    assert made.report.stat().st_size < 5_000_000


def test_from_two_thousand_pictures_on_it_is_a_folder_of_pages(tmp_path: Path) -> None:
    files = copies(tmp_path, 2000, draw_scene("red circle", size=(32, 32)))
    lines = [line_of(file, **(FAILED if file.stem in ("7", "1234") else {})) for file in files]
    results = write(tmp_path, *lines[:-1])
    assert make_report(results, tmp_path / "report.html", root=tmp_path).pages == 0
    assert not (tmp_path / "report_pages").exists()

    write(tmp_path, *lines)
    made = make_report(results, tmp_path / "report.html", root=tmp_path)
    assert made == Made(tmp_path / "report.html", cards=2000, pictures=2000, failed=2, missing=0, pages=10)
    index = read(made.report)
    pages = [tmp_path / link["href"] for link in index.one(id="pages").all("a")]
    assert pages == sorted(tmp_path.glob("report_pages/*"))
    shown = [path for page in pages for path in cards(read(page))]
    assert shown == [file.name for file in files]

    rows = json.loads(index.one("script", id="index").text)["rows"]
    assert [row[2] for row in rows] == shown
    failures = {link.text: link["href"] for link in index.one(id="failures").all("a")}
    assert failures == {"7.png": "report_pages/0001.html#p7", "1234.png": "report_pages/0007.html#p1234"}
    seventh = read(tmp_path / "report_pages/0007.html")
    assert cards(seventh)["1234.png"]["id"] == "p1234"
    assert {link["href"] for link in seventh.all("a")} == {"0006.html", "0008.html", "../report.html", "#"}
    assert cards(seventh)["1234.png"].one("button")["data-full"] == "../1234.png"

    # A shorter one under the same name takes its pages away.
    write(tmp_path, *lines[:3])
    assert make_report(results, tmp_path / "report.html", root=tmp_path).pages == 0
    assert not (tmp_path / "report_pages").exists()


@pytest.mark.parametrize("many", [2000, 1])
def test_memory_holds_names_and_places_and_no_thumbnails(tmp_path: Path, many: int) -> None:
    # Noise, which no JPEG makes small: 40 kB on the page, against 1 kB that may be remembered of each, give or take
    # what the threads happen to hold at the same moment.
    files = copies(tmp_path, 400, Image.effect_noise((240, 240), 100).convert("RGB"))
    peaks: dict[int, int] = {}
    sizes: dict[int, int] = {}
    # Twice at the end: once in a while Python doubles its table of interned names, 5 MB in a long run of tests.
    for count in (50, 100, 400, 400):
        results = write(tmp_path, *(line_of(file, text="A red circle. " * 100) for file in files[:count]))
        tracemalloc.start()
        made = make_report(results, tmp_path / "report.html", root=tmp_path, many=many, page=50)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        peaks[count] = min(peak, peaks.get(count, peak))
        sizes[count] = sum(file.stat().st_size for file in (made.report, *tmp_path.glob("report_pages/*")))
    assert (sizes[400] - sizes[100]) / 300 > 20_000
    assert (peaks[400] - peaks[100]) / 300 < 2_500


@pytest.mark.parametrize("many", [2000, 1])
def test_a_report_that_fails_leaves_the_former_one(tmp_path: Path, many: int) -> None:
    files = copies(tmp_path, 12, draw_scene("red circle", size=(32, 32)))
    results = write(tmp_path, *map(line_of, files))

    def make(**more: Any) -> None:
        make_report(results, tmp_path / "report.html", root=tmp_path, many=many, page=5, **more)

    def all_files() -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    def stop(done: int, of: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    make(title="Former")
    before = all_files()
    with pytest.raises(KeyboardInterrupt):
        make(on_progress=stop)
    assert all_files() == before
    make(title="New")
    assert all_files().keys() == before.keys()
    assert "New" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_nothing_of_others_is_written_over(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    results = write(tmp_path, line_of(tmp_path / "a.png"))
    (tmp_path / "report_pages").mkdir()
    (tmp_path / "report_pages/diary.txt").write_text("mine")
    (tmp_path / "folder.html").mkdir()
    for name in ("a.png", "results.jsonl", "folder.html", "report.html"):
        with pytest.raises(ReportError, match=re.escape(name.replace("report.html", "report_pages"))):
            make_report(results, tmp_path / name, root=tmp_path, many=1)
    assert (tmp_path / "report_pages/diary.txt").read_text() == "mine"


@pytest.mark.parametrize("text", ["Another text.", "x" * 5000], ids=["other lines", "the same lengths"])
def test_results_that_change_meanwhile_are_an_error(tmp_path: Path, text: str) -> None:
    files = copies(tmp_path, 9, draw_scene("red circle", size=(32, 32)))
    results = write(tmp_path, *(line_of(file, text="x" * 5000) for file in files))
    (tmp_path / "other").mkdir()
    others = write(tmp_path / "other", *(line_of(file, text=text) for file in reversed(files)))

    def change(done: int, of: int) -> None:
        if done == 1:
            shutil.copy(others, results)

    with pytest.raises(DamagedResultsError, match="was changed"):
        make_report(results, tmp_path / "report.html", root=tmp_path, on_progress=change)


def test_a_report_that_cannot_take_its_place_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (file,) = copies(tmp_path, 1, draw_scene("red circle", size=(32, 32)))
    results = write(tmp_path, line_of(file))

    def get_in_the_way(done: int, of: int) -> None:
        (tmp_path / "report.html/of others").mkdir(parents=True)

    with pytest.raises(OSError, match=re.escape("report.html")):
        make_report(results, tmp_path / "report.html", root=tmp_path, on_progress=get_in_the_way)
    assert {one.name for one in tmp_path.iterdir()} == {"results.jsonl", "1.png", "report.html"}
