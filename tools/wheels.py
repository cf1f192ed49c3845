"""Whether all that a user installs comes as wheels on a Python: the packages, their extras, and what those ask for.

    python -m tools.wheels [--python 3.14] [--beside 3.13]

uv resolves everything anew for each platform, without building anything, and without that Python being installed. Where
the versions differ from those of `--beside`, an older release was taken for want of a newer one's wheel, or the other
way round: each such package is named. Asks PyPI; needs uv. Exits with 1 where something comes only as source.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLATFORMS = {
    "Linux, x86-64, glibc 2.28": "x86_64-manylinux_2_28",
    "Linux, ARM64, glibc 2.28": "aarch64-manylinux_2_28",
    "macOS 14, ARM64": "aarch64-apple-darwin",
    "Windows, x86-64": "x86_64-pc-windows-msvc",
}
OLDEST_MACOS = "14.0"
"""PyAV's wheels ask for it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default="3.14")
    parser.add_argument("--beside", default="3.13", help="a Python to compare the versions with")
    arguments = parser.parse_args()
    uv = shutil.which("uv")
    if uv is None:
        print("This needs uv: https://docs.astral.sh/uv", file=sys.stderr)
        return 2
    wanted = sorted(set(requirements()))
    if not wanted:
        print(f"No pyproject.toml in {ROOT} or in a folder of its packages/ asks for anything", file=sys.stderr)
        return 2
    print(f"{len(wanted)} requirements, with all extras")
    whole = True
    for shown, platform in PLATFORMS.items():
        found, other = (resolved(uv, wanted, python, platform) for python in (arguments.python, arguments.beside))
        if isinstance(found, str):
            whole = False
            says = f"not all of it as wheels\n{found}"
        elif isinstance(other, str):
            says = f"{len(found)} packages, all as wheels; on {arguments.beside}: {other}"
        else:
            names = sorted(name for name in found.keys() | other.keys() if found.get(name) != other.get(name))
            differing = [f"{name} {found.get(name)} ({other.get(name)})" for name in names]
            same = f"the versions are those of {arguments.beside}"
            says = f"{len(found)} packages, all as wheels; {', '.join(differing) or same}"
        print(f"Python {arguments.python}, {shown}: {says}")
    return 0 if whole else 1


def requirements() -> Iterator[str]:
    """What the distributions of this project ask for, but for one another."""
    files = [ROOT / "pyproject.toml", *sorted(ROOT.glob("packages/*/pyproject.toml"))]
    projects = [
        project
        for file in files
        if file.is_file() and (project := tomllib.loads(file.read_text(encoding="utf-8")).get("project"))
    ]
    own = {normalized(project["name"]) for project in projects}
    for project in projects:
        extras = project.get("optional-dependencies", {}).values()
        for requirement in [*project.get("dependencies", []), *(each for extra in extras for each in extra)]:
            if normalized(re.match(r"[\w.-]+", requirement)[0]) not in own:  # type: ignore[index]
                yield requirement


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def resolved(uv: str, wanted: list[str], python: str, platform: str) -> dict[str, str] | str:
    """The version of each package that would be installed, or what uv says against it."""
    options = ["--python-version", python, "--python-platform", platform, "--only-binary", ":all:"]
    done = subprocess.run(
        [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", *options, "-"],
        input="\n".join(wanted),
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return done.stderr.strip()
    lines = (line.partition(";")[0].strip() for line in done.stdout.splitlines())
    pinned = (line.partition("==") for line in lines if "==" in line)
    return {name: version for name, _, version in pinned}


if __name__ == "__main__":
    sys.exit(main())
