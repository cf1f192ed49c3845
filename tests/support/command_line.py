"""The command line as tests run it: in this process, or in one of its own that can be sent signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

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
