"""The command line as tests run it: in this process, or in one of its own that can be sent signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ollama_vision.cli.app import run
from ollama_vision.cli.doctor.local_checks import JUDGES

COMMAND = [sys.executable, "-m", "ollama_vision"]
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one paragraph that went to standard error."""
        (line,) = self.err.splitlines()
        assert line.startswith("Error: ")
        return line.removeprefix("Error: ")


CommandLine = Callable[..., Outcome]


def in_process(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Runs command lines without what this machine's environment says about Ollama and proxies."""
    for name in (*JUDGES, *PROXIES, *(proxy.lower() for proxy in PROXIES)):
        monkeypatch.delenv(name, raising=False)

    def run_words(*words: str) -> Outcome:
        code = run(words)
        shown = capsys.readouterr()
        return Outcome(code, shown.out, shown.err)

    return run_words


def process(*words: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **more},
        preexec_fn=_hear_control_c,
    )


def _hear_control_c() -> None:
    """What a shell starts in the background, this suite perhaps, leaves Ctrl-C ignored to all that it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
