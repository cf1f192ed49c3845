"""The pytest plugin, as a stranger's test suite uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

THEIR_TESTS = """
import httpx
from ollama_embedded import Reply, draw_scene

def test_the_demo_model(ollama_server):
    assert httpx.get(ollama_server.url, trust_env=False).text == "Ollama is running"
    assert ollama_server.model == "shapes"

def test_a_script(scripted_ollama):
    server = scripted_ollama(["one", Reply("two")], aliases=["llava"], capabilities=["completion"])
    ask = {"model": "llava", "prompt": "x", "stream": False}
    said = [httpx.post(server.url + "/api/generate", json=ask, trust_env=False).json()["response"] for _ in "ab"]
    assert said == ["one", "two"]
"""


def test_a_strangers_suite(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(THEIR_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "ollama_embedded.pytest_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_plugin_imports_pytest_only() -> None:
    code = (
        "import pytest, sys; before = set(sys.modules); import ollama_embedded.pytest_plugin;"
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "['ollama_embedded']\n"


def test_without_the_extra_the_way_out_is_named() -> None:
    code = "import sys; sys.modules['uvicorn'] = None\nfrom ollama_embedded import EmbeddedOllama"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "EmbeddedOllama needs uvicorn: pip install 'llama-index-multi-modal-llms-ollama[embedded]'" in done.stderr
