"""`describe` while its server is restarted, busy, or not there yet: it waits, says so, and goes on."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import EmbeddedOllama, Reply, ScriptedEngine
from ollama_embedded.faults import busy
from ollama_vision.batch.asking import balancer as hosts
from ollama_vision.batch.asking import loading
from ollama_vision.cli.common.screen import Screen
from ollama_vision.cli.describe.progress import SECONDS_BETWEEN_LINES, ProgressDisplay
from ollama_vision.cli.describe.summary import Tally
from tests.support.command_line import CommandLine
from tests.support.describe_cli import (
    ServerProcess,
    draw_folder,
    end_of,
    lines,
    start,
    wait_for_lines,
    wait_for_words,
    wrong_lines,
)
from tests.support.wire_server import HOLD, ROUTES, WireServer

no_windows = pytest.mark.skipif(os.name == "nt", reason="a program is ended by a signal")


@no_windows
def test_a_restart_of_the_server_costs_nothing(folder: Path) -> None:
    """What an update at night does: killed in mid-run, and up again when the run has said that it waits."""
    scenes = draw_folder(folder / "photos", 24)
    with ServerProcess("--num-parallel", "2") as server:
        running = start("photos", "--host", server.url, "--model", "shapes", "--jobs", "4", folder=folder)
        wait_for_lines(folder / "results.jsonl", 5, running)
        server.kill()
        waits = wait_for_words("Waiting for", running)
        assert re.search(rf"Waiting for {server.url}, (2 min|\d+ s) at the most: ", waits), waits
        server.start()
        code, said = end_of(running)
    assert code == 0, said
    assert f"{server.url} answers again, after " in said
    assert "24 answers, in " in said
    assert wrong_lines(lines(folder / "results.jsonl"), scenes) == []


@no_windows
def test_with_wait_a_server_that_is_not_there_yet_is_waited_for(folder: Path) -> None:
    scenes = draw_folder(folder / "photos", 2)
    with ServerProcess() as server:
        server.kill()
        running = start("photos", "--host", server.url, "--wait", "600", folder=folder)
        assert server.url in wait_for_words("Waiting, 10 min at the most (--wait).", running)
        server.start()
        code, said = end_of(running)
    assert code == 0, said
    assert wrong_lines(lines(folder / "results.jsonl"), scenes) == []


def test_a_server_that_never_comes_is_not_waited_for_longer(describe: CommandLine, photos: list[str]) -> None:
    with EmbeddedOllama(engine=ScriptedEngine()) as server:
        gone = server.url
    outcome = describe("photos", "--host", gone, "--model", "any", "--wait", "0.1")
    assert outcome.code == 2
    assert f"Nothing answers at {gone} yet" in outcome.err
    assert "Error: The run was stopped: Nothing answers" in outcome.err
    assert lines() == []


@pytest.mark.parametrize("more", [[], ["--wait", "0.1"], ["--model", "any"]])
def test_a_server_that_takes_connections_and_says_nothing_hangs(
    describe: CommandLine, photos: list[str], monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    monkeypatch.setattr(loading, "PROBE_SECONDS", 0.3)
    with WireServer([HOLD], routes={path: [HOLD] for path in ROUTES}) as silent:
        outcome = describe("photos", "--host", silent.url, "--timeout", "0.2", *more)
    assert outcome.code == 2
    said = rf"{silent.url} takes connections and answers nothing: /api/\w+ for 0\.[23] seconds\. It is starting, or"
    assert re.search(said, outcome.err), outcome.err
    assert "send smaller" not in outcome.err
    assert ("Nothing answers at" in outcome.err) == ("--wait" in more)
    assert not Path("results.jsonl").exists() or lines() == []


def test_a_server_that_stays_busy_stops_the_run_in_words_of_the_shell(
    describe: CommandLine, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(hosts, "BUSY", 0.1)
    with EmbeddedOllama(engine=ScriptedEngine(["One.", Reply("", fault=busy(retry_after=0))])) as server:
        outcome = describe("photos", "--host", server.url, "--jobs", "1", "--wait", "0.1")
    assert outcome.code == 2
    assert "maximum pending requests exceeded). Try again later. It was waited for" in outcome.err
    assert "max_retries" not in outcome.err
    assert re.search(r"Waiting for \S+, 0\.1 s at the most: ", outcome.err)
    assert [line["text"] for line in lines()] == ["One."]


def test_kept_output_says_now_and_then_how_long_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    clock = [0.0]
    with Screen() as screen:
        watched = ProgressDisplay(screen, Tally(expected=9), lambda: clock[0])
        steps: list[tuple[float, str | None, float]] = [
            (0.0, "Nothing answers", 120.0),
            (5.0, "Nothing answers", 115.0),
            (SECONDS_BETWEEN_LINES, "Nothing answers", 90.0),
            (40.0, None, 40.0),
        ]
        for now, why, seconds in steps:
            clock[0] = now
            watched.wait("http://one", why, seconds)
    assert capsys.readouterr().err.splitlines() == [
        "Waiting for http://one, 2 min at the most: Nothing answers",
        "0 of 9, waiting for http://one, 2 min left",
        "http://one answers again, after 40 s.",
    ]


def test_the_bar_says_how_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = ProgressDisplay(Screen(), Tally(expected=9), lambda: 0.0)
    shown: list[Any] = []
    monkeypatch.setattr(watched, "_move_bar", lambda: shown.append(watched._line()))
    watched.wait("http://one", "Nothing answers", 50.0)
    watched.wait("http://one", None, 3.0)
    assert shown == ["0 of 9, waiting for http://one, 50 s left", "0 of 9"]
