"""The file that `ask --continue` reads: branches, bounds, several writers at once, and what is erased is gone."""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from ollama_vision.cli.ask import conversations
from ollama_vision.cli.ask.conversations import Conversations, KeepingError, KeptExchange, KeptPicture
from ollama_vision.cli.common.folders import state_folder


@pytest.fixture
def kept(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path / "state" / "conversations.db")


def exchange(question: str, *pictures: KeptPicture) -> KeptExchange:
    return KeptExchange(question, f"To {question}", pictures, {"region": [0.5, 0.0, 1.0, 1.0]}, {"model": "m"})


def questions(kept: Conversations) -> list[str]:
    return [each.question for each in kept.newest()]


def add(kept: Conversations, *chain: str) -> int:
    """One conversation; the number of its last exchange."""
    follows = None
    for question in chain:
        kept.add(exchange(question), follows=follows)
        follows = kept.newest()[-1].id
    assert follows is not None
    return follows


def test_what_was_kept_comes_back(kept: Conversations) -> None:
    pictures = (KeptPicture("/photos/a.jpg", "ab" * 32), KeptPicture("-", None, b"\x00\xff"))
    kept.add(exchange("What?", *pictures), follows=None)
    (found,) = kept.newest()
    assert (found.question, found.answer, found.pictures) == ("What?", "To What?", pictures)
    assert (found.preparation, found.settings) == ({"region": [0.5, 0.0, 1.0, 1.0]}, {"model": "m"})


def test_two_that_go_on_at_once_are_two_branches(kept: Conversations) -> None:
    first = add(kept, "First?")
    kept.add(exchange("One way?"), follows=first)
    one = kept.newest()[-1].id
    kept.add(exchange("Another way?"), follows=first)
    assert questions(kept) == ["First?", "Another way?"], "not one that the model was never told"
    kept.add(exchange("Further?"), follows=one)
    assert questions(kept) == ["First?", "One way?", "Further?"]
    assert kept.facts().conversations == 1


def test_what_was_forgotten_meanwhile_is_not_gone_on_with(kept: Conversations) -> None:
    first = add(kept, "First?")
    assert kept.forget()
    with pytest.raises(KeepingError, match="was erased meanwhile"):
        kept.add(exchange("And?"), follows=first)
    assert kept.newest() == (), "the pictures that it was about are not known any more"


@pytest.mark.skipif(os.name != "posix", reason="links take a right there")
def test_of_a_link_what_it_leads_to_is_erased(kept: Conversations, tmp_path: Path) -> None:
    add(kept, "Secret?")
    moved = kept.path.rename(tmp_path / "elsewhere.db")
    kept.path.symlink_to(moved)
    assert questions(kept) == ["Secret?"]
    assert kept.forget()
    assert not moved.exists()
    assert not kept.path.is_symlink()


@pytest.mark.skipif(os.name != "posix", reason="files have no such modes")
def test_what_is_erased_at_this_moment_is_not_made_anew_for_others_to_read(
    kept: Conversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = kept._make

    def made_and_erased() -> None:
        make()
        assert kept.forget()

    monkeypatch.setattr(kept, "_make", made_and_erased)
    with pytest.raises(KeepingError, match="was erased at this moment"):
        kept.add(exchange("Secret?"), follows=None)
    assert not kept.path.exists()


@pytest.mark.parametrize(
    ("fault", "way"),
    [
        ("locked", "Another command uses it: try again."),
        ("full", "Make room. With --no-log nothing is kept"),
        ("read-only", "With --no-log nothing is kept"),
        ("no database", "`ollama-vision ask --forget` erases it."),
        ("no JSON", "`ollama-vision ask --forget` erases it."),
    ],
)
def test_only_of_a_broken_file_it_is_said_that_it_can_be_erased(
    kept: Conversations, monkeypatch: pytest.MonkeyPatch, fault: str, way: str
) -> None:
    monkeypatch.setattr(conversations, "PATIENCE", 0.05)
    add(kept, "First?")
    with closing(sqlite3.connect(kept.path, isolation_level=None)) as other:
        if fault == "locked":
            other.execute("BEGIN EXCLUSIVE")
        elif fault == "no database":
            kept.path.write_bytes(b"Dear diary, " * 1000)
        elif fault == "no JSON":
            other.execute("UPDATE exchange SET settings = '{'")
        check = kept._check_version

        def limited(database: sqlite3.Connection) -> None:
            check(database)
            if fault == "full":
                database.execute("PRAGMA max_page_count = 1")
            elif fault == "read-only":
                database.execute("PRAGMA query_only = ON")

        monkeypatch.setattr(kept, "_check_version", limited)

        def use() -> None:
            kept.newest()
            kept.add(exchange("Long?", KeptPicture("-", None, b"x" * 100_000)), follows=None)

        with pytest.raises(KeepingError, match=re.escape(way)) as caught:
            use()
    assert ("--forget" in str(caught.value)) is fault.startswith("no ")


def test_the_oldest_conversations_leave_first(kept: Conversations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MOST_CONVERSATIONS", 3)
    oldest = add(kept, "Oldest?", "And zebras?")
    for question in ("Second?", "Third?"):
        add(kept, question)
    kept.add(exchange("Gone on with?"), follows=oldest)
    add(kept, "Fourth?")
    assert kept.facts().conversations == 3
    assert b"Second?" not in kept.path.read_bytes(), "erased, and not only out of sight"
    assert b"And zebras?" in kept.path.read_bytes(), "it was gone on with after the second"


def test_large_pictures_make_others_leave(kept: Conversations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MOST_BYTES", 250_000)
    for number in range(4):
        picture = KeptPicture("-", None, bytes([number]) * 100_000)
        kept.add(exchange(f"Question {number}?", picture), follows=None)
    assert kept.facts().conversations == 2
    assert kept.path.stat().st_size < 300_000, "the file gives back its room"
    kept.add(exchange("Larger than all?", KeptPicture("-", None, b"x" * 300_000)), follows=None)
    assert questions(kept) == ["Larger than all?"], "what was asked last stays"


def test_nothing_is_lost_between_many_writers(kept: Conversations) -> None:
    begin = threading.Barrier(8)

    def write(number: int) -> None:
        begin.wait()
        for count in range(5):
            kept.add(exchange(f"{number}.{count}?"), follows=None)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert kept.facts().conversations == 40


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ollama_vision.cli.common.folders.sys.platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")
    assert state_folder() == tmp_path / ".local/state/ollama-vision"
    monkeypatch.setattr("ollama_vision.cli.common.folders.sys.platform", "darwin")
    assert state_folder() == tmp_path / "Library/Application Support/ollama-vision"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "x"))
    assert state_folder() == tmp_path / "x/ollama-vision"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="this user may read everything")
def test_a_folder_that_cannot_be_looked_into_is_said(kept: Conversations) -> None:
    add(kept, "First?")
    kept.path.parent.chmod(0)
    try:
        for look in (kept.newest, kept.facts, kept.forget, lambda: kept.add(exchange("And?"), follows=None)):
            with pytest.raises(KeepingError, match=r"conversations\.db cannot be"):
                look()
    finally:
        kept.path.parent.chmod(0o700)
