"""The core of the suite on every supported Python that is installed, with the oldest and the newest llama-index-core.

    python -m tools.matrix [--python 3.11 ...] [--core oldest newest] [--keep FOLDER] [-- pytest arguments]

Pythons are found by name on PATH and among pyenv's versions; what is not installed is said and left out. Each pair of
Python and core gets an environment of its own, and a line of the table at the end. Uses uv when it is there.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
CORE = {"oldest": "llama-index-core==0.14.5", "newest": "llama-index-core>=0.14.5,<0.15"}
"""What the adapter's pyproject.toml says, from both ends."""
TOOLS = ("pytest>=8.4", "pytest-asyncio>=1.1", "pytest-timeout>=2.3", "hypothesis>=6.100")
SUITE = (
    "tests/protocol",
    "tests/server",
    "tests/model",
    "tests/pictures/test_images_original.py",
    "tests/batch",
    *(f"tests/cli/test_{name}.py" for name in ("cli", "cli_describe", "cli_export", "report")),
    *(f"tests/adapter/test_{name}.py" for name in ("base", "main_job", "messages", "structured", "tools", "reader")),
    *(f"tests/adapter/test_{name}.py" for name in ("describer", "describer_cache", "describer_pipeline")),
)


def main() -> int:
    arguments, for_pytest = _arguments()
    found = {version: python for version in arguments.python if (python := find(version))}
    for version in arguments.python:
        print(f"Python {version}: {found.get(version, 'not installed, left out')}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments.keep or temporary).resolve()
        rows = [
            (version, core, *run(python, folder / f"{version}-{core}", CORE[core], for_pytest))
            for version, python in found.items()
            for core in arguments.core
        ]
    print(f"\n{'Python':8}{'core':8}{'version':10}{'seconds':>8}  outcome")
    for version, core, release, seconds, outcome, _ in rows:
        print(f"{version:8}{core:8}{release:10}{seconds:8.0f}  {outcome}")
    return 0 if rows and all(row[-1] for row in rows) else 1


def find(version: str) -> str | None:
    """A Python of that version that runs; a name may be on PATH and not run, as pyenv's do."""
    for candidate in _candidates(version):
        asked = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0 and asked.stdout.strip() == version:
            return candidate
    return None


def _candidates(version: str) -> Iterator[str]:
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        yield sys.executable
    if named := shutil.which(f"python{version}"):
        yield named
    if pyenv := shutil.which("pyenv"):
        root = _output([pyenv, "root"])
        for installed in reversed(_output([pyenv, "versions", "--bare"]).split()):
            if re.fullmatch(rf"{re.escape(version)}(\.\d+)?", installed):
                yield str(Path(root, "versions", installed, "bin", "python"))


def run(python: str, folder: Path, core: str, for_pytest: list[str]) -> tuple[str, float, str, bool]:
    """Make the environment and run the suite in it: the core's version, seconds, last line, and whether all is well."""
    started = time.monotonic()
    inside = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    print(f"\n== {folder.name}: {core}", flush=True)
    packages = ROOT / "packages"
    projects = (f"{packages / 'ollama-vision'}[all]", str(packages / "llama-index-multi-modal-llms-ollama"))
    editable = [word for project in projects for word in ("--editable", project)]
    if uv := shutil.which("uv"):
        subprocess.run([uv, "venv", "--quiet", "--allow-existing", "--python", python, str(folder)], check=True)
        install = [uv, "pip", "install", "--quiet", "--python", str(inside)]
    else:
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        install = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    installed = subprocess.run([*install, *editable, core, *TOOLS], check=False)
    if installed.returncode:
        return "?", time.monotonic() - started, "could not be installed", False
    release = _output([str(inside), "-c", "from importlib.metadata import version; print(version('llama-index-core'))"])
    tested = subprocess.run(
        [str(inside), "-m", "pytest", "-q", "-p", "no:cacheprovider", *SUITE, *for_pytest],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    lines = tested.stdout.strip().splitlines() or ["nothing was run"]
    if tested.returncode:
        print("\n".join(lines[-60:]))
    return release, time.monotonic() - started, lines[-1].strip("= "), tested.returncode == 0


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", nargs="+", choices=PYTHONS, default=PYTHONS)
    parser.add_argument("--core", nargs="+", choices=CORE, default=list(CORE))
    parser.add_argument("--keep", help="a folder for the environments, to use them again")
    given = sys.argv[1:]
    cut = given.index("--") if "--" in given else len(given)
    return parser.parse_args(given[:cut]), given[cut + 1 :]


if __name__ == "__main__":
    sys.exit(main())
