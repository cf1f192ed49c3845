"""`describe` started again: what is done is neither asked nor opened, and each picture keeps exactly one line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine, draw_scene
from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines, paths


def test_what_is_done_is_neither_asked_nor_opened(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [draw_scene("red circle"), draw_scene("blue star")]
    pages[0].save("photos/scan.pdf", save_all=True, append_images=pages[1:])
    assert describe("photos", "--host", scripted.url).code == 0
    before = Path("results.jsonl").read_bytes()
    opened: list[str] = []

    def see(event: str, arguments: Any) -> None:
        if event == "open" and watching and "photos" in str(arguments[0]):
            opened.append(str(arguments[0]))

    watching = True
    sys.addaudithook(see)
    outcome = describe("photos", "--host", scripted.url)
    watching = False
    assert opened == []
    assert outcome.code == 0
    assert "5 done before" in outcome.err
    assert len(scripted.asked) == 5
    assert Path("results.jsonl").read_bytes() == before


def test_a_run_goes_on_where_it_was(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    describe("photos", "--host", scripted.url)
    first, second, _ = Path("results.jsonl").read_bytes().splitlines(keepends=True)
    Path("results.jsonl").write_bytes(first + second[:50])
    outcome = describe("photos", "--host", scripted.url)
    assert outcome.code == 0
    assert "was broken off, and was cut off" in outcome.err
    assert sorted(paths()) == photos
    assert len(scripted.asked) == 5


def test_a_changed_file_is_asked_about_again(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    describe("photos", "--host", scripted.url)
    Image.new("RGB", (65, 64), "white").save(photos[1])
    outcome = describe("photos", "--host", scripted.url)
    assert outcome.code == 0
    assert "1 picture has changed: asked about again" in outcome.err
    assert len(scripted.asked) == 4
    assert sorted(paths()) == photos
    (line,) = [line for line in lines() if line["path"] == photos[1]]
    assert line["size"] == Path(photos[1]).stat().st_size


def test_another_request_goes_on_only_when_told_how(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    describe("photos", "--host", scripted.url)
    before = Path("results.jsonl").read_bytes()
    other = ("photos", "--host", scripted.url, "--prompt", "Which colour?")
    for words in (other, ("photos", "--host", scripted.url, "--pages", "together")):
        outcome = describe(*words)
        assert outcome.code == 2
        for word in ("3 lines of another request", "--append", "--restart", "--out"):
            assert word in outcome.err
    assert len(scripted.asked) == 3
    assert Path("results.jsonl").read_bytes() == before

    assert describe(*other, "--append").code == 0
    assert paths() == photos * 2 or sorted(paths()) == sorted(photos * 2)
    assert len({line["request"] for line in lines()}) == 2
    assert describe(*other, "--append").code == 0
    assert len(lines()) == 6

    outcome = describe(*other, "--restart")
    assert outcome.code == 0
    assert "results.jsonl.old" in outcome.err
    assert len(lines()) == 3
    assert len(lines("results.jsonl.old")) == 6

    assert describe("photos", "--host", scripted.url, "--out", "other.jsonl").code == 0
    assert Path("other.jsonl").read_bytes().count(b"\n") == 3


def test_what_failed_is_told_and_asked_again_when_asked_for(describe: CommandLine, photos: list[str]) -> None:
    whole = Path(photos[1]).read_bytes()
    Path(photos[1]).write_bytes(whole[:-30])
    stamp = Path(photos[1]).stat()
    with EmbeddedOllama(engine=ScriptedEngine("A colour.")) as server:
        outcome = describe("photos", "--host", server.url)
        assert outcome.code == 1
        assert "2 answers, 1 failed" in outcome.err
        (line,) = [line for line in lines() if line["error"]]
        assert (line["path"], line["error"]["type"], line["text"]) == (photos[1], "ImageError", "")
        assert line["error"]["message"].startswith(photos[1])
        assert line["error"]["message"] in " ".join(outcome.err.split())
        again = describe("photos", "--host", server.url)
        assert again.code == 1
        assert "3 done before, 1 of them failed" in again.err
        assert "--retry-errors" in again.err
        assert len(server.asked) == 2

        assert describe("photos", "--host", server.url, "--retry-errors").code == 1
        assert sorted(paths()) == photos
        Path(photos[1]).write_bytes(whole[:-30] + b"x" * 0)
        os.utime(photos[1], ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        Path(photos[1]).write_bytes(whole)
        assert describe("photos", "--host", server.url, "--retry-errors").code == 0
        assert sorted(paths()) == photos
        assert not any(line["error"] for line in lines())


def test_a_document_half_done_goes_on_at_its_next_page(
    describe: CommandLine, folder: Path, scripted: EmbeddedOllama
) -> None:
    pages = [draw_scene("red circle") for _ in range(4)]
    pages[0].save("scan.pdf", save_all=True, append_images=pages[1:])
    describe("scan.pdf", "--host", scripted.url)
    kept = [json.dumps(line) for line in lines() if line["page"] in (1, 3)]
    Path("results.jsonl").write_text("\n".join(kept) + "\n")
    assert describe("scan.pdf", "--host", scripted.url).code == 0
    assert sorted(line["page"] for line in lines()) == [1, 2, 3, 4]
    assert len(scripted.asked) == 6


def test_a_limit_is_of_pictures_and_the_same_ones_each_time(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    for _ in range(2):
        assert describe("photos", "--host", scripted.url, "--limit", 2).code == 0
        assert sorted(paths()) == photos[:2]
    assert len(scripted.asked) == 2
    pages = [draw_scene("red circle") for _ in range(5)]
    pages[0].save("photos/1.pdf", save_all=True, append_images=pages[1:])
    for _ in range(2):
        assert describe("photos/1.pdf", "--host", scripted.url, "--limit", 3, "--out", "pdf.jsonl").code == 0
        assert sorted(line["page"] for line in lines("pdf.jsonl")) == [1, 2, 3]
    assert describe("photos/1.pdf", "--host", scripted.url, "--out", "pdf.jsonl").code == 0
    assert sorted(line["page"] for line in lines("pdf.jsonl")) == [1, 2, 3, 4, 5]
