"""Results that the command wrote before it kept requests beside them (at 69a8470) are gone on with: nothing is asked.

`old_results.jsonl` is what five commands wrote, one after another with --append, of two PNG files and a TIFF
of two pages; the answers were scripted.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines

WRITTEN = Path(__file__).with_name("old_results.jsonl")
NOBODY = "http://127.0.0.1:1"
SCHEMA = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}
COMMANDS = {
    "A colour.": (),
    "A seeded one.": (
        *("--prompt", "Which colour?", "--option", "seed=7", "--option", "temperature=0.5"),
        *("--option", "num_ctx=8192"),
    ),
    '{"colour": "red"}': ("--schema", "s.json", "--prompt", "Which?"),
    "Together.": ("--pages", "together", "--prompt", "Both?", "--detail", "low"),
    "Larger.": ("--max-pixels", "200000"),
}
"""What was typed, by what was answered."""


@pytest.fixture
def results(folder: Path) -> Path:
    """The file, beside files of the sizes and times that it knows: what is done is not opened."""
    there = Path("results.jsonl")
    shutil.copy(WRITTEN, there)
    Path("photos").mkdir()
    Path("s.json").write_text(json.dumps(SCHEMA))
    for line in lines():
        Path(line["path"]).write_bytes(bytes(line["size"]))
        seconds = datetime.fromisoformat(line["modified"]).timestamp()
        os.utime(line["path"], (seconds, seconds))
    return there


@pytest.mark.parametrize("text", COMMANDS)
def test_each_command_finds_all_its_answers(describe: CommandLine, results: Path, text: str) -> None:
    before = results.read_bytes()
    count = sum(line["text"] == text for line in lines())
    outcome = describe("photos", "--host", NOBODY, "--model", "scripted", *COMMANDS[text])
    assert (outcome.code, results.read_bytes()) == (0, before)
    assert "Nothing is left to ask about." in outcome.err
    assert f"{count} done before" in outcome.err
    assert count == (3 if text == "Together." else 4)


def test_a_command_that_was_none_of_them_is_refused(describe: CommandLine, results: Path) -> None:
    outcome = describe("photos", "--host", NOBODY, "--model", "scripted", "--option", "seed=8")
    assert outcome.code == 2
