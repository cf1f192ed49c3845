"""What goes wrong in `describe`: a picture that fails has its line, and what is no picture's fault stops the run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import EmbeddedOllama, Reply, ScriptedEngine
from ollama_embedded.faults import Status
from ollama_vision.batch.results.file import ResultsLock
from tests.support.command_line import CommandLine
from tests.support.describe_cli import draw_folder, lines


def test_pictures_that_fail_alike_are_told_together(
    describe: CommandLine, folder: Path, scripted: EmbeddedOllama
) -> None:
    (folder / "photos").mkdir()
    for number in range(8):
        Path(f"photos/{number}.png").write_bytes(b"no picture at all, but text")
    outcome = describe("photos", "--host", scripted.url)
    assert outcome.code == 1
    assert "8 alike: photos/" in outcome.err
    assert "and 5 more" in outcome.err
    assert scripted.asked == []


def test_an_answer_that_is_cut_is_an_error_with_its_text(describe: CommandLine, photos: list[str]) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(Reply("A plain", done_reason="length"))) as server:
        assert describe(photos[0], "--host", server.url).code == 1
    (line,) = lines()
    assert (line["error"]["type"], line["text"], line["finish_reason"]) == ("AnswerCutError", "A plain", "length")


def test_a_document_that_cannot_be_opened_is_one_failure(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    Path("photos/broken.pdf").write_bytes(b"%PDF-1.7\nnothing\n%%EOF")
    outcome = describe("photos", "--host", scripted.url)
    assert outcome.code == 1
    (line,) = [line for line in lines() if line["error"]]
    assert (line["path"], line["page"], line["error"]["type"]) == ("photos/broken.pdf", None, "ImageError")


class TestStops:
    """What is no picture's fault: exit code 2, and nothing is written down for it."""

    def test_none_of_the_servers(self, describe: CommandLine, photos: list[str]) -> None:
        """Each is named, also where none can say which model sees."""
        outcome = describe(*photos, "--host", "http://127.0.0.1:9", "--host", "http://127.0.0.1:11", "--wait", "0")
        assert (outcome.code, "127.0.0.1:9" in outcome.err, "127.0.0.1:11" in outcome.err) == (2, True, True)

    def test_no_server(self, describe: CommandLine, photos: list[str]) -> None:
        with EmbeddedOllama(engine=ScriptedEngine()) as server:
            gone = server.url
        outcome = describe("photos", "--host", gone, "--model", "any")
        assert outcome.code == 2
        assert gone in outcome.err
        assert "The same command goes on" in outcome.err
        assert lines() == []

    def test_no_such_model(self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
        outcome = describe("photos", "--host", scripted.url, "--model", "nobody")
        assert outcome.code == 2
        assert "'nobody'" in outcome.err
        assert lines() == []

    def test_five_equal_failures(self, describe: CommandLine, folder: Path) -> None:
        draw_folder(folder / "photos", 9)
        broken = Status(500, {"error": "the model fell over"}, {})
        script: list[str | Status] = ["Fine.", "Fine.", *[broken] * 20]
        with EmbeddedOllama(engine=ScriptedEngine(script)) as server:
            outcome = describe("photos", "--host", server.url, "--jobs", 1)
        assert outcome.code == 2
        assert [line["error"] for line in lines()] == [None, None]

    def test_the_disk_is_full(
        self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(self: Any, record: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("ollama_vision.batch.results.file.ResultsFile.add", full)
        outcome = describe("photos", "--host", scripted.url)
        assert outcome.code == 2
        assert "results.jsonl cannot be written: No space left on device" in outcome.err

    def test_a_damaged_line(self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
        describe("photos", "--host", scripted.url)
        first, second, third = Path("results.jsonl").read_bytes().splitlines(keepends=True)
        damaged = first + second[:40] + b"\n" + third
        Path("results.jsonl").write_bytes(damaged)
        outcome = describe("photos", "--host", scripted.url)
        assert outcome.code == 2
        assert "results.jsonl, line 2, cannot be read" in outcome.err
        assert Path("results.jsonl").read_bytes() == damaged
        assert len(scripted.asked) == 3
        assert describe("photos", "--host", scripted.url, "--restart").code == 0
        assert Path("results.jsonl.old").read_bytes() == damaged
        assert len(lines()) == 3

    def test_another_process_writes(self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
        with ResultsLock(Path("results.jsonl")):
            outcome = describe("photos", "--host", scripted.url)
        assert outcome.code == 2
        assert f"is being written by process {os.getpid()}" in outcome.err
        assert scripted.asked == []

    def test_an_option_that_the_client_refuses(
        self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
    ) -> None:
        outcome = describe("photos", "--host", scripted.url, "--option", "num_predict=0")
        assert outcome.code == 2
        assert "num_predict" in outcome.err

    @pytest.mark.parametrize(
        ("words", "complaint"),
        [
            (["nowhere"], "nowhere"),
            (["empty"], "empty"),
            (["photos", "--prompt", " "], "--prompt is empty"),
            (["photos", "--append", "--restart"], "give one of them"),
            (["photos", "--detail", "low", "--max-pixels", "5000"], "not both"),
            (["photos", "--range", "400-3640"], "--range takes the value shown as black"),
            (["photos", "--out", "photos"], "it is a folder"),
            (["photos", "--out", "no/where.jsonl"], "there is no folder no"),
            (["photos", "--out", "-", "--append"], "--out - keeps nothing: leave out --append"),
            (["photos", "--out", "photos/0.png"], "is no file of results"),
            (["photos", "--out", "photos/0.png", "--restart"], "is no file of results"),
            (["photos", "--report", "photos/0.png"], "ends in .html"),
            (["photos", "--schema", "nowhere.json"], "there is no such file"),
            (["photos", "--jobs", "0"], "--jobs"),
            (["photos", "--demo", "--host", "http://x"], "--demo starts a server of its own"),
        ],
    )
    def test_what_cannot_be_meant(
        self, describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, words: list[str], complaint: str
    ) -> None:
        Path("empty").mkdir()
        before = Path(photos[0]).read_bytes()
        outcome = describe(*words, *([] if "--demo" in words else ["--host", scripted.url]))
        assert outcome.code == 2
        assert complaint in " ".join(outcome.err.split())
        assert "Traceback" not in outcome.err
        assert Path(photos[0]).read_bytes() == before
        assert scripted.asked == []
