"""`describe` ended from outside: by Ctrl-C, by a kill, by a server that dies; the next start finishes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from describing_support import COMMAND, ServerProcess, draw_folder, end_of, lines, start, wait_for_lines, wrong_lines

from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from ollama_vision.exits import INTERRUPTED
from ollama_vision.interrupts import second_control_c_at_once
from ollama_vision.screen import Screen

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def gated() -> Iterator[tuple[EmbeddedOllama, Gate]]:
    """A server that answers twice and then waits at a gate."""
    gate = Gate()
    with EmbeddedOllama(engine=ScriptedEngine(["One.", "Two.", Reply(["Thr", gate, "ee."])])) as server:
        yield server, gate


def test_control_c_ends_it_soon_and_says_how_to_go_on(folder: Path, gated: tuple[EmbeddedOllama, Gate]) -> None:
    server, gate = gated
    draw_folder(folder / "photos", 6)
    words = ("photos", "--host", server.url, "--jobs", "1")
    running = start(*words, folder=folder)
    wait_for_lines(folder / "results.jsonl", 2, running)
    assert gate.reached.wait(60)
    running.send_signal(signal.SIGINT)
    code, said = end_of(running)
    assert code == INTERRUPTED
    assert "Stopped by Ctrl-C. The same command goes on with the rest." in said
    assert "2 answers" in said
    assert "Traceback" not in said
    assert [line["text"] for line in lines(folder / "results.jsonl")] == ["One.", "Two."]
    # The model does not go on writing what nobody reads.
    assert server.asked[2].left.wait(60)
    assert not list(folder.glob("*.lock"))

    gate.open()
    code, said = end_of(start(*words, folder=folder))
    assert code == 0, said
    assert "2 done before" in said
    assert len({line["path"] for line in lines(folder / "results.jsonl")}) == 6
    assert len(lines(folder / "results.jsonl")) == 6


def test_a_second_control_c_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Screen() as screen, second_control_c_at_once(screen):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            assert left == []
            signal.raise_signal(signal.SIGINT)
            assert left == [INTERRUPTED]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_control_c_stays_ignored_in_the_background() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Screen() as screen, second_control_c_at_once(screen):
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_second_process_is_refused_while_the_first_one_writes(
    folder: Path, gated: tuple[EmbeddedOllama, Gate]
) -> None:
    server, gate = gated
    draw_folder(folder / "photos", 4)
    words = ("photos", "--host", server.url, "--jobs", "1")
    first = start(*words, folder=folder)
    wait_for_lines(folder / "results.jsonl", 2, first)
    assert gate.reached.wait(60)
    code, said = end_of(start(*words, folder=folder))
    assert code == 2
    assert f"results.jsonl is being written by process {first.pid}" in said
    gate.open()
    assert end_of(first)[0] == 0
    assert len(lines(folder / "results.jsonl")) == 4


def test_a_kill_loses_no_line(folder: Path, gated: tuple[EmbeddedOllama, Gate]) -> None:
    server, gate = gated
    scenes = draw_folder(folder / "photos", 6)
    words = ("photos", "--host", server.url, "--jobs", "1")
    running = start(*words, folder=folder)
    wait_for_lines(folder / "results.jsonl", 2, running)
    assert gate.reached.wait(60)
    running.kill()
    end_of(running)
    gate.open()
    assert [line["text"] for line in lines(folder / "results.jsonl")] == ["One.", "Two."]
    code, said = end_of(start(*words, folder=folder))
    assert code == 0, said
    assert sorted(line["path"] for line in lines(folder / "results.jsonl")) == sorted(scenes)
    assert sorted(file.name for file in folder.iterdir()) == ["photos", "results.jsonl", "results.jsonl.requests.json"]


def test_a_server_that_dies_stops_the_run_and_blames_no_picture(folder: Path) -> None:
    scenes = draw_folder(folder / "photos", 24)
    with ServerProcess("--num-parallel", "2") as server:
        words = ("photos", "--host", server.url, "--model", "shapes", "--jobs", "2", "--wait", "0")
        running = start(*words, folder=folder)
        wait_for_lines(folder / "results.jsonl", 5, running)
        server.kill()
        code, said = end_of(running)
        assert code == 2, said
        assert server.url in said
        assert "The same command goes on with the rest." in said
        written = lines(folder / "results.jsonl")
        assert 5 <= len(written) < 24
        assert [line["error"] for line in written if line["error"]] == []

        code, said = end_of(start(*words, folder=folder))
        assert code == 2, said
        assert lines(folder / "results.jsonl") == written

        server.start()
        code, said = end_of(start(*words, folder=folder))
        assert code == 0, said
    assert wrong_lines(lines(folder / "results.jsonl"), scenes) == []


def test_kept_output_has_plain_lines(folder: Path, gated: tuple[EmbeddedOllama, Gate]) -> None:
    server, gate = gated
    gate.open()
    draw_folder(folder / "photos", 3)
    code, said = end_of(start("photos", "--host", server.url, folder=folder))
    assert code == 0
    assert "\x1b" not in said
    assert re.search(r"^Asking scripted:latest: 3 questions\.$", said, re.MULTILINE), said
    assert re.search(r"^1 of 3, [\d.]+/s", said, re.MULTILINE), said


def test_a_reader_that_leaves_ends_it_quietly(folder: Path, gated: tuple[EmbeddedOllama, Gate]) -> None:
    server, gate = gated
    draw_folder(folder / "photos", 5)
    running = subprocess.Popen(
        [*COMMAND, "describe", "photos", "--host", server.url, "--jobs", "1", "--out", "-"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert '"One."' in running.stdout.readline()
    assert gate.reached.wait(60)
    running.stdout.close()
    gate.open()
    assert running.stderr is not None
    said = running.stderr.read()
    assert running.wait(60) == 1
    assert "Traceback" not in said
    assert "Error" not in said
