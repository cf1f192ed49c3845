"""The workflow that a host runs: nothing but the parts of .ci/run, on the Pythons that both distributions name."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.distributions import DISTRIBUTIONS, ROOT, Distribution

SCRIPT = ROOT / ".ci" / "run"
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
PARTS = ("check", "docs", "ray", "browser", "test")

STAND_IN = '#!/bin/sh\necho "$(basename "$0") $*" >> "$CALLS"\n'
"""In place of a program: writes down what it was called with, and does nothing."""

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def steps() -> list[dict[str, Any]]:
    return [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda each: each.name)
def test_its_pythons_are_those_that_the_packages_name(distribution: Distribution) -> None:
    project = tomllib.loads((distribution.home / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert named
    for job in WORKFLOW["jobs"].values():
        assert job["strategy"]["matrix"]["python"] == named


def test_each_command_is_a_part_and_no_part_is_left_out() -> None:
    commands = [step["run"] for step in steps() if "run" in step]
    assert commands == [f".ci/run {part}" for part in PARTS]
    assert SCRIPT.stat().st_mode & 0o111, "a host runs it by its name"


def test_what_it_uses_of_others_is_held_to_a_version() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", name) for name in used), used


def test_its_python_is_the_one_that_make_takes() -> None:
    (job,) = WORKFLOW["jobs"].values()
    (setup,) = (step for step in job["steps"] if "setup-python" in step.get("uses", ""))
    assert setup["with"] == {"python-version": "${{ matrix.python }}"}
    assert job["env"] == {"PYTHON": "python${{ matrix.python }}"}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The script alone, and stand-ins for what it calls."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci")
    for name in ("bin/make", "bin/apt-get", "bin/chromium", ".venv/bin/python"):
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(STAND_IN, encoding="utf-8")
        program.chmod(0o755)
    return tmp_path


def called(clone: Path, *parts: str) -> list[str]:
    calls = clone / "calls"
    calls.unlink(missing_ok=True)
    environment = {"PATH": f"{clone / 'bin'}:/usr/bin:/bin", "CALLS": str(calls)}
    done = subprocess.run(
        ["bash", str(clone / ".ci" / "run"), *parts], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return calls.read_text(encoding="utf-8").splitlines()


@needs_bash
def test_the_whole_is_its_parts_one_after_another(clone: Path) -> None:
    whole = called(clone)
    assert whole == [line for part in PARTS for line in called(clone, part)]
    assert [line for line in whole if line.startswith("make") and line != "make install"] == [
        "make check",
        "make docs",
        "make test TESTS=-m ray",
        "make test TESTS=-m browser",
        "make test",
    ]
    assert [line.rpartition("--group=")[2] for line in whole if "--group=" in line] == ["ray", "browser", "rag"]


@needs_bash
def test_a_part_that_fails_is_the_last(clone: Path) -> None:
    (clone / "bin" / "make").write_text(STAND_IN + '[ "$1" != docs ]\n', encoding="utf-8")
    with pytest.raises(AssertionError):
        called(clone)
    assert (clone / "calls").read_text(encoding="utf-8").splitlines() == ["make check", "make docs"]


@needs_bash
def test_a_word_that_is_no_part_is_an_error(clone: Path) -> None:
    done = subprocess.run(["bash", str(clone / ".ci" / "run"), "tset"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "There is no part tset: check, docs, ray, browser, test\n")
