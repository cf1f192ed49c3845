"""`ollama-vision pull`: how far it is, on a terminal and elsewhere; what stays when it is stopped."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterable
from typing import Any

import pytest
from rich.console import Console

from llama_index.multi_modal_llms.ollama import PullProgress
from ollama_embedded import EmbeddedOllama, Gate, ScriptedEngine
from ollama_embedded.faults import Fault, RawReply
from ollama_vision.cli.pull.command import Bars
from tests.support.command_line import CommandLine, process

LARGE = {"status": "pulling aeda25e63ebd", "digest": "sha256:aeda", "total": 3_300_000_000}
SMALL = {"status": "pulling e0a42594d802", "digest": "sha256:e0a4", "total": 358}


def registry(*steps: dict[str, Any] | Gate) -> EmbeddedOllama:
    """A server whose first pull goes so."""
    pieces = [step if isinstance(step, Gate) else json.dumps(step).encode() + b"\n" for step in steps]
    faults: dict[str, Iterable[Fault | None]] = {"/api/pull": [RawReply(pieces)]}
    return EmbeddedOllama(engine=ScriptedEngine(model="gemma3:4b"), faults=faults)


def test_lines_tell_how_far_a_large_layer_is(vision: CommandLine) -> None:
    steps = [{**LARGE, "completed": 3_300_000 * count} for count in range(1, 1001)]
    small = [SMALL, {**SMALL, "completed": 100}, {**SMALL, "completed": 358}]
    end = [{"status": "verifying sha256 digest"}, {"status": "success"}]
    with registry({"status": "pulling manifest"}, LARGE, *steps, *small, *end) as server:
        outcome = vision("pull", "gemma3:4b", "--host", server.url)
        assert (outcome.code, outcome.out) == (0, f"gemma3:4b is on {server.url}\n")
    assert outcome.err.splitlines() == [
        "pulling manifest",
        "pulling aeda25e63ebd: 3.3 GB",
        *(f"pulling aeda25e63ebd: {percent} %" for percent in range(10, 101, 10)),
        "pulling e0a42594d802: 358 B",
        "verifying sha256 digest",
        "success",
    ]


def test_a_pull_that_goes_on_begins_where_it_was(vision: CommandLine) -> None:
    with registry({**LARGE, "completed": 1_700_000_000}, {"status": "success"}) as server:
        outcome = vision("pull", "gemma3:4b", "--host", server.url)
    assert outcome.err.splitlines()[:2] == ["pulling aeda25e63ebd: 3.3 GB", "pulling aeda25e63ebd: 50 %"]


def test_a_terminal_gets_a_bar_for_each_layer() -> None:
    shown = io.StringIO()
    with Bars(Console(file=shown, force_terminal=True, highlight=False, width=80)) as bars:
        for step in ({"status": "pulling [manifest]\x1b"}, {**LARGE, "completed": 1_650_000_000}, SMALL):
            bars.step(PullProgress(**step))
    text = shown.getvalue()
    assert "pulling [manifest]\ufffd\n" in text
    assert "pulling aeda25e63ebd" in text
    assert "1.6/3.3 GB" in text or "1.7/3.3 GB" in text
    assert "0/358 bytes" in text


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([{"error": "pull model manifest: file does not exist"}], "https://ollama.com/library"),
        ([{"status": "pulling manifest"}, {"error": "write /models/x: no space left on device"}], "no space left"),
        ([{"status": "pulling manifest"}], "broke off"),
    ],
)
def test_what_goes_wrong_is_said_in_the_servers_words(
    vision: CommandLine, steps: list[dict[str, Any]], words: str
) -> None:
    with registry(*steps) as server:
        outcome = vision("pull", "nope", "--host", server.url)
    assert (outcome.code, outcome.out) == (1, "")
    (complaint,) = (line for line in outcome.err.splitlines() if line.startswith("Error: "))
    assert words in complaint


def test_no_server_is_one_clear_paragraph(vision: CommandLine) -> None:
    with EmbeddedOllama(engine=ScriptedEngine()) as server:
        gone = server.url
    outcome = vision("pull", "gemma3:4b", "--host", gone)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)


def test_a_model_is_needed(vision: CommandLine) -> None:
    assert vision("pull").code == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_control_c_stops_it_and_says_that_it_goes_on() -> None:
    with registry(LARGE, Gate(), {"status": "success"}) as server:
        pulling = process("pull", "gemma3:4b", "--host", server.url)
        assert pulling.stderr is not None
        assert pulling.stderr.readline() == "pulling aeda25e63ebd: 3.3 GB\n"
        pulling.send_signal(signal.SIGINT)
        out, err = pulling.communicate(timeout=60)
        assert server.requests[-1].left.wait(60)
    assert (pulling.returncode, out) == (130, "")
    assert err == "Note: Stopped. What has come stays: the same command goes on from there.\n"
