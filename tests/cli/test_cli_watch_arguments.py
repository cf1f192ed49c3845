"""What `ollama-vision watch` can be told, and what stops it before it waits."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama
from ollama_vision.cli.describe.typed import DescribeOptions
from ollama_vision.cli.watch.typed import WatchOptions
from tests.support.command_line import CommandLine
from tests.support.watching import draw

ROOT = Path(__file__).resolve().parents[2]


def test_what_describe_can_be_told_this_can_be_told_save_what_is_of_one_run() -> None:
    of_describe, of_watch = (
        {name for name, field in kind.__dataclass_fields__.items() if field.init}
        for kind in (DescribeOptions, WatchOptions)
    )
    assert of_describe - of_watch == {"limit", "dry_run", "undo"}
    assert of_watch - of_describe == {"settle", "poll"}


@pytest.mark.parametrize("option", ["--dry-run", "--undo", "--limit"])
def test_what_is_of_one_run_is_no_option(option: str, inbox: Path, vision: CommandLine) -> None:
    outcome = vision("watch", "inbox", option)
    assert outcome.code == 2
    assert "No such option" in outcome.err


@pytest.mark.parametrize(
    ("path", "complaint"),
    [("nowhere", "nowhere is not there: name a folder"), ("a.png", "a.png is a file: name a folder")],
)
def test_it_takes_folders(path: str, complaint: str, folder: Path, vision: CommandLine) -> None:
    draw(folder / "a.png", "red")
    outcome = vision("watch", path)
    assert outcome.code == 2
    assert outcome.complaint.startswith(complaint)


def test_an_empty_folder_hides_no_other_request(inbox: Path, says_seen: EmbeddedOllama, vision: CommandLine) -> None:
    draw(inbox / "a.png", "red")
    assert vision("describe", "inbox", "--host", says_seen.url).code == 0
    (inbox / "a.png").unlink()
    outcome = vision("watch", "inbox", "--host", says_seen.url, "--prompt", "Something else?")
    assert outcome.code == 2
    assert "results.jsonl has 1 line of another request: it differs in prompt" in outcome.err


def test_no_server_and_no_such_model_are_said_before_it_waits(
    inbox: Path, says_seen: EmbeddedOllama, vision: CommandLine
) -> None:
    outcome = vision("watch", "inbox", "--host", says_seen.url, "--model", "n")
    assert outcome.code == 2
    assert 'model "n"' in outcome.err.replace("'", '"')
    url = says_seen.url
    says_seen.close()
    outcome = vision("watch", "inbox", "--host", url, "--model", "m")
    assert outcome.code == 2
    assert url in outcome.err


def test_the_commands_of_the_page_are_understood(inbox: Path, vision: CommandLine) -> None:
    """They get as far as a server that is not there."""
    page = (ROOT / "docs/how-to/watch.md").read_text(encoding="utf-8")
    commands = re.findall(r"^(?:ExecStart=\S+/)?ollama-vision (watch .*)$", page, flags=re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        outcome = vision(*shlex.split(command), "--host", "http://127.0.0.1:9", "--model", "m", "--wait", "0")
        assert outcome.code == 2
        assert "http://127.0.0.1:9" in outcome.err
