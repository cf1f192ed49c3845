"""`ollama-vision serve`: the embedded server, until it is told to stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import ollama_embedded
from llama_index.multi_modal_llms.ollama import OllamaServer
from ollama_vision import errors, prove_sight
from tests.support.command_line import CommandLine, process

DEMO = Path(ollama_embedded.__file__).parent / "demo_model"


@contextmanager
def serving(*words: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The program, and the two lines that it says."""
    program = process("serve", *words)
    try:
        assert program.stdout is not None
        yield program, program.stdout.readline(), program.stdout.readline()
    finally:
        program.kill()
        program.communicate()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_serves_the_demo_model_until_told_to_stop(number: signal.Signals, code: int) -> None:
    with serving() as (program, where, how):
        url = where.split()[0]
        assert where == f"{url} serves shapes. Stop it with Ctrl-C.\n"
        assert f"ollama-vision ask --host {url} " in how
        assert [model.name for model in OllamaServer(url).models()] == ["shapes:latest"]
        program.send_signal(number)
        out, err = program.communicate(timeout=60)
    assert (program.returncode, out, err) == (code, "", "")


def test_it_serves_any_model_on_the_port_that_was_asked_for() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    files = [str(DEMO / "shapes-q8_0.gguf"), "--mmproj", str(DEMO / "shapes-q8_0.mmproj.gguf")]
    with serving("--port", str(port), "--num-parallel", "2", "--model", *files) as (_, where, _):
        assert where.startswith(f"http://127.0.0.1:{port} serves shapes-q8_0.")
        (model,) = OllamaServer(f"http://127.0.0.1:{port}").models()
    assert "vision" in (model.capabilities or ())


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--mmproj", "x.gguf"], "give --model as well"),
        (["--port", "70000"], "ports are 1 to 65535"),
        (["--num-parallel", "0"], "at least 1"),
        (
            ["--blind", "blue"],
            "blind='blue': it is one of dropped, marker, stale, first, last, black, noise, grey, bgr",
        ),
        (["--model", "no-such-file.gguf"], "there is no file no-such-file.gguf"),
        (["--model", __file__], "is not a GGUF file"),
    ],
)
def test_what_cannot_be_served_is_said(vision: CommandLine, words: list[str], complaint: str) -> None:
    outcome = vision("serve", *words)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert outcome.err.startswith("Error: ")
    assert complaint in outcome.err


def test_a_blind_server_says_so(vision: CommandLine) -> None:
    with serving("--blind", "black") as (_, where, _):
        url = where.split()[0]
        assert where == f"{url} serves shapes, which gets black in place of the pictures. Stop it with Ctrl-C.\n"
        with pytest.raises(errors.BlindModelError, match="does not see what it is sent"):
            prove_sight("shapes", url, seed=1)


def test_a_taken_port_is_said(vision: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = vision("serve", "--port", str(taken.getsockname()[1]))
    assert outcome.code == 2
    assert "another server has that port" in outcome.err


@pytest.mark.parametrize(
    ("words", "who"),
    [
        (["serve"], "serve"),
        (["ask", "--demo", __file__, "What is this?"], "--demo"),
        (["describe", "--demo", __file__], "--demo"),
    ],
)
def test_without_the_extra_it_says_what_to_install(words: list[str], who: str) -> None:
    code = f"import sys\nsys.modules['xllamacpp'] = None\nfrom ollama_vision.cli.app import run\nsys.exit(run({words}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"Error: {who} needs the extra embedded")
    assert 'pip install "ollama-vision[embedded]>=1"' in done.stderr
