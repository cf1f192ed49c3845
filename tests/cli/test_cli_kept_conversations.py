"""What `ask` keeps for `--continue`, and where: not at all, erased, shown, unreadable to others, or not to be used."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import EmbeddedOllama
from ollama_vision.cli.ask.conversations import Conversations
from tests.support.command_line import CommandLine
from tests.support.conversations import database, fine, messages

pytestmark = pytest.mark.usefixtures("red_and_blue")


def test_no_log_keeps_nothing_and_still_goes_on(ask: CommandLine, scripted: EmbeddedOllama) -> None:
    fine(ask("--no-log", "red.png", "Secret?"))
    assert not database().exists()
    fine(ask("red.png", "First?"))
    fine(ask("--no-log", "--continue", "Aside?"))
    assert len(messages(scripted)) == 3
    fine(ask("--continue", "And?"))
    assert [each["content"] for each in messages(scripted)] == ["First?", "A plain colour.", "And?"]


@pytest.mark.parametrize("line", ["log = false", "[ask]\nlog = false", "no-log = true"])
def test_the_settings_file_says_that_nothing_is_kept(ask: CommandLine, line: str, vision: CommandLine) -> None:
    Path("ollama-vision.toml").write_text(f"{line}\n", encoding="utf-8")
    fine(ask("red.png", "Secret?"))
    assert not database().exists()
    (told,) = (each for each in json.loads(vision("doctor", "--json").out)["checks"] if each["name"] == "conversations")
    assert (told["status"], told["details"]["on"]) == ("ok", False)
    assert "log = false in " in told["message"]
    fine(ask("--log", "red.png", "First?"))
    assert database().exists()


def test_forget_leaves_nothing(ask: CommandLine, vision: CommandLine, scripted: EmbeddedOllama) -> None:
    fine(ask("red.png", "What about the zebra?"))
    assert b"zebra" in database().read_bytes()
    asked = len(scripted.asked)
    outcome = fine(vision("ask", "--forget"))
    assert str(database()) in outcome.err
    assert list(database().parent.iterdir()) == []
    assert ask("--continue", "And?").code == 2
    assert "There was nothing to erase" in fine(vision("ask", "--forget")).err
    assert len(scripted.asked) == asked


def test_doctor_tells_where_and_how_much(ask: CommandLine, vision: CommandLine) -> None:
    def told() -> dict[str, Any]:
        checks = json.loads(vision("doctor", "--json", "--host", "http://127.0.0.1:9").out)["checks"]
        (found,) = (each for each in checks if each["name"] == "conversations")
        assert found["status"] == "ok"
        details: dict[str, Any] = found["details"]
        return details

    assert told() == {"file": str(database()), "conversations": 0, "size": 0, "on": True}
    assert not database().exists(), "looking makes none"
    fine(ask("red.png", "First?"))
    fine(ask("--continue", "And?"))
    fine(ask("blue.png", "First?"))
    assert told() == {
        "file": str(database()),
        "conversations": 2,
        "size": database().stat().st_size,
        "on": True,
    }


@pytest.mark.skipif(os.name != "posix", reason="files have no such modes")
def test_nobody_else_can_read_it(ask: CommandLine) -> None:
    before = os.umask(0)
    try:
        fine(ask("red.png", "First?"))
        database().chmod(0o644)
        fine(ask("--continue", "And?"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(database().stat().st_mode) == 0o600
    assert stat.S_IMODE(database().parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("before", ["http://me:sesame@", "http://me:p@sesame@", "me:p@sesame@"])
def test_no_secret_is_kept(vision: CommandLine, scripted: EmbeddedOllama, before: str) -> None:
    host = f"{before}{scripted.url.partition('://')[2]}"
    fine(vision("ask", "--host", host, "--header", "X-Key: s3cret", "red.png", "First?"))
    assert scripted.asked[-1].headers["x-key"] == "s3cret"
    data = database().read_bytes()
    assert not [secret for secret in (b"sesame", b"s3cret") if secret in data]
    fine(vision("ask", "--continue", "And?"))


def test_the_answer_is_there_where_nothing_can_be_kept(ask: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(Path("file").absolute()))
    outcome = ask("red.png", "First?")
    assert (outcome.code, outcome.out) == (0, "A plain colour.\n")
    assert "--continue will not know of this answer." in outcome.err
    assert ask("--continue", "And?").code == 2


@pytest.mark.parametrize("kind", ["no database", "newer", "locked"])
def test_a_file_that_cannot_be_used_is_left_as_it_is(
    ask: CommandLine, vision: CommandLine, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ollama_vision.cli.ask.conversations.PATIENCE", 0.05)
    fine(ask("red.png", "First?"))
    other = sqlite3.connect(database(), isolation_level=None)
    if kind == "no database":
        database().write_bytes(b"Dear diary, " * 1000)
    elif kind == "newer":
        other.execute("PRAGMA user_version = 2")
    else:
        other.execute("BEGIN EXCLUSIVE")
    before = database().read_bytes()
    outcome = ask("red.png", "Another?")
    assert (outcome.code, outcome.out) == (0, "A plain colour.\n")
    assert f"--continue will not know of this answer. {database()}" in outcome.err.replace("\n", " ")
    assert ask("--continue", "And?").code == 2
    assert database().read_bytes() == before
    other.close()
    if kind != "locked":
        fine(vision("ask", "--forget"))
    fine(ask("red.png", "First?"))
    assert Conversations.of_user().facts().conversations == (2 if kind == "locked" else 1)
