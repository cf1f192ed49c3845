"""What the shell completes: commands, options, and the models of the server that was typed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama, ModelFacts, ScriptedEngine
from ollama_vision.cli import completion
from tools.help_copies import commands


def bash(script: str, *folders: Path) -> str:
    """What a bash prints that has `ollama-vision` of this environment on its path, or of one of the folders."""
    path = os.pathsep.join([*map(str, folders), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PATH": path},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def completed(*words: str, command: Path | None = None) -> list[str]:
    """What bash offers after these words, by the script that --show-completion gives."""
    quoted = " ".join(map(shlex.quote, words))
    return bash(
        'eval "$(ollama-vision --show-completion bash)"\n'
        f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}\n"
        '_ollama_vision_completion ollama-vision; printf "%s\\n" "${COMPREPLY[@]}"',
        *([command.parent] if command else []),
    ).split()


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


@needs_bash
def test_bash_completes_commands_and_options() -> None:
    assert completed("ollama-vision", "doc") == ["doctor"]
    assert set(completed("ollama-vision", "")) == set(commands())
    assert completed("ollama-vision", "serve", "--num") == ["--num-parallel"]


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """The command with all patience: on a busy machine one second may pass before the first byte is sent."""
    (tmp_path / "patient.py").write_text(
        "import sys\n"
        "from ollama_vision.cli import completion\n"
        "from ollama_vision.cli.app import run\n"
        "completion.PATIENCE = 250.0\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    command = tmp_path / "ollama-vision"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(tmp_path))}/patient.py "$@"\n')
    command.chmod(0o755)
    return command


@needs_bash
def test_bash_completes_the_models_of_the_server_that_was_typed(patient: Path) -> None:
    models = [ModelFacts("gemma3:4b"), ModelFacts("llava:13b")]
    with EmbeddedOllama(engine=ScriptedEngine(model="gemma3:12b", models=models)) as server:
        for command in ("describe", "ask"):
            words = ("ollama-vision", command, "--host", server.url, "--model")
            assert completed(*words, "gem", command=patient) == ["gemma3:12b", "gemma3:4b"]
        assert len(completed(*words, "", command=patient)) == 3
    assert completed(*words, "gem", command=patient) == []


def test_who_pressed_tab_does_not_wait_for_a_slow_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(model="gemma3:12b")) as server:
        monkeypatch.setattr(completion, "PATIENCE", 250.0)
        assert completion.model_names(server.url) == ["gemma3:12b"]
        monkeypatch.setattr(completion, "PATIENCE", 0.0)
        assert completion.model_names(server.url) == []
