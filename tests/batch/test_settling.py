"""Files that are being written: taken when they have settled, put off while they may be half ones, blamed later."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ollama_vision.batch.watching.settling import PATIENCE, Settling

SETTLE = 2.0
PATIENT = SETTLE * PATIENCE


class Looking:
    """A folder, the clock and what each look finds new."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.dated = folder, 1000.0, 0.0
        self.settling = Settling(SETTLE, lambda: self.clock, lambda: self.dated)
        self.taken: list[str] = []

    def write(self, name: str, data: bytes = b"x", *, dated: float | None = None) -> Path:
        file = self.folder / name
        file.write_bytes(data)
        if dated is not None:
            os.utime(file, (dated, dated))
        return file

    def look(self, after: float = 0.0) -> list[str]:
        """The names of what is new, so many seconds later; `taken` is all that a run would be given."""
        self.clock += after
        self.settling.begin_look()
        self.taken = [file.name for file in sorted(self.folder.iterdir()) if self.settling.take(str(file), file.stat())]
        return sorted(Path(path).name for path in self.settling.end_look())

    def cannot_be_read(self, name: str) -> bool:
        """Whether nothing is said of it yet."""
        return self.settling.puts_off(str(self.folder / name), "cut short")


@pytest.fixture
def looking(tmp_path: Path) -> Looking:
    """After the first look, at an empty folder."""
    looking = Looking(tmp_path)
    looking.look()
    return looking


def test_a_file_is_taken_once_when_it_has_not_changed_for_a_while(looking: Looking) -> None:
    looking.write("a.jpg")
    assert looking.look() == []
    assert looking.look(after=SETTLE - 0.1) == []
    assert looking.look(after=0.2) == ["a.jpg"]
    assert looking.look(after=0.2) == []
    assert looking.taken == ["a.jpg"]


def test_each_piece_that_comes_begins_the_while_anew(looking: Looking) -> None:
    for size in range(1, 6):
        looking.write("a.jpg", b"x" * size)
        assert looking.look(after=SETTLE - 0.5) == []
    assert looking.look(after=SETTLE) == ["a.jpg"]


def test_the_next_look_is_due_when_the_first_file_may_have_settled(looking: Looking) -> None:
    assert looking.settling.due() is None
    looking.write("a.jpg")
    looking.look()
    looking.write("b.jpg")
    looking.look(after=1.0)
    assert looking.settling.due() == looking.clock - 1.0 + SETTLE
    assert looking.look(after=SETTLE) == ["a.jpg", "b.jpg"]
    assert looking.settling.due() is None


@pytest.mark.parametrize(
    ("age", "new"), [(SETTLE, ["a.jpg"]), (SETTLE / 2, []), (-3600, [])], ids=["old", "young", "to come"]
)
def test_what_is_there_at_the_first_look_is_as_old_as_its_dates_say(tmp_path: Path, age: float, new: list[str]) -> None:
    looking = Looking(tmp_path)
    status = looking.write("a.jpg").stat()
    looking.dated = max(status.st_mtime, status.st_ctime) + age
    assert looking.look() == new
    assert looking.look(after=SETTLE) == ([] if new else ["a.jpg"])


def test_a_copy_with_an_old_date_that_comes_later_is_young(looking: Looking) -> None:
    """`cp -p` and rsync give a file the date of the original."""
    looking.write("a.jpg", dated=1_000_000.0)
    assert looking.look() == []
    assert looking.look(after=SETTLE) == ["a.jpg"]


def test_another_file_of_the_same_size_and_date_in_its_place_is_another_file(looking: Looking) -> None:
    looking.write("a.jpg", b"old", dated=1_000_000.0)
    looking.look()
    assert looking.look(after=PATIENT) == ["a.jpg"]
    looking.write("b.tmp", b"new", dated=1_000_000.0).replace(looking.folder / "a.jpg")
    assert looking.look() == []
    assert looking.look(after=SETTLE) == ["a.jpg"]


def test_half_a_file_is_put_off_until_it_changes(looking: Looking) -> None:
    looking.write("a.jpg")
    looking.look()
    assert looking.look(after=SETTLE) == ["a.jpg"]
    assert looking.cannot_be_read("a.jpg")
    assert looking.settling.put_off() == {str(looking.folder / "a.jpg"): "cut short"}
    assert looking.look(after=PATIENT / 2) == []
    assert looking.taken == []
    looking.write("a.jpg", b"whole")
    assert looking.look() == []
    assert looking.look(after=SETTLE) == ["a.jpg"]
    assert looking.settling.put_off() == {}


def test_one_that_stays_half_is_blamed_once_after_long(looking: Looking) -> None:
    looking.write("a.jpg")
    looking.look()
    looking.look(after=SETTLE)
    assert looking.cannot_be_read("a.jpg")
    assert looking.settling.due() == looking.clock - SETTLE + PATIENT
    assert looking.look(after=PATIENT) == ["a.jpg"]
    assert not looking.cannot_be_read("a.jpg")
    assert looking.look(after=PATIENT) == []
    assert looking.taken == ["a.jpg"]


def test_what_was_there_for_long_is_blamed_at_once(tmp_path: Path) -> None:
    looking = Looking(tmp_path)
    looking.dated = looking.write("a.jpg").stat().st_ctime + PATIENT
    assert looking.look() == ["a.jpg"]
    assert not looking.cannot_be_read("a.jpg")


@pytest.fixture
def settled(looking: Looking) -> Looking:
    looking.write("a.jpg")
    looking.look()
    assert looking.look(after=PATIENT) == ["a.jpg"]
    return looking


def test_what_is_written_again_or_taken_away_while_it_is_asked_about_is_not_blamed(settled: Looking) -> None:
    settled.write("a.jpg", b"half of some")
    assert settled.cannot_be_read("a.jpg")
    (settled.folder / "a.jpg").unlink()
    assert settled.cannot_be_read("a.jpg")
    assert settled.look() == []
    assert settled.settling.unsettled() == 0


def test_what_is_made_readable_is_tried_again(looking: Looking) -> None:
    looking.write("a.jpg").chmod(0)
    looking.look()
    looking.look(after=SETTLE)
    assert looking.cannot_be_read("a.jpg")
    (looking.folder / "a.jpg").chmod(0o644)
    looking.look()
    assert looking.look(after=SETTLE) == ["a.jpg"]
