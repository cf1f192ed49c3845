"""The pytest plugin, as a stranger's test suite uses it: installed, and nothing more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ollama_embedded

THREE_LINES = """
def test_my_pipeline(ollama_server, tmp_path):
    draw_scene("red circle").save(tmp_path / "picture.png")
    assert "red circle" in describe(tmp_path / "picture.png", ollama_server.url, ollama_server.model)
"""

THEIR_PIPELINE = """
from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import draw_scene

def describe(picture, url, model):
    return OllamaMultiModal(model=model, base_url=url).complete("Describe the image.", [picture]).text
"""

THEIR_TESTS = """
import httpx2
from ollama_embedded import Reply

def test_the_demo_model(ollama_server):
    assert httpx2.get(ollama_server.url, trust_env=False).text == "Ollama is running"
    assert ollama_server.model == "shapes"

def test_a_script(scripted_ollama):
    server = scripted_ollama(["one", Reply("two")], aliases=["llava"], capabilities=["completion"])
    ask = {"model": "llava", "prompt": "x", "stream": False}
    said = [httpx2.post(server.url + "/api/generate", json=ask, trust_env=False).json()["response"] for _ in "ab"]
    assert said == ["one", "two"]

def test_settings_of_the_server(scripted_ollama):
    server = scripted_ollama("one", version="0.9.9", num_parallel=2, origins=["https://my.app"], context_length=64)
    reply = httpx2.get(server.url + "/api/version", headers={"Origin": "https://my.app"}, trust_env=False)
    assert (reply.json(), reply.headers["access-control-allow-origin"]) == ({"version": "0.9.9"}, "https://my.app")

def test_the_default_script(scripted_ollama):
    ask = {"model": "scripted", "prompt": "x", "stream": False}
    reply = httpx2.post(scripted_ollama().url + "/api/generate", json=ask, trust_env=False)
    assert reply.json()["response"] == "A scripted answer."
"""

NOTHING_IMPORTED = """
import sys

def test_that_uses_no_fixture():
    loaded = {name for name in sys.modules if name.split(".")[0] in ("ollama_embedded", "llama_index", "httpx2")}
    assert loaded == {"ollama_embedded", "ollama_embedded.pytest_plugin"}
"""

WITHOUT_THE_EXTRA = """
import sys

def test_the_demo_model(ollama_server):
    pass

def test_a_script(scripted_ollama):
    scripted_ollama()
"""


def pytest_in(folder: Path, tests: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a stranger's tests, with nothing on the command line that names the plugin."""
    (folder / "test_theirs.py").write_text(tests)
    # Other plugins of this environment import much by themselves.
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}
    others = ["no:langsmith_plugin", "no:anyio", "no:asyncio", "no:hypothesispytest", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", *(word for name in others for word in ("-p", name))]
    return subprocess.run(
        [*command, *arguments, str(folder)], capture_output=True, text=True, timeout=120, cwd=folder, env=environment
    )


def test_a_strangers_suite(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, THEIR_TESTS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_three_lines_are_a_test(tmp_path: Path) -> None:
    assert len(THREE_LINES.strip().splitlines()) == 3
    done = pytest_in(tmp_path, THEIR_PIPELINE + THREE_LINES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_fixtures_are_listed_with_what_they_are_for(tmp_path: Path) -> None:
    listed = pytest_in(tmp_path, "", "--fixtures").stdout
    assert "ollama_server [session scope]" in listed
    assert "scripted_ollama" in listed
    assert "The demo model, once for all tests" in listed


def test_until_a_fixture_is_used_nothing_is_imported(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, NOTHING_IMPORTED)
    assert done.returncode == 0, done.stdout + done.stderr


def test_coverage_of_a_package_is_whole_with_the_plugin(tmp_path: Path) -> None:
    """A plugin that imported the package under test would hide its definitions from coverage."""
    (tmp_path / "theirs.py").write_text(THEIR_PIPELINE)
    done = pytest_in(tmp_path, "from theirs import *\n" + THREE_LINES, "--cov=theirs", "--cov-report=term-missing")
    assert done.returncode == 0, done.stdout + done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("theirs.py"))
    assert line.split()[1:4] == ["4", "0", "100%"]


@pytest.mark.parametrize(("module", "lacking"), [("uvicorn", 2), ("starlette", 2), ("xllamacpp", 1)])
def test_without_the_extra_the_fixture_says_what_to_install(tmp_path: Path, module: str, lacking: int) -> None:
    """A script needs no llama.cpp; the demo model needs all of the extra."""
    (tmp_path / "conftest.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n")
    done = pytest_in(tmp_path, WITHOUT_THE_EXTRA)
    assert done.returncode == 1
    line = f'EmbeddedOllama needs {module}: pip install "ollama-vision[embedded]>=1"'
    told = [
        told for told in done.stdout.splitlines() if told.endswith(line) and not told.startswith(("ERROR", "FAILED"))
    ]
    assert len(told) == lacking, done.stdout
    assert "Traceback" not in done.stdout
    assert "pytest_plugin.py" not in done.stdout


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
    assert 'EmbeddedOllama needs uvicorn: pip install "ollama-vision[embedded]>=1"' in done.stderr


def test_every_public_name_is_there() -> None:
    """They load when they are first used, from wherever they live: a wrong place would show to users alone."""
    places = {name: getattr(ollama_embedded, name).__module__ for name in ollama_embedded.__all__}
    assert {module.split(".")[0] for module in places.values()} == {"ollama_embedded"}
    assert places["draw_scene"] == "ollama_embedded.scenes"
