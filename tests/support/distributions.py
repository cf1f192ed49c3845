"""The two distributions in packages/, built as an index would receive them, and environments to install them into."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSION = "1.0.0"
NAMESPACED = "llama_index/multi_modal_llms/ollama"


@dataclass(frozen=True)
class Distribution:
    name: str
    folders: tuple[str, ...]
    """The packages in it: folders with everything below them."""
    data: frozenset[str]
    """What goes along and is no Python."""

    @property
    def home(self) -> Path:
        return ROOT / "packages" / self.name

    @property
    def stem(self) -> str:
        """As file names have it."""
        return self.name.replace("-", "_")

    def contents(self) -> set[str]:
        files = (file for folder in self.folders for file in (self.home / folder).rglob("*.py"))
        return {file.relative_to(self.home).as_posix() for file in files} | self.data


ENGINE = Distribution(
    "ollama-vision",
    ("ollama_vision", "ollama_embedded"),
    frozenset(
        {
            "ollama_embedded/demo_model/README.md",
            "ollama_embedded/demo_model/shapes-q8_0.gguf",
            "ollama_embedded/demo_model/shapes-q8_0.mmproj.gguf",
            "ollama_embedded/py.typed",
            "ollama_vision/cli/report/assets/cards.js",
            "ollama_vision/cli/report/assets/index.js",
            "ollama_vision/cli/report/assets/compare.css",
            "ollama_vision/cli/report/assets/eyetest.css",
            "ollama_vision/cli/report/assets/report.css",
            "ollama_vision/cli/report/assets/theme.js",
            "ollama_vision/py.typed",
        }
    ),
)
ADAPTER = Distribution("llama-index-multi-modal-llms-ollama", (NAMESPACED,), frozenset({f"{NAMESPACED}/py.typed"}))
DISTRIBUTIONS = (ENGINE, ADAPTER)


@dataclass(frozen=True)
class Archives:
    wheel: Path
    source: Path

    @classmethod
    def build(cls, distribution: Distribution, folder: Path) -> Archives:
        """The source archive, and the wheel that is built from it."""
        # The build back end is in the development group: an isolated build would fetch it anew.
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, distribution.home, cwd=folder)
        (wheel,) = folder.glob(f"{distribution.stem}-*.whl")
        (source,) = folder.glob(f"{distribution.stem}-*.tar.gz")
        return cls(wheel, source)

    def wheel_names(self) -> set[str]:
        with zipfile.ZipFile(self.wheel) as file:
            return set(file.namelist())

    def source_names(self) -> set[str]:
        with tarfile.open(self.source) as file:
            return {member.name.partition("/")[2] for member in file.getmembers() if member.isfile()}

    def read(self, ending: str) -> bytes:
        """The one file of the wheel whose name ends so."""
        with zipfile.ZipFile(self.wheel) as file:
            (name,) = (name for name in file.namelist() if name.endswith(ending))
            return file.read(name)

    def metadata(self) -> Message:
        return Parser().parsestr(self.read(".dist-info/METADATA").decode())


@dataclass(frozen=True)
class Environment:
    """A virtual environment that a test makes and fills from a package index."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def site_packages(self) -> Path:
        return Path(run(self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())

    def command(self, *words: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """A command of this environment, by its name, as a shell finds it after `activate`."""
        path = os.pathsep.join((str(self.python.parent), os.environ["PATH"]))
        return subprocess.run(
            [str(self.python.with_name(str(words[0]))), *map(str, words[1:])],
            cwd=cwd,
            env={**_environment(), "PATH": path, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    def install(self, *requirements: str | Path, cwd: Path = ROOT) -> None:
        quiet = ("--quiet", "--disable-pip-version-check", "--no-warn-script-location")
        run(self.python, "-m", "pip", "install", *quiet, *requirements, cwd=cwd)

    def uninstall(self, *names: str) -> None:
        run(self.python, "-m", "pip", "uninstall", "--yes", "--quiet", *names)

    def packages(self) -> set[str]:
        """Names of the distributions in it."""
        code = "import importlib.metadata as m; [print(d.metadata['Name']) for d in m.distributions()]"
        found = run(self.python, "-c", code, cwd=self.folder)
        return {re.sub(r"[-_.]+", "-", name).lower() for name in found.split()}


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """What a command says that must not fail; nothing is imported from the work tree by chance."""
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=cwd, env=_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
