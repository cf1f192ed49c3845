"""`ollama-vision read` stopped, killed, or with nothing to read: what there is then, and how it goes on."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama, Gate, Reply, Request
from ollama_embedded.scenes import Shape, draw_scene
from tests.support.command_line import CommandLine, process
from tests.support.describe_cli import ServerProcess, end_of, wait_for_lines
from tests.support.documents import (
    LETTER,
    MINUTES,
    fingerprint,
    shown,
)
from tests.support.read_lines import lines


def test_a_server_that_is_gone_stops_it(vision: CommandLine, letters: Path) -> None:
    done = vision("read", "letters", "--host", "http://127.0.0.1:9", "--model", "m")
    assert done.code == 2
    assert "Nothing is written down for pages that were not to blame." in done.err
    assert lines() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_control_c_is_130_and_the_next_run_goes_on(
    folder: Path, letters: Path, served: Callable[..., EmbeddedOllama], vision: CommandLine
) -> None:
    gate = Gate()
    page = shown(letters / "a.pdf", 2)

    def says(request: Request) -> Reply | str:
        return Reply([gate, MINUTES]) if fingerprint(request.pictures[0]) == page else LETTER

    server = served(says)
    running = process(
        "read", str(folder / "letters"), "--out", str(folder / "text"), "--host", server.url, "--jobs", "1",
        "--no-sight-check",
    )  # fmt: skip
    wait_for_lines(folder / "text" / "pages.jsonl", 1, running)
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=60)[1]
    gate.open()
    assert running.returncode == 130, said
    assert "goes on with the rest" in said
    assert not (folder / "text" / "a.pdf.md").exists()
    done = vision("read", str(folder / "letters"), "--out", "text", "--host", server.url)
    assert done.code == 1  # page 3 was read as page 1
    assert len(lines()) == 4


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_killed_twice_each_page_has_one_line_and_each_document_its_file(folder: Path) -> None:
    """kill -9 at two places; what a kill in the middle of a write would leave is added: no run meets it by itself."""
    shapes = [
        Shape(colour, kind, "middle center") for colour in ("red", "blue") for kind in ("circle", "square", "star")
    ]
    for number in range(4):
        pages = [draw_scene(shape, size=(224, 224)).convert("RGB") for shape in shapes]
        pages[0].save(folder / f"{number}.pdf", save_all=True, append_images=pages[1:])
        with (folder / f"{number}.pdf").open("ab") as file:
            file.write(b"%% document %d\n" % number)  # no copies of each other
    results = folder / "text" / "pages.jsonl"
    with ServerProcess("--num-parallel", "2") as server:
        words = (
            "read", str(folder), "--out", str(folder / "text"), "--host", server.url, "--model", "shapes",
            "--prompt", "Describe the image.", "--no-sight-check",
        )  # fmt: skip
        for at in (7, 16):
            running = process(*words)
            wait_for_lines(results, at, running)
            running.kill()
            running.communicate()
            with results.open("ab") as torn:
                torn.write(b'{"path": "/so')
        last = process(*words)
        code, said = end_of(last)
    assert code == 0, said
    written = lines(str(results))
    places = sorted((line["document"], line["page"]) for line in written)
    assert places == [(str(folder / f"{number}.pdf"), page) for number in range(4) for page in range(1, 7)]
    for number in range(4):
        text = (folder / "text" / f"{number}.pdf.md").read_text()
        assert re.findall(r"<!-- page (\d) -->", text) == ["1", "2", "3", "4", "5", "6"]
        own = {line["page"]: line["text"] for line in written if line["document"].endswith(f"{number}.pdf")}
        assert all(own[page].strip() in text for page in own)
    assert not [path for path in (folder / "text").iterdir() if path.suffix in (".new", ".tmp")]


@pytest.mark.proves_sight
def test_sight_is_proven_first(vision: CommandLine, letters: Path) -> None:
    with EmbeddedOllama(blind="black") as server:
        done = vision("read", "letters/old", "--host", server.url)
        assert done.code == 2
        assert lines() == []
        assert vision("read", "letters/old", "--host", server.url, "--no-sight-check").code == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--append", "--restart"], "give one of them"),
        (["--report", "report.txt"], "name a file that ends in .html"),
        (["--second", ""], "--second is empty"),
        (["--prompt", " "], "--prompt is empty"),
        (["--box-convention", "0-1"], "give both"),
        (["--pages", "3-2"], "--pages takes numbers from 1 on"),
        (["--layer", "maybe"], "maybe"),
    ],
)
def test_what_cannot_be_meant(vision: CommandLine, letters: Path, words: list[str], complaint: str) -> None:
    done = vision("read", "letters", *words)
    assert (done.code, complaint in done.err) == (2, True)
