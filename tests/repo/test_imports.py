"""Who may import whom: import-linter's contracts in pyproject.toml hold, can fail, and what they cannot say."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "packages/ollama-vision/ollama_vision"
EMBEDDED = ROOT / "packages/ollama-vision/ollama_embedded"
ADAPTER = ROOT / "packages/llama-index-multi-modal-llms-ollama/llama_index/multi_modal_llms/ollama"
TRAINING = ROOT / "training"
MOST_LINES_OF_THE_ADAPTER = 2000
MOST_LINES_OF_A_FILE = 360
TRAINED_WITH_TORCH = {"model/auxiliary_losses", "model/network", "model/optimizer", "model/train"}
"""The modules of the training that need torch; all others run without, the evaluation among them."""


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter, on the packages that are found from a folder."""
    paths = [str(folder / each) for each in ("packages/ollama-vision", ADAPTER.parents[2].relative_to(ROOT), ".")]
    program = f"import sys; sys.path[:0] = {paths}; from importlinter.cli import lint_imports_command; "
    program += "lint_imports_command(['--no-cache'])"
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)


def test_the_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages, to be broken."""
    for folder in ("packages", "training"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.gguf"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        (ENGINE / "http/pool.py", "from ollama_vision.server import Api", "The engine's floors"),
        (ENGINE / "http/pool.py", "from ollama_vision.protocol import Request", "The engine's floors"),
        (ENGINE / "server/api.py", "from ollama_vision.http.pool import Pool", "past the front of http"),
        (ENGINE / "http/address.py", "from .io import IO", "No circle within the engine"),
        (
            ENGINE / "model/call.py",
            "def f():\n    import llama_index.multi_modal_llms.ollama",
            "The engine knows no LlamaIndex",
        ),
        (ENGINE / "batch/asking/dispatcher.py", "import ollama_embedded", "The engine knows no LlamaIndex"),
        (ENGINE / "protocol/tools.py", "def f():\n    import asyncio", "sans-I/O"),
        (ENGINE / "server/api.py", "import tenacity", "only because others need it"),
        (EMBEDDED / "faults.py", "from ollama_vision import errors", "The embedded server shares nothing"),
        (EMBEDDED / "protocol/names.py", "from ollama_embedded.http import app", "The embedded server's floors"),
        (ADAPTER / "base.py", "import ollama_vision.cli", "The adapter knows neither"),
        (ADAPTER / "settings.py", "def f():\n    from .base import OllamaMultiModal", "No circle within the adapter"),
        (TRAINING / "model_config.py", "import training.make", "The training's floors"),
    ],
)
def test_each_contract_can_break(copy: Path, file: Path, line: str, contract: str) -> None:
    broken = copy / file.relative_to(ROOT)
    broken.write_text(f"{broken.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    done = lint(copy)
    told = " ".join(done.stdout.partition("Broken contracts")[2].split())
    assert done.returncode != 0, done.stdout
    assert contract in told, done.stdout + done.stderr


def test_each_room_of_the_engine_has_its_floor_and_its_front() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contracts = settings["contracts"]
    (floors,) = [
        each["layers"] for each in contracts if each["type"] == "layers" and "ollama_vision" in each["containers"]
    ]
    named = {room.strip(" ()") for floor in floors for room in floor.split("|")}
    rooms = {path.stem for path in ENGINE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert rooms - {"__init__", "__main__"} <= named
    fronts = {each["allowed_importers"][0] for each in contracts if each["type"] == "protected"}
    assert fronts == {f"ollama_vision.{path.name}" for path in ENGINE.iterdir() if (path / "__init__.py").is_file()}


def test_contributing_says_the_rooms_and_floors_of_the_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = [each["layers"] for each in settings["contracts"] if each.get("containers") == ["ollama_vision"]]
    floors = [
        (str(number), room.strip())
        for number, layer in reversed(list(enumerate(reversed(layers))))
        for room in layer.split("|")
        if "(" not in room and number
    ]
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d) \| `(\w+)(?:/|\.py)`", page, flags=re.MULTILINE) == floors


def files_of(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.py"))
    assert files, f"no source in {folder}"
    return files


def imports_in(tree: ast.AST) -> Iterator[str]:
    """The absolute names that a piece of source imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def opened_at_once(file: Path) -> set[str]:
    """What importing the file imports: everything outside the bodies of functions."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [ast.Pass()]
    return set(imports_in(tree))


def test_the_command_opens_the_embedded_server_only_when_asked_to_start_it() -> None:
    for file in files_of(ENGINE):
        assert not any(name.split(".")[0] == "ollama_embedded" for name in opened_at_once(file)), file


def test_engine_and_embedded_server_know_nothing_of_llama_index() -> None:
    """import-linter cannot be told of `llama_index.core`: it takes no part of a package of others."""
    for file in [*files_of(ENGINE), *files_of(EMBEDDED)]:
        names = set(imports_in(ast.parse(file.read_text(encoding="utf-8"))))
        assert not any(name.split(".")[0].startswith("llama_index") for name in names), file


def test_the_adapter_is_a_translation_and_stays_small() -> None:
    lines = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in files_of(ADAPTER)}
    assert sum(lines.values()) <= MOST_LINES_OF_THE_ADAPTER, lines


def test_a_file_is_about_one_subject_and_no_longer_than_that_takes() -> None:
    folders = ("packages", "training", "tests", "tools", "benchmarks", "examples")
    files = [file for folder in folders for file in files_of(ROOT / folder) if ".envs" not in file.parts]
    assert len(files) > 800
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {str(file): count for file, count in lines.items() if count > MOST_LINES_OF_A_FILE} == {}


def test_torch_is_imported_by_few_modules_of_the_training() -> None:
    for file in files_of(TRAINING):
        module = file.relative_to(TRAINING).with_suffix("").as_posix()
        needs_torch = any(name.split(".")[0] == "torch" for name in imports_in(ast.parse(file.read_text("utf-8"))))
        assert needs_torch == (module in TRAINED_WITH_TORCH), module
        opened = {
            name.removeprefix("training.").replace(".", "/") for name in opened_at_once(file)
        } & TRAINED_WITH_TORCH
        assert module in TRAINED_WITH_TORCH or not opened, f"{module} opens {opened} before torch is asked for"


def test_no_advice_is_written_twice() -> None:
    """What several errors of the wire advise has one name, in `protocol/ways_out.py` or in its lowest room."""
    sentence = re.compile(r"[A-Z][^.?]{24,}[.?]")
    found: dict[str, set[str]] = {}
    for file in [file for room in ("http", "protocol", "server", "model") for file in files_of(ENGINE / room)]:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        documentation = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documentation:
                for words in sentence.findall(node.value):
                    found.setdefault(words, set()).add(f"{file.parent.name}/{file.name}:{node.lineno}")
    assert {words: places for words, places in found.items() if len(places) > 1} == {}
