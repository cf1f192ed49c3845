"""What goes into a file or a pipe is UTF-8 and whole, whatever the code page; names in it are one line each."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from tests.support.command_line import COMMAND, CommandLine

ANSWER = "Café ☕ 写真 🐱"


@pytest.mark.parametrize("more", [[], ["--no-stream"]])
def test_an_answer_in_a_file_has_all_its_letters(photos: list[str], more: list[str]) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(ANSWER)) as server:
        done = subprocess.run(
            [*COMMAND, "ask", photos[0], "Read it.", "--host", server.url, *more],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": "cp1252"},
            timeout=120,
            check=True,
        )
    assert done.stdout.decode().strip() == ANSWER


def test_names_of_a_dry_run_are_one_line_each(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    try:
        Path(photos[0]).rename("photos/a\x1b[31m\nb.png")
    except OSError:
        pytest.skip("needs a file system that takes such names")
    outcome = describe("photos", "--host", scripted.url, "--dry-run")
    assert "\x1b" not in outcome.out
    assert "photos/a\\x1b[31m\\nb.png: 64x64" in outcome.out


def test_a_folder_that_cannot_be_written_to_is_named(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def refuse(path: str | Path, *more: int) -> int:
        if str(path).endswith(".lock"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, *more)

    monkeypatch.setattr(os, "open", refuse)
    outcome = describe("photos", "--host", scripted.url)
    assert outcome.code == 2
    assert "Nothing can be written beside results.jsonl" in outcome.err
    assert "Name an --out" in " ".join(outcome.err.split())
