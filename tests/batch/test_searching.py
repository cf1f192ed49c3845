"""Search over answers: which lines count, which words are found, and that no query is FTS5's syntax."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from ollama_vision import search_results
from ollama_vision.batch import search
from ollama_vision.errors import DamagedResultsError, SearchError
from tests.support.result_lines import FAILED, record


def write(folder: Path, *lines: dict[str, Any], name: str = "results.jsonl") -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return file


def found(file: Path | list[Path], query: str, **more: Any) -> list[str]:
    return [each["path"] for each in search_results(file, query, **more)]


def saying(*texts: str) -> list[dict[str, Any]]:
    return [record(f"{number}.png", text=text) for number, text in enumerate(texts)]


def test_all_words_must_be_there_and_a_phrase_as_it_stands(tmp_path: Path) -> None:
    file = write(tmp_path, *saying("A red bicycle.", "A bicycle, and a red car.", "A red car."))
    assert sorted(found(file, "red bicycle")) == ["0.png", "1.png"]
    assert found(file, '"red bicycle"') == ["0.png"]
    assert found(file, '"red car" bicycle') == ["1.png"]
    assert found(file, "blue") == []


def test_the_best_comes_first(tmp_path: Path) -> None:
    long = "A street with houses, trees, a dog, and far behind them a bicycle. " + "More houses. " * 20
    file = write(tmp_path, *saying(long, "A bicycle, another bicycle.", "A dog."), *saying(*["A cat."] * 9)[3:])
    hits = search_results(file, "bicycle")
    assert [each["path"] for each in hits] == ["1.png", "0.png"]
    assert hits[0]["score"] > hits[1]["score"] > 0
    assert hits[0] == {**record("1.png", text="A bicycle, another bicycle."), "score": hits[0]["score"]}
    assert found(file, "bicycle", limit=1) == ["1.png"]
    assert search([file], "bicycle", limit=1).count == 2


def test_the_last_line_of_a_picture_counts_and_an_error_is_no_hit(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        record("a.png", text="A bicycle."),
        record("a.png", text="A car."),
        record("b.png", text="A bicycle."),
        record("b.png", **FAILED),
        record("c.png", **{**FAILED, "text": "A bicycle, and then it broke"}),
        record("d.pdf", 1, text="A bicycle."),
        record("d.pdf", 2, text="A bicycle."),
        record("d.pdf", 2, text="A car."),
        record("e.png", **FAILED),
        record("e.png", text="A bicycle."),
    )
    assert [(each["path"], each["page"]) for each in search_results(file, "bicycle")] == [("d.pdf", 1), ("e.png", None)]
    assert search([file], "bicycle").answers == 4


def test_what_each_model_said_last_is_searched(tmp_path: Path) -> None:
    file = write(tmp_path, record(text="A bicycle.", model="m"), record(text="A bike.", model="n", request="r2"))
    assert [each["model"] for each in search_results(file, "bicycle")] == ["m"]


def test_several_files_are_one(tmp_path: Path) -> None:
    first = write(tmp_path, record("a.png", text="A bicycle."), record("b.png", text="A bicycle."), name="1.jsonl")
    second = write(tmp_path, record("a.png", text="A car."), record("c.png", text="A bicycle."), name="2.jsonl")
    assert sorted(found([first, second], "bicycle")) == ["b.png", "c.png"]


def test_fields_and_labels_are_words_and_their_names_are_not(tmp_path: Path) -> None:
    fields = {"vehicle": {"kind": "bicycle", "wheels": [2, "red"]}, "parked": True}
    file = write(
        tmp_path,
        record("a.png", text=json.dumps(fields), fields=fields),
        record("b.png", text="yes", choice={"label": "yes", "probabilities": {"yes": 0.9}}),
    )
    assert found(file, "bicycle red 2") == ["a.png"]
    assert found(file, "vehicle") == found(file, "parked") == []
    assert found(file, "yes") == ["b.png"]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("公園に赤い自転車があります。", "自転車"),
        ("公園に赤い自転車があります。", "車 公園"),
        ("一只猫坐在红色自行车旁边", "猫"),
        ("빨간 자전거가 있다", "자전거"),
        ("มีจักรยานสีแดงคันหนึ่ง", "จักรยาน"),
        ("赤いﾊﾞｯｸﾞ", "バッグ"),
        ("Un café près de la gare", "CAFE pres"),
        ("cafe\u0301", "café"),
        ("Die Straße", "STRASSE"),
        ("\uff32\uff45\uff44 bicycle", "red"),
        ("A bike 🚲.", "🚲"),
        ("Total: 12.50 EUR", "12.50"),
        ("A black-and-white cat", "black-and-white"),
    ],
)
def test_words_of_all_scripts(tmp_path: Path, text: str, query: str) -> None:
    file = write(tmp_path, *saying("Nothing of it. 車の自転", text))
    assert found(file, query) == ["1.png"]


@pytest.mark.parametrize(
    "query", ["red NOT bicycle", "red OR car", "red NEAR(bicycle)", "said:red", "^red -bus", "re*"]
)
def test_operators_of_fts5_are_plain_words(tmp_path: Path, query: str) -> None:
    """With FTS5's own syntax each of these would find the first picture, or be an error of SQLite's."""
    file = write(tmp_path, *saying("A red car.", f"Somebody wrote {query} on a wall."))
    assert found(file, query) == ["1.png"]


@pytest.mark.parametrize(
    "query", ["red * bicycle", "red\0bicycle", "\uff08red\uff09 & 'bicycle'", "\ud800 red bicycle", "\uff02red"]
)
def test_marks_beside_words_are_passed_over(tmp_path: Path, query: str) -> None:
    assert found(write(tmp_path, *saying("A red bicycle.")), query) == ["0.png"]


def test_a_query_may_be_long(tmp_path: Path) -> None:
    assert found(write(tmp_path, *saying("red")), "red " * 20_000) == ["0.png"]


@pytest.mark.parametrize("query", ["", "  ", "*", '""', '" "', "- ? !", "\0"])
def test_a_query_without_words_is_an_error(tmp_path: Path, query: str) -> None:
    with pytest.raises(SearchError, match="has no word to look for"):
        search_results(write(tmp_path, record()), query)


def test_a_quote_that_is_not_closed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SearchError, match="is not closed"):
        search_results(write(tmp_path, record()), 'a 24" monitor')


class _WithoutFTS5(sqlite3.Connection):
    """SQLite's own words for a module that it was not built with: it has no fts9."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("fts5", "fts9"), *values)


def test_an_sqlite_without_fts5_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *words, **more: connect(*words, **more, factory=_WithoutFTS5))
    with pytest.raises(SearchError, match="was built without FTS5"):
        search_results(write(tmp_path, record()), "red")


def test_a_line_that_is_damaged_is_an_error_and_one_that_is_being_written_is_not(tmp_path: Path) -> None:
    file = write(tmp_path, *saying("A bicycle."))
    file.write_text(file.read_text() + '{"path": "z.png", "te')
    hits = search([file], "bicycle")
    assert hits.count == 1
    assert hits.broken_off == (file,)
    file.write_text("{}\n" + file.read_text())
    with pytest.raises(DamagedResultsError, match="line 1"):
        search_results(file, "bicycle")


def test_a_file_that_changes_meanwhile_is_an_error_and_no_other_line(tmp_path: Path) -> None:
    file = write(tmp_path, *saying("A bicycle.", "A bicycle."))
    hits = search([file], "bicycle")
    write(tmp_path, *saying("A bicycle.", "A car.")[::-1])
    with pytest.raises(DamagedResultsError, match="was changed while it was read"):
        list(hits)


def test_odd_lines_of_strangers_are_searched(tmp_path: Path) -> None:
    """Halves of surrogate pairs, as names of files and in answers; NUL; values that are of no known kind."""
    file = write(
        tmp_path,
        record("a\udcff.png", text="A red\0bicycle \ud83d"),
        record("b.png", text="red bicycle", fields="red bicycle", choice="odd", confidence=3),
    )
    assert sorted(found(file, '"red bicycle"')) == ["a\udcff.png", "b.png"]


def test_nothing_is_left_beside_the_results(tmp_path: Path) -> None:
    file = write(tmp_path, *saying("A bicycle."))
    found(file, "bicycle")
    assert list(tmp_path.iterdir()) == [file]


def test_the_results_are_not_held_in_memory(tmp_path: Path) -> None:
    """Python's own; SQLite's is bounded by the PRAGMA of its cache."""
    text = "A street with houses. " * 40
    file = write(tmp_path, record(text="A bicycle."), *(record(f"{number}.png", text=text) for number in range(4_000)))
    found(write(tmp_path, record(), name="first.jsonl"), "red")  # opens what is opened once
    tracemalloc.start()
    try:
        assert found(file, "bicycle") == ["a.png"]
        assert tracemalloc.get_traced_memory()[1] < file.stat().st_size / 8
    finally:
        tracemalloc.stop()
