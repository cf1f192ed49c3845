"""`describe --near-duplicates`: what looks alike is asked about once, and nothing of it is kept silent."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama
from ollama_vision.batch import DEFAULT_NEAR_BITS, MOST_NEAR_BITS
from tests.support.alike import NEAR, draw_view
from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines


@pytest.fixture
def views(folder: Path) -> None:
    """Two of one view, three of another, of which two are the same file."""
    Path("views").mkdir()
    for name, seed in (("a", 1), ("d", 2)):
        draw_view(seed).save(f"views/{name}.png")
    NEAR["half as large"](draw_view(1)).save("views/b.jpg")
    NEAR["15 % brighter"](draw_view(2)).save("views/e.png")
    shutil.copy("views/e.png", "views/f.png")


def test_it_says_what_was_not_asked(describe: CommandLine, views: None, scripted: EmbeddedOllama) -> None:
    given = ("views", "--host", scripted.url, "--near-duplicates")
    dry = describe(*given, "--dry-run")
    assert "2 questions about 2 files" in dry.out
    assert "2 near copies of another picture (--near-duplicates): not asked." in dry.out
    assert not scripted.asked
    outcome = describe(*given)
    said = " ".join(outcome.err.split())
    assert (outcome.code, len(scripted.asked)) == (0, 2)
    assert "3 near copies of 2 pictures were not asked again (--near-duplicates)." in said
    assert {line["path"]: line.get("same_as") for line in lines()} == {
        "views/a.png": None,
        "views/b.jpg": "views/a.png",
        "views/d.png": None,
        "views/e.png": "views/d.png",
        "views/f.png": "views/d.png",
    }
    again = describe(*given)
    assert "5 done before" in again.err
    assert len(scripted.asked) == 2


def test_each_model_is_asked_once(describe: CommandLine, views: None) -> None:
    with EmbeddedOllama(aliases=("other",)) as server:
        models = ("--model", server.model, "--model", "other")
        assert describe("views", "--host", server.url, "--near-duplicates", *models).code == 0
        assert len(server.asked) == 4
    told = [(line["model"], line["path"], line.get("same_as")) for line in lines()]
    assert len(told) == 10
    for model in (server.model, "other"):
        assert {path: same_as for each, path, same_as in told if each == model}["views/b.jpg"] == "views/a.png"


def test_lines_of_a_run_without_it_are_looked_at_again(
    describe: CommandLine, views: None, scripted: EmbeddedOllama
) -> None:
    describe("views/a.png", "--host", scripted.url)
    outcome = describe("views", "--host", scripted.url, "--near-duplicates")
    said = "1 picture looked at once more: asked about before near-duplicates were looked for."
    assert said in " ".join(outcome.err.split())
    assert len(scripted.asked) == 2
    draw_view(7).save("views/new.png")
    assert "looked at once more" not in describe("views", "--host", scripted.url, "--near-duplicates").err


def test_the_number_of_bits_says_that_they_are_looked_for(
    describe: CommandLine, views: None, scripted: EmbeddedOllama
) -> None:
    assert describe("views", "--host", scripted.url, "--near-bits", MOST_NEAR_BITS).code == 0
    assert len(scripted.asked) == 2
    for wrong in (MOST_NEAR_BITS + 1, -1, "few"):
        assert describe("views", "--host", scripted.url, "--near-bits", wrong).code == 2
    assert f"[default: ({DEFAULT_NEAR_BITS}); 0<=x<={MOST_NEAR_BITS}]" in " ".join(describe("--help").out.split())


def test_a_table_has_a_column_of_it(
    describe: CommandLine, vision: CommandLine, views: None, scripted: EmbeddedOllama
) -> None:
    describe("views", "--host", scripted.url, "--near-duplicates")
    table = vision("export", "results.jsonl", "-").out
    rows = {row["path"]: row for row in csv.DictReader(io.StringIO(table))}
    assert rows["views/b.jpg"]["same_as"] == "views/a.png"
    assert rows["views/a.png"]["same_as"] == ""
