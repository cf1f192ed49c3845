"""The end-to-end tests as `make test HOST= MODEL=` runs them: on a server in another process, strict or not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
A_GENERAL_MODEL = """
import io
from PIL import Image
from ollama_embedded import EmbeddedOllama, Ending, Reply, ScriptedEngine
from ollama_embedded.faults import overflow

def said(request):
    '''What a model of some gigabytes makes of these pictures: right, and in its own words.'''
    text = getattr(request, "prompt", "") or "".join(m.content for m in getattr(request, "messages", ()))
    if len(text) > 20_000:
        return overflow()
    if request.format is not None:
        return '{"count": 4}'
    if request.options.get("num_predict") == 3:
        return Reply("This picture shows ", done_reason="length", prompt_tokens=300)
    picture = Image.open(io.BytesIO(request.pictures[-1])).convert("RGB") if request.pictures else None
    red, green, _ = picture.getpixel((picture.width // 2, picture.height // 2)) if picture else (0, 0, 0)
    colour = "red" if red > green else "green"
    words = f"Sure! I can see a **{colour.title()}** shape on a plain background."
    return Reply(words, prompt_tokens=300)

engine = ScriptedEngine(said, model="general:7b", capabilities=("completion", "vision", "thinking", "tools"))
server = EmbeddedOllama(engine=engine).start()
print(server.url, flush=True)
input()
"""


@contextmanager
def server(*command: str) -> Iterator[str]:
    """Another process; its first line begins with its address."""
    running = subprocess.Popen(
        [sys.executable, "-u", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert running.stdout is not None
        yield running.stdout.readline().split()[0]
    finally:
        running.kill()
        running.communicate()


def outside_of_make() -> dict[str, str]:
    """The environment without what a make that runs this suite leaves in it for the makes below it."""
    return {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}


def run_on(host: str, model: str, *tests: str) -> subprocess.CompletedProcess[str]:
    """The command that make runs, without the installation before it."""
    asked = ["make", "--dry-run", "test", f"HOST={host}", f"MODEL={model}"]
    shown = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT, check=True, env=outside_of_make()).stdout
    named = dict(re.findall(r"(OLLAMA_TEST_\w+)='([^']*)'", shown))
    arguments = shown.rpartition("-m pytest ")[2].split()
    # The file alone: the marker leaves no others, and collecting them all takes a while.
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, *tests, "tests/repo/test_real.py"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **named},
        timeout=280,
    )


def test_strict_on_the_demo_model() -> None:
    with server("-m", "ollama_embedded", "--alias", "me/shapes:small") as host:
        done = run_on(host, "me/shapes:small")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d\d passed", done.stdout)
    assert "skipped" not in done.stdout


def test_loose_on_any_other_model(tmp_path: Path) -> None:
    (tmp_path / "general.py").write_text(A_GENERAL_MODEL)
    with server(str(tmp_path / "general.py")) as host:
        done = run_on(host, "general:7b")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d\d passed", done.stdout)


def test_loose_is_not_blind(tmp_path: Path) -> None:
    """A model that does not see the picture fails."""
    engine = "ScriptedEngine('A beautiful landscape.', model='blind')"
    (tmp_path / "blind.py").write_text(
        "from ollama_embedded import EmbeddedOllama, ScriptedEngine\n"
        f"print(EmbeddedOllama(engine={engine}).start().url, flush=True)\ninput()"
    )
    names = ["test_the_answer_is_about_the_picture", "test_from_a_shell", "test_a_schema_is_enforced"]
    with server(str(tmp_path / "blind.py")) as host:
        done = run_on(host, "blind", "-k", " or ".join(names))
    assert done.returncode == 1
    assert set(re.findall(r"FAILED \S+::(test_\w+)", done.stdout)) == set(names)
    assert "passed" not in done.stdout


@pytest.mark.parametrize("name", ["HOST", "MODEL"])
def test_a_variable_of_the_shell_changes_nothing(name: str) -> None:
    shown = subprocess.run(
        ["make", "--dry-run", "test"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**outside_of_make(), name: "x"},
        check=True,
    )
    assert "-m real" not in shown.stdout
    assert "-m pytest --cov" in shown.stdout


def test_without_a_model_the_ones_that_see_are_listed() -> None:
    with server("-m", "ollama_embedded", "--alias", "qwen2.5vl:7b") as host:
        done = run_on(host, "")
    assert done.returncode == 2
    assert f"MODEL= is missing: {host} has these models that see: shapes:latest, qwen2.5vl:7b" in done.stdout
