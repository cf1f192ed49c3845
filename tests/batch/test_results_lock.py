"""One process writes a file of results; the lock of one that was killed holds nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ollama_vision.batch.results.file import ResultsLock
from ollama_vision.errors import ResultsInUseError


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


HOLDING = """
import sys
from pathlib import Path
from ollama_vision.batch.results.file import ResultsLock
with ResultsLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def hold(results: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(results)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_two_processes_do_not_write_one_file(results: Path) -> None:
    holder = hold(results)
    with pytest.raises(ResultsInUseError, match=f"is being written by process {holder.pid}"), ResultsLock(results):
        pass
    holder.communicate("\n", timeout=60)
    with ResultsLock(results):
        pass
    assert list(results.parent.iterdir()) == []


def test_a_killed_writer_holds_nothing(results: Path) -> None:
    holder = hold(results)
    holder.kill()
    holder.wait(60)
    with ResultsLock(results):
        pass
    assert list(results.parent.iterdir()) == []
