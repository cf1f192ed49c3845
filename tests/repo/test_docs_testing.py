"""What the page on testing shows is a test suite, and passes as one: a stranger's, with the plugin and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Recorder, draw_scene, faults
from ollama_embedded.embedded import DEMO_FOLDER

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
WANTED = ("SlowFirstByte", "busy", "CutStream", "NoDone", "ErrorLine", "OnlyThinking", "overflow", "NextLine", "html")
"""The faults that have an example each; the check of the host header is no fault, and has one as well."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The reader's project: the page's tests, and the recordings that the page makes with a big model."""
    (tmp_path / "test_page.py").write_text("\n".join(PYTHON), encoding="utf-8")
    draw_scene("red circle").save(tmp_path / "picture.png")
    folder = tmp_path / "tests" / "recordings"
    with EmbeddedOllama(aliases=["gemma3:4b"]) as server, Recorder(server.url, folder) as recorder:
        llm = OllamaMultiModal(model="gemma3:4b", base_url=recorder.url, temperature=0.0)
        llm.complete("Describe the image.", image_documents=[tmp_path / "picture.png"])
    return tmp_path


def test_the_page_passes(project: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:langsmith_plugin"]
    done = subprocess.run(
        [*command, "test_page.py"],
        capture_output=True,
        text=True,
        cwd=project,
        timeout=200,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
    )
    assert done.returncode == 0, done.stdout
    wanted = "".join(PYTHON).count("\ndef test_")
    assert f"{wanted} passed" in done.stdout


def test_each_fault_has_an_example() -> None:
    code = "".join(PYTHON)
    for name in WANTED:
        assert hasattr(faults, name)
        assert re.search(rf"faults=\[{name}\(", code), name
    assert "Host" in code


def test_every_fault_is_named() -> None:
    public = {name for name, thing in vars(faults).items() if getattr(thing, "__module__", "") == faults.__name__}
    public -= {"Fault", "leave"}
    assert {name for name in public if not name.startswith("_") and not re.search(rf"\b{name}\b", PAGE)} == set()


def test_the_costs_are_stated_with_machine_and_date() -> None:
    table = PAGE.partition("## What it costs")[2]
    (wheel,) = re.findall(r"wheel \| ([\d.]+) MB", table)
    (first,) = re.findall(r"first answer, imports included \| ([\d.]+) s", table)
    (memory,) = re.findall(r"memory of the process at its peak \| (\d+) MB", table)
    assert float(wheel) < 5
    assert float(first) <= 1
    assert int(memory) <= 300
    assert re.search(r"Linux, Python 3\.\d+\.\d+, 20\d\d-\d\d-\d\d", table)


def test_the_modelfile_is_that_of_the_model_card() -> None:
    card = (DEMO_FOLDER / "README.md").read_text(encoding="utf-8")
    (modelfile,) = re.findall(r"^```\n(FROM .*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert modelfile in card
    assert all((DEMO_FOLDER / name).is_file() for name in re.findall(r"FROM \./(\S+)", modelfile))


def test_where_the_model_is_can_be_asked() -> None:
    (line,) = re.findall(r"^python -c \"(.*)\"$", PAGE, flags=re.MULTILINE)
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, timeout=60, check=True)
    assert (Path(done.stdout.strip()) / "shapes-q8_0.gguf").is_file()


def test_the_endpoints_are_those_that_it_has(demo_server: EmbeddedOllama) -> None:
    with httpx2.Client(base_url=demo_server.url, trust_env=False) as client:
        assert [client.get(f"/api/{name}").status_code for name in ("tags", "ps", "version")] == [200] * 3
        assert [client.get(f"/api/{name}").status_code for name in ("chat", "generate", "embed", "show", "pull")] == [
            405
        ] * 5
        for name in ("create", "copy", "push"):
            assert client.post(f"/api/{name}").status_code == 404
        assert client.delete("/api/delete").status_code == 404
        assert client.get("/v1/models").status_code == 200
        assert [client.get(f"/v1/{name}").status_code for name in ("completions", "embeddings")] == [405] * 2
        assert [client.post(f"/v1/{name}").status_code for name in ("responses", "messages")] == [404] * 2
