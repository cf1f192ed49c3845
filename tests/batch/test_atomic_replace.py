"""Files that are put in place in one step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ollama_vision.atomic_replace import replacing


def test_the_new_file_takes_the_place_and_the_mode_of_the_old(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")
    target.chmod(0o640)
    with replacing(target) as new:
        new.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [target]


def test_where_writing_fails_the_old_file_stands(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(TypeError), replacing(target) as new, new.open("w") as out:
        out.writelines(["ne", None])  # type: ignore[list-item]
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "table.csv"
    with pytest.raises(FileNotFoundError) as raised, replacing(target) as new:
        new.write_text("new")
    assert raised.value.filename == str(target)


def test_it_is_on_the_disk_before_it_takes_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss of power after the replacement would else leave an empty file behind, in place of a whole one."""
    target = tmp_path / "table.csv"
    target.write_text("old")
    there: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: there.append(target.read_text()))
    with replacing(target) as new:
        new.write_text("new")
    assert there == ["old", "new"]  # the file; then its folder


def test_two_processes_do_not_write_into_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "table.csv"
    with replacing(target) as mine, monkeypatch.context() as other:
        other.setattr(os, "getpid", lambda: 1)
        with replacing(target) as theirs:
            theirs.write_text("theirs")
        mine.write_text("mine")
    assert target.read_text() == "mine"


def test_what_a_killed_process_left_under_a_lock_is_written_over(tmp_path: Path) -> None:
    """Nobody else writes there: a half copy of a large file does not stay for good."""
    target = tmp_path / "results.jsonl"
    (tmp_path / "results.jsonl.new").write_text("half a line that was never ended")
    with replacing(target, is_locked=True) as new:
        new.write_text("whole")
    assert target.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [target]
