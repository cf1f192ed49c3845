"""What was asked stands beside the results: it names requests that differ, fills tables, and finds the model again."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision.batch.results.requests import difference
from ollama_vision.cli.app import run
from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines

REQUESTS = Path("results.jsonl.requests.json")
NOBODY = "http://127.0.0.1:1"


def asked() -> dict[str, dict[str, Any]]:
    there: dict[str, dict[str, Any]] = json.loads(REQUESTS.read_text())
    return there


def test_each_line_s_request_can_be_looked_up(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    Path("s.json").write_text(json.dumps({"type": "object", "properties": {"colour": {"type": "string"}}}))
    words = ("photos", "--host", scripted.url, "--header", "Authorization: Bearer SECRET", "--model", scripted.model)
    assert describe(*words, "--prompt", "Which colour?", "--option", "seed=7").code == 0
    with EmbeddedOllama(engine=ScriptedEngine('{"colour": "red"}')) as server:
        assert describe("photos", "--host", server.url, "--schema", "s.json", "--append").code == 0
    assert set(asked()) == {line["request"] for line in lines()}
    first, second = (asked()[request] for request in dict.fromkeys(line["request"] for line in lines()))
    assert (first["model"], first["prompt"], first["system"]) == (scripted.model, "Which colour?", None)
    assert (first["options"]["seed"], first["options"]["temperature"], first["schema"]) == (7, 0.0, None)
    assert second["schema"]["properties"] == {"colour": {"type": "string"}}
    assert first["version"]
    assert first["pictures"]["max_pixels"] > 0
    assert "SECRET" not in REQUESTS.read_text()
    assert "127.0.0.1" not in REQUESTS.read_text()
    assert all("path" in line for line in lines())


def test_it_is_there_before_the_first_line(describe: CommandLine, photos: list[str]) -> None:
    seen = []

    def answer(*_: Any, **__: Any) -> str:
        seen.append(REQUESTS.exists())
        return "A colour."

    with EmbeddedOllama(engine=ScriptedEngine(answer)) as server:
        assert describe("photos", "--host", server.url).code == 0
    assert seen == [True] * 3


def test_the_first_command_goes_on_after_an_append(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    first = ("photos", "--host", scripted.url)
    assert describe(*first).code == 0
    assert describe(*first, "--prompt", "Which colour?", "--append").code == 0
    outcome = describe(*first)
    assert (outcome.code, len(scripted.asked)) == (0, 6)
    assert "3 done before" in outcome.err
    assert describe(*first, "--prompt", "A third one?").code == 2


def test_a_refusal_says_what_differs(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    first = ("photos", "--host", scripted.url)
    describe(*first)
    for more, told in (
        (["--prompt", "Which colour?"], 'prompt ("Describe the image." there, "Which colour?" now)'),
        (["--option", "seed=7"], "option seed (none there, 7 now)"),
        (["--detail", "low"], "pictures' max_pixels (1003520 there, 401408 now)"),
        (["--pages", "together"], 'pages ("each" there, "together" now)'),
        (["--model", "other"], 'model ("scripted:latest" there, "other" now)'),
    ):
        outcome = describe(*first, *more)
        assert outcome.code == 2
        assert f"it differs in {told}." in " ".join(outcome.err.split())


def test_the_nearest_request_is_the_one_compared_with() -> None:
    one = {"model": "a", "prompt": "p", "options": {"seed": 1}, "version": "1"}
    other = {"model": "b", "prompt": "q", "options": {}, "version": "1"}
    assert difference([other, one], [{**one, "prompt": "r", "version": "2"}]) == 'prompt ("p" there, "r" now)'
    assert difference([], [one]) == ""


def test_results_without_it_go_on(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    describe("photos", "--host", scripted.url)
    REQUESTS.unlink()
    refused = describe("photos", "--host", scripted.url, "--prompt", "Which?")
    assert "of another model, prompt, schema, or other options" in " ".join(refused.err.split())
    assert describe("photos", "--host", scripted.url).code == 0
    assert len(scripted.asked) == 3
    assert len(asked()) == 1


def test_one_that_is_damaged_is_named(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    describe("photos", "--host", scripted.url)
    before = Path("results.jsonl").read_bytes()
    for content in ("{", "[]", '{"a": 1}'):
        REQUESTS.write_text(content)
        outcome = describe("photos", "--host", scripted.url)
        assert outcome.code == 2
        assert "results.jsonl.requests.json cannot be read" in " ".join(outcome.err.split())
    assert Path("results.jsonl").read_bytes() == before


def test_restart_puts_both_aside(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    describe("photos", "--host", scripted.url)
    before = REQUESTS.read_bytes()
    assert describe("photos", "--host", scripted.url, "--prompt", "Which?", "--restart").code == 0
    assert Path("results.jsonl.old.requests.json").read_bytes() == before
    assert [each["prompt"] for each in asked().values()] == ["Which?"]


def test_a_finished_run_needs_no_server(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    assert describe("photos", "--host", scripted.url).code == 0
    outcome = describe("photos", "--host", NOBODY, "--sidecar-dir", "texts")
    assert outcome.code == 0
    assert sorted(file.name for file in Path("texts").iterdir()) == ["0.png.txt", "1.png.txt", "2.png.txt"]


def test_tables_and_reports_say_what_was_asked(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, capsys: pytest.CaptureFixture[str]
) -> None:
    describe("photos", "--host", scripted.url, "--prompt", "=Which colour?")
    describe("photos", "--host", scripted.url, "--prompt", "Which form?", "--append")
    assert run(["export", "results.jsonl", "results.csv"]) == 0
    with Path("results.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["prompt"] for row in rows] == ["'=Which colour?"] * 3 + ["Which form?"] * 3
    assert run(["report", "results.jsonl", "report.html"]) == 0
    page = Path("report.html").read_text()
    assert "<td>=Which colour?</td>" in page
    assert "<td>Which form?</td>" in page
    capsys.readouterr()
