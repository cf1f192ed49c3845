"""`make matrix` and the benchmarks find what they run and install, in this layout and in that before it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.distributions import DISTRIBUTIONS, ROOT
from tools.matrix import SUITE

PINS_OF = "import sys, environments; print(*environments.pins_of('ours', environments.Path(sys.argv[1])), sep='\\n')"


@pytest.mark.parametrize("path", SUITE)
def test_what_the_matrix_runs_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def pins_of(checkout: Path) -> list[str]:
    """What the benchmarks install of a checkout."""
    command = [sys.executable, "-c", PINS_OF, str(checkout)]
    done = subprocess.run(command, cwd=ROOT / "benchmarks", capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line.startswith("-e ")]


def test_the_benchmarks_install_both_distributions() -> None:
    assert pins_of(ROOT) == [f"-e {each.home}[cli,embedded]" for each in DISTRIBUTIONS]


def test_of_an_earlier_commit_they_install_its_root(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    assert pins_of(tmp_path) == [f"-e {tmp_path}[cli,embedded]"]
