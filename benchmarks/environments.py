"""One environment for each client, made with venv and pip when it is missing or its pins have changed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import venv
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
PINS = HERE / "environments.txt"
HOME = HERE / ".envs"


def pins() -> dict[str, list[str]]:
    """Name of the environment -> its requirement lines, for this checkout."""
    return {name: list(_written_out(lines, PROJECT)) for name, lines in _sections().items()}


def _sections() -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    name = ""
    for line in PINS.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text.startswith("["):
            name = text.strip("[]")
            sections[name] = []
        elif text and not text.startswith("#"):
            sections[name].append(text)
    return sections


def _written_out(lines: Iterable[str], project: Path) -> Iterator[str]:
    """With a checkout's distributions in place of `{project}`: two in packages/, or one of everything at its root."""
    for line in lines:
        at, brace, extras = line.partition("{project}")
        if not brace:
            yield line
        elif not (folders := distributions(project)):
            yield f"{at}{project}{extras}"
        else:
            yield from (f"{at}{folder}{extras}" for folder in folders)


def distributions(project: Path) -> list[Path]:
    """Folders of a checkout that are installed; none where all of it is one, as in earlier commits."""
    return sorted((file.parent for file in project.glob("packages/*/pyproject.toml")), reverse=True)


def python_of(name: str) -> Path:
    """The environment's Python."""
    return HOME / name / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def pins_of(name: str, project: Path) -> list[str]:
    """The lines of that environment, for another checkout."""
    return list(_written_out(_sections()[name], project))


def make(name: str, lines: list[str] | None = None) -> None:
    """Make the environment, unless it is there with these very pins: those of its section, unless others are given."""
    lines = lines or pins()[name]
    wanted = "\n".join([f"python {sys.version_info.major}.{sys.version_info.minor}", *lines])
    if str(PROJECT) in wanted:  # what it depends on may have changed
        metadata = b"".join(path.read_bytes() for path in sorted(PROJECT.glob("packages/*/pyproject.toml")))
        wanted += "\n" + hashlib.sha256(metadata).hexdigest()
    stamp = HOME / name / "pins.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print(f"making the environment {name}", file=sys.stderr, flush=True)
    venv.EnvBuilder(clear=True, with_pip=True).create(HOME / name)
    requirements = HOME / name / "requirements.txt"
    requirements.write_text("\n".join(lines), encoding="utf-8")
    pip = [str(python_of(name)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", str(requirements)], check=True)
    stamp.write_text(wanted, encoding="utf-8")


def versions(name: str) -> dict[str, str]:
    """What is installed there, of the packages that matter for the figures."""
    code = (
        "import importlib.metadata as m, json; print(json.dumps({d.metadata['Name']: d.version "
        "for d in m.distributions()}))"
    )
    said = subprocess.run([str(python_of(name)), "-c", code], check=True, capture_output=True, text=True).stdout
    known: dict[str, str] = json.loads(said)
    return {key.lower(): value for key, value in known.items()}


if __name__ == "__main__":
    for each in pins():
        make(each)
