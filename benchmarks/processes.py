"""The processes beside this one: fake server, embedded server, and a worker for each client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from environments import PROJECT, python_of
from roster import ROSTER

HERE = Path(__file__).resolve().parent
_CLEAN = {
    **os.environ,
    **{"NO_PROXY": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "", "PYTHONWARNINGS": "ignore"},
    # What `ask` keeps is not kept among the user's own.
    "XDG_STATE_HOME": str(HERE / ".envs" / "state"),
}


@contextmanager
def fake_server() -> Iterator[str]:
    """Gives its address."""
    with _started([sys.executable, str(HERE / "fake_ollama.py")]) as process:
        yield _line(process).strip()


@contextmanager
def embedded_server() -> Iterator[tuple[str, str]]:
    """The demo model on the embedded server: its address and the model's name."""
    code = (
        "import sys; from ollama_embedded import EmbeddedOllama\n"
        "with EmbeddedOllama() as server:\n"
        "    print(server.url, server.model, flush=True)\n"
        "    sys.stdin.read()"
    )
    with _started([str(python_of("ours")), "-c", code]) as process:
        url, model = _line(process).split()
        yield url, model


class Worker:
    """A client in its own environment and process."""

    def __init__(self, name: str, *arguments: str) -> None:
        self.name = name
        command = [str(python_of(ROSTER[name].environment)), str(HERE / "worker.py"), name, *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE, env=_CLEAN
        )
        self._line()

    def run(self, order: dict[str, Any]) -> dict[str, float]:
        assert self._process.stdin is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return self._line()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _line(self) -> dict[str, float]:
        said = _line(self._process)
        figures: dict[str, float] = json.loads(said)
        return figures


def run_python(environment: str, code: str) -> str:
    """What a fresh Python there prints."""
    command = [str(python_of(environment)), "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=_CLEAN).stdout


def run_start(environment: str, arguments: list[str]) -> dict[str, float]:
    """What a whole process of that Python takes, from its start to its end. Linux and macOS.

    The peak is never below that of the process which measures: it is the child's for a moment.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(python_of(environment)), *arguments], stdout=subprocess.DEVNULL, env=_CLEAN, cwd="/"
    )
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    peak = used.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    return {"cpu_ms": (used.ru_utime + used.ru_stime) * 1000, "wall_ms": took * 1000, "peak_mb": peak}


@contextmanager
def _started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended before it answered; what it said stands above")
    return line
