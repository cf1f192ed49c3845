"""Every command's help: its examples could be typed, the pages have it as it is; and what the shell completes."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import version

import pytest
import typer

from ollama_vision.cli.app import app
from tools import help_copies
from tools.help_copies import COLUMNS, PAGE, ROOT, commands, help_of, renewed

every_command = pytest.mark.parametrize("name", commands())


def examples(name: str) -> list[str]:
    """The lines below "Examples:", up to the next blank one."""
    found = re.search(r"^ *Examples?:\n(.*?)^ *$", help_of(name), re.DOTALL | re.MULTILINE)
    return [line.strip() for line in found[1].splitlines()] if found else []


@every_command
def test_the_help_shows_examples_whose_options_there_are(name: str) -> None:
    assert examples(name), f"ollama-vision {name} --help shows no example"
    (command,) = (each for key, each in typer.main.get_command(app).commands.items() if key == name)  # type: ignore[attr-defined]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for example in examples(name):
        words = shlex.split(example.partition(" | ")[0] if not example.startswith("curl") else example)
        assert words[:2] == ["ollama-vision", name] or "ollama-vision" in words, example
        assert {word for word in words if word.startswith("-") and len(word) > 1} <= known, example


@every_command
def test_the_help_names_the_exit_codes_and_fits_the_terminal(name: str) -> None:
    text = help_of(name)
    assert "exit code" in text
    prose = [line for line in text.splitlines() if line.strip() not in examples(name)]
    assert max(map(len, prose)) <= COLUMNS


def test_every_folder_with_options_is_a_command() -> None:
    folders = {file.parent.name for file in (ROOT / "packages/ollama-vision/ollama_vision/cli").glob("*/options.py")}
    assert folders - {"common"} == set(commands())


def test_a_command_that_is_none_is_told_a_near_name() -> None:
    done = subprocess.run([sys.executable, "-m", "ollama_vision", "exprot"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "No such command 'exprot'. Did you mean 'export'?" in done.stderr


def test_the_list_of_commands_is_not_cut() -> None:
    assert "..." not in help_of().partition("Commands:")[2]


def test_the_page_s_copies_are_what_is_printed() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == renewed(text), "the help has changed: renew its copies with make help-copies"


def test_each_command_stands_on_the_page() -> None:
    reference = PAGE.read_text(encoding="utf-8")
    for name in commands():
        assert re.search(rf"^  {name} ", reference, re.MULTILINE), name
        assert f"Usage: ollama-vision {name}" in reference, name


def test_a_copy_that_is_old_is_found() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page.replace("Usage: ollama-vision ask", "Usage: ask")) == page
    with pytest.raises(ValueError, match="nonsense"):
        renewed("<!-- help of nonsense -->\n<!-- end of help -->")


def test_make_renews_them() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "help-copies"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert f"-m {help_copies.__name__}" in done.stdout, done.stderr


def test_the_version_is_this_package_s() -> None:
    assert printed("--version") == f"ollama-vision {version('ollama-vision')}\n"


@pytest.mark.parametrize("words", [[], ["describe"]], ids=str)
def test_help_has_a_short_name(words: list[str]) -> None:
    assert printed(*words, "-h") == printed(*words, "--help")


def printed(*words: str) -> str:
    """What the command prints for these words on a terminal of 80 columns."""
    done = subprocess.run(
        [sys.executable, "-m", "ollama_vision", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "COLUMNS": str(COLUMNS), "TERMINAL_WIDTH": str(COLUMNS)},
    )
    return done.stdout


def test_the_help_imports_neither_the_client_nor_rich() -> None:
    code = (
        "import json, sys\nfrom ollama_vision.cli.app import run\nrun(sys.argv[1:])\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    for words in [[], *([name] for name in commands())]:
        done = subprocess.run(
            [sys.executable, "-c", code, *words, "--help"], capture_output=True, text=True, timeout=60, check=True
        )
        loaded = set(json.loads(done.stdout.splitlines()[-1]))
        assert not loaded & {"llama_index", "ollama_embedded", "httpx2", "PIL", "numpy", "rich", "asyncio"}
