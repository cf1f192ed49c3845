"""What the README shows runs, as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
A_REAL_MODEL = "gemma3:4b"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


PYTHON = blocks("python")
COMMANDS = [
    line.partition("#")[0].strip().removeprefix(".venv/bin/") for block in blocks("sh") for line in block.splitlines()
]


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedOllama]:
    """Stands for the reader's Ollama: the demo model under the name that the README uses."""
    with EmbeddedOllama(aliases=[A_REAL_MODEL]) as running:
        yield running


@pytest.fixture
def reader(tmp_path: Path, server: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader is: with this project's pictures and a photo, and with Ollama running."""
    shutil.copytree(ROOT / "examples/pictures", tmp_path / "examples/pictures")
    shutil.copy(ROOT / "examples/pictures/two-shapes.jpg", tmp_path / "photo.jpg")
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    monkeypatch.delenv("OLLAMA_VISION_MODEL", raising=False)
    return tmp_path


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.lower()


@pytest.mark.parametrize("code", PYTHON, ids=lambda code: code.splitlines()[-1].strip())
def test_python_examples_run(reader: Path, code: str) -> None:
    answer = run(reader, sys.executable, "-c", code)
    assert "blue" in answer
    assert "square" in answer
    assert "green" in answer
    assert "triangle" in answer


def test_the_first_example_is_ten_lines_and_needs_no_other_server() -> None:
    code = PYTHON[0].strip().splitlines()
    assert len(code) <= 10
    assert "EmbeddedOllama()" in PYTHON[0]
    assert A_REAL_MODEL not in PYTHON[0]


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("ollama-vision ask")])
def test_shell_examples_run(reader: Path, server: EmbeddedOllama, command: str) -> None:
    # The one in this environment, not one that happens to be on the PATH.
    words = [sys.executable, "-m", "ollama_vision", *shlex.split(command)[1:]]
    words += [] if "--demo" in words else ["--model", A_REAL_MODEL]
    answer = run(reader, *words)
    assert re.search(r"\b2 shapes|blue square", answer)


@pytest.mark.parametrize("name", ["doctor", "models", "pull"])
def test_other_shell_examples_run(reader: Path, name: str) -> None:
    (command,) = (line for line in COMMANDS if line.startswith(f"ollama-vision {name}"))
    words = [sys.executable, "-m", "ollama_vision", *shlex.split(command)[1:]]
    done = subprocess.run(words, cwd=reader, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert A_REAL_MODEL in done.stdout or "shapes" in done.stdout


def test_the_folder_is_described_and_exported(reader: Path, server: EmbeddedOllama) -> None:
    commands = [line for line in COMMANDS if line.startswith(("ollama-vision describe", "ollama-vision export"))]
    assert len(commands) == 2
    for command in commands:
        words = [sys.executable, "-m", "ollama_vision", *shlex.split(command)[1:]]
        done = subprocess.run(words, cwd=reader, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (reader / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    folder = (ROOT / "docs/how-to/folder.md").read_text(encoding="utf-8")
    (shown,) = map(json.loads, re.findall(r"^```json\n(.*?)^```", folder, re.DOTALL | re.MULTILINE))
    (line,) = (line for line in lines if line["path"] == shown["path"])
    assert list(line) == list(shown)
    assert "blue square" in line["text"]
    assert (line["size"], line["usage"]["prompt_tokens"]) == (shown["size"], shown["usage"]["prompt_tokens"])
    assert line["sha256"].startswith(shown["sha256"].rstrip("."))
    assert "--demo" in commands[0], "the folder is this repository's own: it must do without Ollama"
    assert (reader / "report.html").is_file()
    assert len((reader / "results.csv").read_text(encoding="utf-8-sig").splitlines()) == len(lines) + 1


@pytest.mark.skipif(not (ROOT / ".git").exists() or shutil.which("git") is None, reason="needs a clone, and git")
def test_what_its_commands_write_is_nothing_to_commit(reader: Path) -> None:
    before = set(reader.iterdir())
    for command in (line for line in COMMANDS if line.startswith(("ollama-vision describe", "ollama-vision export"))):
        run_words = [sys.executable, "-m", "ollama_vision", *shlex.split(command)[1:]]
        subprocess.run(run_words, cwd=reader, capture_output=True, timeout=120, check=True)
    written = sorted(path.name for path in set(reader.iterdir()) - before)
    assert len(written) == 4
    ignored = subprocess.run(["git", "check-ignore", *written], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ignored.stdout.split() == written


def test_the_first_block_has_the_demo_and_the_tests() -> None:
    assert COMMANDS[:2] == ["make demo", "make test"]


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("make ")])
def test_make_targets_exist(command: str) -> None:
    done = subprocess.run([*shlex.split(command), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_links_lead_to_files_and_headings() -> None:
    links = [link.partition("#") for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("https://")]
    assert len(links) > 10
    assert [path for path, _, _ in links if not (ROOT / path).is_file()] == []
    for path, _, heading in links:
        headings = re.findall(r"^#+ (.*)", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE) if heading else []
        assert not heading or heading in [re.sub(r"\W+", "-", each.lower()) for each in headings], path


def test_it_is_a_screen_for_the_main_job_and_one_for_the_rest() -> None:
    screen = 50
    lines = README.splitlines()
    assert len(lines) <= 2 * screen
    headings = {line: number for number, line in enumerate(lines) if line.startswith("## ")}
    assert list(headings)[:3] == ["## Try it", "## Install", "## Ask a real model"]
    assert headings[list(headings)[3]] <= screen, "where the rest begins"
    assert max(map(len, lines)) <= 130
