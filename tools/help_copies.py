"""The copies of the command line's help on its page: written anew by `make help-copies`, compared by a test.

Between two comments of the page stands what this file writes there:

    <!-- help of ollama-vision -->        the root's help
    <!-- help of every command -->        a heading and the help of each command that is registered
    <!-- end of help -->
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import typer

from ollama_vision.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/reference/command-line.md"
COLUMNS = 80
REGION = re.compile(r"(<!-- help of (?P<what>[a-z -]+) -->\n).*?(<!-- end of help -->)", re.DOTALL)


def commands() -> list[str]:
    """The names of all commands, in the order of the help."""
    return list(getattr(typer.main.get_command(app), "commands", {}))


@cache
def help_of(*words: str) -> str:
    """What `--help` prints on a terminal of 80 columns."""
    done = subprocess.run(
        [sys.executable, "-m", "ollama_vision", *words, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": str(COLUMNS), "TERMINAL_WIDTH": str(COLUMNS), "NO_COLOR": "1"},
    )
    # Some releases of typer write {NAME} for an argument that is needed, others NAME.
    return re.sub(r"\{(\S+)\}", r"\1", done.stdout)


def fenced(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```\n"


def written(what: str) -> str:
    if what == "ollama-vision":
        return fenced(help_of())
    if what == "every command":
        return "\n".join(f"## ollama-vision {name}\n\n{fenced(help_of(name))}" for name in commands())
    raise ValueError(f"there is no help of {what!r}")


def renewed(page: str) -> str:
    """The page with today's help in it."""
    return REGION.sub(lambda found: f"{found[1]}\n{written(found['what'])}\n{found[3]}", page)


def main() -> None:
    old = PAGE.read_text(encoding="utf-8")
    if (new := renewed(old)) != old:
        PAGE.write_text(new, encoding="utf-8")
        print(f"{PAGE.relative_to(ROOT)}: written anew")


if __name__ == "__main__":
    main()
