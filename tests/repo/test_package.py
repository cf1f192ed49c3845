"""What is shipped: wheel and source archive build, hold the right files, and install where users are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = "1.0.0"
CLIENT = "llama_index/multi_modal_llms/ollama"
DEAD_RELEASE = "llama-index-multi-modal-llms-ollama==0.6.1"

INSTALLING = 1200
"""Seconds that a test which fills a new environment from a package index may take."""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command away from this project, so that nothing is imported from the work tree by chance."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Archives:
    wheel: Path
    source: Path


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    """The source archive, and the wheel that is built from it, as an index would receive them."""
    folder = tmp_path_factory.mktemp("dist")
    # The build back end is in the development group: an isolated build would fetch it anew.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    (source,) = folder.glob("*.tar.gz")
    return Archives(wheel, source)


def wheel_names(archives: Archives) -> set[str]:
    with zipfile.ZipFile(archives.wheel) as file:
        return set(file.namelist())


def source_names(archives: Archives) -> set[str]:
    with tarfile.open(archives.source) as file:
        return {member.name.partition("/")[2] for member in file.getmembers()}


def wheel_metadata(archives: Archives) -> Message:
    with zipfile.ZipFile(archives.wheel) as file:
        (name,) = (name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(file.read(name).decode())


def python_files(*folders: str) -> set[str]:
    return {file.relative_to(ROOT).as_posix() for folder in folders for file in (ROOT / folder).rglob("*.py")}


def test_an_index_would_take_both(archives: Archives) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", archives.wheel, archives.source)


def test_the_wheel_holds_the_three_packages_and_nothing_else(archives: Archives) -> None:
    info = f"llama_index_multi_modal_llms_ollama-{VERSION}.dist-info"
    names = wheel_names(archives)
    code = {name for name in names if name.endswith(".py")}
    assert code == python_files("llama_index", "ollama_vision", "ollama_embedded")
    assert {name.split("/")[0] for name in names} == {"llama_index", "ollama_vision", "ollama_embedded", info}
    assert {f"{info}/licenses/LICENSE", f"{info}/entry_points.txt", f"{CLIENT}/py.typed"} <= names


def test_the_wheel_brings_the_demo_model(archives: Archives) -> None:
    names = wheel_names(archives)
    assert "packages/ollama-vision/ollama_embedded/demo_model/shapes-q8_0.gguf" in names
    assert "packages/ollama-vision/ollama_embedded/demo_model/shapes-q8_0.mmproj.gguf" in names


def test_llama_index_stays_a_namespace(archives: Archives) -> None:
    """An `__init__.py` above our folder would hide `llama_index.core` or every other integration."""
    names = wheel_names(archives)
    assert f"{CLIENT}/__init__.py" in names
    assert not {"llama_index/__init__.py", "llama_index/multi_modal_llms/__init__.py"} & names


def test_the_source_archive_holds_what_its_tests_need(archives: Archives) -> None:
    names = source_names(archives)
    assert python_files("llama_index", "ollama_vision", "ollama_embedded", "tests", "examples") <= names
    assert {"Makefile", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"} <= names
    assert not [name for name in names if "site-packages" in name or "__pycache__" in name or ".git/" in name]


def test_the_metadata_says_what_it_needs(archives: Archives) -> None:
    metadata = wheel_metadata(archives)
    requirements = metadata.get_all("Requires-Dist") or []
    base = {line for line in requirements if "extra ==" not in line}
    assert metadata["Name"] == "llama-index-multi-modal-llms-ollama"
    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra") or []) == {
        "all",
        "cli",
        "dicom",
        "embedded",
        "heif",
        "pdf",
        "socks",
        "video",
    }
    assert {"llama-index-core<0.15,>=0.14.5", "pillow>=11.3"} <= base
    assert {name for line in base if "http" in (name := line.partition(">")[0])} == {"httpcore2", "httpx2"}
    of_cli = {line.partition(">")[0] for line in requirements if "extra == 'cli'" in line}
    assert of_cli == {"typer", "rich", "jsonschema", "pillow-heif", "pypdfium2"}


def test_the_wheel_is_called_as_the_readme_says(archives: Archives) -> None:
    assert f"./dist/{archives.wheel.name}[all]" in (ROOT / "README.md").read_text(encoding="utf-8")


PROBE = """
import importlib.metadata as metadata, json, sys
from llama_index.multi_modal_llms.ollama import OllamaMultiModal
import llama_index.multi_modal_llms.ollama as package
llm = OllamaMultiModal(model="gemma3:4b")
print(json.dumps({
    "version": metadata.version("llama-index-multi-modal-llms-ollama"),
    "file": package.__file__,
    "class_name": llm.class_name(),
    "bases": [base.__name__ for base in OllamaMultiModal.__mro__],
    "packages": sorted(found.metadata["Name"].lower() for found in metadata.distributions()),
}))
"""


@dataclass(frozen=True)
class Environment:
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def script(self) -> Path:
        return self.python.with_name("ollama-vision.exe" if os.name == "nt" else "ollama-vision")

    def install(self, *requirements: str | Path) -> None:
        quiet = ("--quiet", "--disable-pip-version-check", "--no-warn-script-location")
        run(self.python, "-m", "pip", "install", *quiet, *requirements)

    def files_of_client(self) -> set[str]:
        (folder,) = self.folder.rglob(CLIENT)
        return {file.relative_to(folder).as_posix() for file in folder.rglob("*.py")}

    def probe(self) -> dict[str, object]:
        found = json.loads(run(self.python, "-c", PROBE, cwd=self.folder))
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Installed:
    """What an environment was like just after a step: later steps change it."""

    found: dict[str, object]
    files: set[str]
    without_cli: subprocess.CompletedProcess[str]


def look(environment: Environment) -> Installed:
    asked = subprocess.run([environment.script, "--help"], capture_output=True, text=True, check=False)
    return Installed(environment.probe(), environment.files_of_client(), asked)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, with_pip=True)
    return Environment(folder)


@pytest.fixture(scope="session")
def fresh(environment: Environment, archives: Archives) -> Installed:
    """The wheel with its base dependencies, in an environment that held nothing."""
    environment.install(archives.wheel)
    return look(environment)


@pytest.fixture(scope="session")
def over_the_dead_release(environment: Environment, fresh: Installed, archives: Archives) -> Installed:
    """The same environment, after the dead release was put in ours's place and ours over it again."""
    run(
        environment.python,
        "-m",
        "pip",
        "uninstall",
        "--yes",
        "--quiet",
        "llama-index-multi-modal-llms-ollama",
    )
    environment.install(DEAD_RELEASE)
    assert "_call.py" not in environment.files_of_client(), "the dead release is not what is installed"
    environment.install(archives.wheel)
    return look(environment)


def files_of_client_here() -> set[str]:
    return {file.relative_to(ROOT / CLIENT).as_posix() for file in (ROOT / CLIENT).rglob("*.py")}


@pytest.mark.index
@pytest.mark.timeout(INSTALLING)
def test_it_imports_with_core_alone(fresh: Installed, environment: Environment) -> None:
    assert fresh.found["version"] == VERSION
    assert fresh.found["class_name"] == "Ollama_multi_modal_llm"
    assert str(fresh.found["file"]).startswith(str(environment.folder))
    assert {"FunctionCallingLLM", "MultiModalLLM"} <= set(_strings(fresh.found["bases"]))
    packages = set(_strings(fresh.found["packages"]))
    assert "llama-index-core" in packages
    assert not {"typer", "xllamacpp", "starlette", "ollama", "llama-index-llms-ollama"} & packages


@pytest.mark.index
@pytest.mark.timeout(INSTALLING)
def test_without_its_extra_the_command_says_what_to_install(fresh: Installed) -> None:
    assert fresh.without_cli.returncode == 2
    assert fresh.without_cli.stdout == ""
    assert len(fresh.without_cli.stderr.splitlines()) == 1
    assert 'pip install "ollama-vision[cli]>=1"' in fresh.without_cli.stderr


@pytest.mark.index
@pytest.mark.timeout(INSTALLING)
def test_it_replaces_the_dead_release_whole(over_the_dead_release: Installed) -> None:
    assert over_the_dead_release.found["version"] == VERSION
    assert "MultiModalLLM" in _strings(over_the_dead_release.found["bases"])
    assert over_the_dead_release.files == files_of_client_here()


def _strings(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(item) for item in value]
