"""`ollama-vision export`: a table that says what the lines say, and that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ollama_vision.batch.results.ledger import encode
from ollama_vision.cli.app import run
from ollama_vision.cli.export import command as exporting
from tests.support.result_lines import FAILED, record


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*records: dict[str, Any], tail: bytes = b"") -> None:
    Path("results.jsonl").write_bytes(b"".join(map(encode, records)) + tail)


def table() -> list[dict[str, str]]:
    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_each_line_is_a_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(record("a.png", text='Says "Grüß\nGott", 名'), record("b.pdf", 2, pages=3, **FAILED))
    assert run(["export", "results.jsonl", "out.csv"]) == 0
    first, second = table()
    assert list(first) == [name for name in record() if name != "fields"]
    assert first["path"] == "a.png"
    assert first["text"] == 'Says "Grüß\nGott", 名'
    assert (first["page"], first["size"], first["seconds"], first["error"]) == ("", "10", "0.5", "")
    assert json.loads(first["usage"]) == record()["usage"]
    assert (second["page"], second["pages"]) == ("2", "3")
    assert second["error"] == "ImageError: It is cut."
    assert capsys.readouterr().err == "2 rows in out.csv.\n"
    assert {file.name for file in folder.iterdir()} == {"results.jsonl", "out.csv"}


def test_fields_become_columns_and_what_is_nested_json(folder: Path) -> None:
    write(
        record(fields={"colour": "red", "sizes": [1, {"a": "ü"}], "text": "inner", "sure": True, "none": None}),
        record("b.png", fields={"colour": "blue", "late": -1.5}),
        record("c.png"),
    )
    assert run(["export", "results.jsonl", "out.csv"]) == 0
    first, second, third = table()
    assert [name for name in first if name.startswith("fields")] == [
        "fields.colour",
        "fields.sizes",
        "fields.text",
        "fields.sure",
        "fields.none",
        "fields.late",
    ]
    assert json.loads(first["fields.sizes"]) == [1, {"a": "ü"}]
    assert (first["fields.text"], first["fields.sure"], first["fields.none"]) == ("inner", "true", "")
    assert (first["fields.late"], second["fields.late"]) == ("", "-1.5")
    assert third["fields.colour"] == ""


def test_excel_is_told_that_it_is_utf8_and_a_pipe_is_not(folder: Path, capfdbinary: Any) -> None:
    write(record(text="ü"))
    run(["export", "results.jsonl", "out.csv"])
    run(["export", "results.jsonl", "-"])
    printed = capfdbinary.readouterr().out
    assert Path("out.csv").read_bytes() == b"\xef\xbb\xbf" + printed
    assert printed.startswith(b"path,")
    assert printed.count(b"\r\n") == 2


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1"])
def test_no_text_becomes_a_formula(folder: Path, text: str) -> None:
    error: dict[str, Any] = {"error": {"type": text, "message": ""}}
    write(record(text + ".png", text=text, fields={text: text}, **error))
    run(["export", "results.jsonl", "out.csv"])
    (row,) = table()
    assert row["text"] == "'" + text
    assert row["path"] == f"'{text}.png"
    assert row[f"fields.{text}"] == "'" + text
    assert row["error"] == f"'{text}: "


def test_a_damaged_line_is_named_and_the_old_table_stands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("out.csv").write_text("old")
    write(record(), tail=b'{"path"\n' + encode(record()))
    assert run(["export", "results.jsonl", "out.csv"]) == 1
    assert "results.jsonl, line 2, cannot be read" in capsys.readouterr().err
    assert Path("out.csv").read_text() == "old"


def test_a_line_that_is_being_written_is_left_out_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(record(), tail=encode(record("b.png"))[:50])
    assert run(["export", "results.jsonl", "out.csv"]) == 0
    assert [row["path"] for row in table()] == ["a.png"]
    assert "it is left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["results.jsonl", "photo.jpg"], 2, "A table's name ends in .csv: results.csv, say"),
        (["nowhere.jsonl", "out.csv"], 1, "nowhere.jsonl: No such file or directory"),
        (["results.jsonl", "nowhere/out.csv"], 1, "nowhere/out.csv: No such file or directory"),
        (["photo.jpg", "out.csv"], 1, "photo.jpg is no file of results"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, complaint: str
) -> None:
    write(record())
    Path("photo.jpg").write_bytes(b"\xff\xd8\xff")
    assert run(["export", *words]) == code
    assert complaint in capsys.readouterr().err
    assert Path("photo.jpg").read_bytes() == b"\xff\xd8\xff"
    assert not Path("out.csv").exists()


def test_no_lines_are_an_empty_table(folder: Path) -> None:
    Path("results.jsonl").write_bytes(b"")
    assert run(["export", "results.jsonl", "out.csv"]) == 0
    assert table() == []


def test_a_file_name_that_is_no_text_leaves_the_table_utf8(folder: Path) -> None:
    write(record(os.fsdecode(b"caf\xe9.png")))
    assert run(["export", "results.jsonl", "out.csv"]) == 0
    assert table()[0]["path"] == "caf\\udce9.png"


def test_a_reader_that_leaves_ends_it_quietly(folder: Path) -> None:
    write(*[record(f"{number}.png", text="word " * 200) for number in range(2000)])
    command = [sys.executable, "-m", "ollama_vision", "export", "results.jsonl", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert isinstance(process.stdout, io.BufferedReader)
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_lines_that_a_run_adds_meanwhile_are_left_for_the_next_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(record())
    look = exporting.columns_of

    def look_while_a_run_goes_on(file: Any, name: Path | str) -> Any:
        seen = look(file, name)
        write(record(), record("b.png", fields={"new": 1}))
        return seen

    monkeypatch.setattr(exporting, "columns_of", look_while_a_run_goes_on)
    assert run(["export", "results.jsonl", "out.csv"]) == 0
    assert [row["path"] for row in table()] == ["a.png"]


def test_the_last_line_of_a_picture_counts(folder: Path) -> None:
    """A host that turned out not to see: what it said is in the file, and another line says what counts."""
    write(record("a.png", text="black"), record("b.png", text="blue"), record("a.png", text="red"))
    assert run(["export", "results.jsonl", "out.csv"]) == 0
    assert [(row["path"], row["text"]) for row in table()] == [("b.png", "blue"), ("a.png", "red")]
