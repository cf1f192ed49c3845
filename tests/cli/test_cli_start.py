"""What a command opens before its first word: sets of modules, which no busy machine can change.

The times are in docs/performance.md; `benchmarks/against.py` measures them beside an earlier commit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Set
from pathlib import Path

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine

OPENED = """
import json, os, runpy, sys
before = set(sys.modules)
try:
    runpy.run_module("ollama_vision", run_name="__main__", alter_sys=True)
except SystemExit as left:
    assert not left.code, left.code
with open(os.environ["OPENED"], "w") as file:
    json.dump(sorted(set(sys.modules) - before), file)
"""
COMMAND = {"cli", "errors", "extras", "lazy"}
CALL = {"http", "model", "pictures", "protocol", "server", "user_warnings", "words"}
TYPER = {"typer", "annotated_doc", "shellingham"}
CALL_NEEDS = {"pybase64"}
PYDANTIC = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
HTTP = {"httpcore2", "h11", "anyio", "sniffio", "socksio", "truststore"}
"""Of httpcore2's own, socksio where it is installed."""


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "photo.jpg"
    Image.effect_noise((800, 600), 60).save(path)
    return path


def opened_by(*words: str, folder: Path) -> set[str]:
    """The modules that the whole command has opened when it is done."""
    listed = folder / "opened.json"
    environment = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "TTY_COMPATIBLE")}
    subprocess.run(
        [sys.executable, "-c", OPENED, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**environment, "OPENED": str(listed)},
    )
    names: list[str] = json.loads(listed.read_text(encoding="utf-8"))
    return set(names)


def from_elsewhere(modules: Set[str]) -> set[str]:
    """The packages that are neither Python's nor ours."""
    top = {name.partition(".")[0] for name in modules if not name.startswith("_sysconfigdata")}
    return top - {"ollama_vision", "__main__"} - sys.stdlib_module_names


def rooms(modules: Set[str]) -> set[str]:
    return {name.split(".")[1] for name in modules if name.startswith("ollama_vision.")}


@pytest.mark.parametrize("words", [["--help"], ["ask", "--help"], ["describe", "--help"]], ids=" ".join)
def test_help_opens_typer_and_the_command_that_is_asked_about(words: list[str], tmp_path: Path) -> None:
    modules = opened_by(*words, folder=tmp_path)
    # Of a command typer has pydantic look at the options.
    assert from_elsewhere(modules) <= (TYPER if words == ["--help"] else TYPER | PYDANTIC)
    assert rooms(modules) <= COMMAND
    assert "asyncio" not in modules
    options = {name for name in modules if name.startswith("ollama_vision.cli.") and name.endswith(".options")}
    own = {f"ollama_vision.cli.{words[0]}.options", "ollama_vision.cli.common.options"}
    assert options == (set() if words == ["--help"] else own), "of the commands the one that is called"


def test_one_question_about_a_photograph_opens_what_asks_it(photograph: Path, tmp_path: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A cat.")) as server:
        said = ("ask", "--no-log", "--host", server.url, "--model", server.model, str(photograph), "What is it?")
        modules = opened_by(*said, folder=tmp_path)
    assert from_elsewhere(modules) <= TYPER | PYDANTIC | HTTP | CALL_NEEDS, "a JPEG that fits goes as it is: no Pillow"
    assert rooms(modules) == COMMAND | CALL
    assert not {"urllib.request", "sqlite3", "multiprocessing"} & modules
    decoders = {name for name in modules if name.startswith("ollama_vision.pictures.decoders.")}
    assert not {name.rpartition(".")[2] for name in decoders} & {"dicom", "jpeg2000", "apng", "sgi", "objects"}


def test_what_is_kept_opens_its_database_and_nothing_else(photograph: Path, tmp_path: Path) -> None:
    """After the answer, which is on the screen by then; --no-log keeps it shut."""
    with EmbeddedOllama(engine=ScriptedEngine("A cat.")) as server:
        said = ("ask", "--host", server.url, "--model", server.model, str(photograph), "What is it?")
        without = opened_by(said[0], "--no-log", *said[1:], folder=tmp_path)
        modules = opened_by(*said, folder=tmp_path)
    assert from_elsewhere(modules) == from_elsewhere(without)
    new = {name.partition(".")[0] for name in modules - without}
    assert "sqlite3" in new
    assert new <= {"sqlite3", "_sqlite3", "_datetime", "datetime", "_hashlib", "hashlib", "_blake2", "collections"}


def test_a_table_of_results_opens_no_server_and_no_picture(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    results.write_text("", encoding="utf-8")
    modules = opened_by("export", str(results), str(tmp_path / "out.csv"), folder=tmp_path)
    assert from_elsewhere(modules) <= TYPER | PYDANTIC
    assert not rooms(modules) & {"http", "model", "server", "protocol"}
    assert "asyncio" not in modules


def test_describing_opens_no_bar_where_output_is_kept(photograph: Path, tmp_path: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A cat.")) as server:
        out = str(tmp_path / "results.jsonl")
        said = ("describe", "--host", server.url, "--model", server.model, "--out", out, str(photograph))
        modules = opened_by(*said, folder=tmp_path)
    assert from_elsewhere(modules) <= TYPER | PYDANTIC | HTTP | CALL_NEEDS | {"PIL"}, "its size is read by Pillow"


def test_tools_for_agents_open_the_sdk_and_no_model_before_the_first_question(tmp_path: Path) -> None:
    modules = opened_by("mcp", "--root", str(tmp_path), folder=tmp_path)
    assert "mcp.server.stdio" in modules
    assert rooms(modules) <= COMMAND | {"atomic_replace", "batch", "http", "mcp", "pictures", "protocol", "server"} | {
        "user_warnings",
        "words",
    }
    assert not {"PIL", "pybase64", "numpy", "ollama_embedded", "llama_index"} & from_elsewhere(modules)


def test_the_models_are_listed_without_a_picture_room(tmp_path: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine()) as server:
        modules = opened_by("models", "--host", server.url, folder=tmp_path)
    assert from_elsewhere(modules) <= TYPER | PYDANTIC | HTTP | CALL_NEEDS
    assert not rooms(modules) & {"batch", "model"}


def test_importing_the_engine_opens_its_errors_alone() -> None:
    assert imported("import ollama_vision") <= {
        "ollama_vision",
        "ollama_vision.errors",
        "ollama_vision.lazy",
        *sys.stdlib_module_names,
    }


def test_importing_the_model_opens_no_client_and_no_picture() -> None:
    modules = imported("from ollama_vision import VisionModel; VisionModel('m')")
    assert from_elsewhere(modules) <= PYDANTIC | CALL_NEEDS
    assert rooms(modules) <= CALL | {"errors", "lazy"}
    within = {name for name in modules if name.startswith("ollama_vision.pictures.")}
    assert not {name.split(".")[2] for name in within} & {"decoders", "formats", "inputs", "preparing", "render"}


def imported(code: str) -> set[str]:
    """The modules that a line opens, and, of Python's, the top ones alone."""
    listing = (
        f"import json, sys\nbefore = set(sys.modules)\n{code}\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, timeout=60, check=True)
    names: list[str] = json.loads(done.stdout)
    return {name if name.startswith("ollama_vision") else name.partition(".")[0] for name in names}
