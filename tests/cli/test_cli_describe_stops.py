"""`describe` ended from outside: by Ctrl-C, by a kill, by a server that dies; the next start finishes."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from ollama_vision.cli.common.interrupts import Interrupted, graceful_shutdown
from ollama_vision.cli.common.screen import Screen
from tests.support.describe_cli import (
    COMMAND,
    ServerProcess,
    draw_folder,
    end_of,
    hear_signals,
    lines,
    start,
    start_from_python,
    start_from_shell,
    wait_for_lines,
    wrong_lines,
)

if os.name == "nt":
    pytest.skip("Windows has no such signals", allow_module_level=True)


Door = Callable[[EmbeddedOllama, Path], "subprocess.Popen[str]"]
DOORS = [pytest.param(start_from_shell, id="shell"), pytest.param(start_from_python, id="Python")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def gated() -> Iterator[tuple[EmbeddedOllama, Gate]]:
    """A server that answers twice and then waits at a gate."""
    gate = Gate()
    with EmbeddedOllama(engine=ScriptedEngine(["One.", "Two.", Reply(["Thr", gate, "ee."])])) as server:
        yield server, gate


@pytest.mark.parametrize(
    ("number", "words", "code"),
    [(signal.SIGINT, "Ctrl-C", 130), (signal.SIGTERM, "SIGTERM", 143), (signal.SIGHUP, "SIGHUP", 129)],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP"],
)
def test_a_signal_ends_it_soon_and_it_says_how_to_go_on(
    folder: Path, gated: tuple[EmbeddedOllama, Gate], number: int, words: str, code: int
) -> None:
    server, gate = gated
    draw_folder(folder / "photos", 6)
    command = ("photos", "--host", server.url, "--jobs", "1")
    running = start(*command, folder=folder)
    wait_for_lines(folder / "results.jsonl", 2, running)
    assert gate.reached.wait(60)
    running.send_signal(number)
    ended, said = end_of(running)
    assert ended == code
    assert f"Stopped by {words}. The same command goes on with the rest." in said
    assert "2 answers" in said
    assert "Traceback" not in said
    assert [line["text"] for line in lines(folder / "results.jsonl")] == ["One.", "Two."]
    # The model does not go on writing what nobody reads.
    assert server.asked[2].left.wait(60)
    assert not list(folder.glob("*.lock"))

    gate.open()
    ended, said = end_of(start(*command, folder=folder))
    assert ended == 0, said
    assert "2 done before" in said
    assert len({line["path"] for line in lines(folder / "results.jsonl")}) == 6
    assert len(lines(folder / "results.jsonl")) == 6


def test_a_terminal_that_is_closed_ends_it_in_good_order(folder: Path, gated: tuple[EmbeddedOllama, Gate]) -> None:
    server, gate = gated
    draw_folder(folder / "photos", 6)
    import fcntl
    import termios

    ours, its = os.openpty()

    def with_this_terminal() -> None:
        hear_signals()
        os.setsid()
        fcntl.ioctl(its, termios.TIOCSCTTY, 0)

    running = subprocess.Popen(
        [*COMMAND, "describe", "--no-sight-check", "photos", "--host", server.url, "--jobs", "1"],
        cwd=folder,
        stdin=its,
        stdout=its,
        stderr=its,
        preexec_fn=with_this_terminal,
    )
    os.close(its)
    shown = b""
    while not gate.reached.is_set():  # what is shown must be read, or it waits with showing it
        if select.select([ours], [], [], 0.02)[0]:
            shown += os.read(ours, 65536)
    os.close(ours)
    assert running.wait(60) == 128 + signal.SIGHUP, shown.decode()
    assert [line["text"] for line in lines(folder / "results.jsonl")] == ["One.", "Two."]
    assert server.asked[2].left.wait(60)
    assert not list(folder.glob("*.lock"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_same_signal_again_ends_it_at_once(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Screen() as screen, graceful_shutdown(screen):
            with pytest.raises(Interrupted):
                signal.raise_signal(number)
            assert left == []
            signal.raise_signal(signal.SIGHUP)
            assert left == [], "a terminal that closes says so more than once"
            signal.raise_signal(number)
            assert left == [128 + number]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP], ids=["in the background", "nohup"])
def test_what_is_ignored_stays_ignored(number: int) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with Screen() as screen, graceful_shutdown(screen):
            assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_ctrl_c_is_what_python_itself_raises() -> None:
    assert (Interrupted.by(KeyboardInterrupt()).code, Interrupted.by(KeyboardInterrupt()).words) == (130, "Ctrl-C")


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


@pytest.mark.parametrize("killed", DOORS)
@pytest.mark.parametrize("going_on", DOORS)
def test_a_kill_loses_no_line(folder: Path, gated: tuple[EmbeddedOllama, Gate], killed: Door, going_on: Door) -> None:
    server, gate = gated
    scenes = draw_folder(folder / "photos", 6)
    running = killed(server, folder)
    wait_for_lines(folder / "results.jsonl", 2, running)
    assert gate.reached.wait(60)
    running.kill()
    end_of(running)
    gate.open()
    assert [line["text"] for line in lines(folder / "results.jsonl")] == ["One.", "Two."]
    code, said = end_of(going_on(server, folder))
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
        [*COMMAND, "describe", "--no-sight-check", "photos", "--host", server.url, "--jobs", "1", "--out", "-"],
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
