"""Notification of changes: by the system, and what becomes of it where the system does not tell."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ollama_vision.batch.watching import bell as bells
from ollama_vision.batch.watching.bell import Bell
from ollama_vision.errors import MissingExtraError

LONG = 60.0
"""Seconds; a bell that does not ring takes so long, and one that does none."""


@pytest.fixture
def bell(folder: Path) -> Iterator[Bell]:
    Path("inbox").mkdir()
    with Bell([Path("inbox")], note=pytest.fail) as bell:
        bell.listen()
        assert bell.get_ready()
        assert not bell.get_ready(), "it was only now the first time"
        yield bell


def test_it_rings_for_a_file_for_one_in_a_new_folder_and_for_one_that_goes(bell: Bell) -> None:
    Path("inbox/a.jpg").write_bytes(b"x")
    assert bell.wait(LONG)
    Path("inbox/sub").mkdir()
    assert bell.wait(LONG)
    Path("inbox/sub/b.jpg").write_bytes(b"x")
    assert bell.wait(LONG)
    Path("inbox/a.jpg").unlink()
    assert bell.wait(LONG)


def test_it_hears_of_a_folder_that_takes_the_place_of_the_one_that_it_was_told_of(bell: Bell) -> None:
    Path("inbox").rename("old")
    Path("inbox").mkdir()
    bell.listen()
    assert bell.get_ready()
    bell.wait(0)
    Path("inbox/a.jpg").write_bytes(b"x")
    assert bell.wait(LONG)


def test_no_thread_is_left_over(bell: Bell) -> None:
    import threading

    (thread,) = [each for each in threading.enumerate() if each.name == "watching"]
    bell.__exit__(None, None, None)
    thread.join(LONG)
    assert not thread.is_alive()


def test_without_the_extra_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(MissingExtraError, match=r'pip install "ollama-vision\[watch\]') as missing:
        Bell([folder], note=pytest.fail)
    assert missing.value.extra == "watch"
    with Bell([folder], polls=True, note=pytest.fail) as bell:
        bell.listen()
        assert bell.wait(0)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        # watchfiles 1.3.0 under fs.inotify.max_user_watches=3, and under max_user_instances=0.
        (
            OSError(
                'OS file watch limit reached. about ["/tmp/l/a/b/c"] (Error { kind: MaxFilesWatch, '
                'paths: ["/tmp/l/a/b/c"] })'
            ),
            "sysctl fs.inotify.max_user_watches=",
        ),
        (
            RuntimeError("Error creating recommended watcher: Too many open files (os error 24)"),
            "sysctl fs.inotify.max_user_watches=",
        ),
        (OSError("Function not implemented (os error 38)"), "Function not implemented"),
    ],
    ids=["watches", "instances", "other"],
)
def test_where_the_system_does_not_tell_it_rings_by_the_clock_and_says_why(
    said: Exception, told: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*folders: Any, **options: Any) -> Iterator[Any]:
        raise said
        yield

    monkeypatch.setattr(bells, "_watchfiles", lambda: SimpleNamespace(watch=refuses))
    notes: list[str] = []
    with Bell([folder], note=notes.append) as bell:
        bell.listen()
        bell.get_ready()
        assert bell.wait(LONG)
        assert bell.polls
        assert bell.wait(0)
    (note,) = notes
    assert told in note
    assert "looked through every second" in note


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_a_limit_of_inotify_that_is_reached_is_said(folder: Path) -> None:
    """Of a user of its own, with one watch to give: what watchfiles makes of it is not ours to guess."""
    script = """
import sys
from pathlib import Path
from ollama_vision.batch.watching.bell import Bell
Path("/proc/sys/user/max_inotify_watches").write_text("1")
with Bell([Path(sys.argv[1])], note=print) as bell:
    bell.listen()
    bell.get_ready()
    print(bell.wait(60), bell.polls)
"""
    (folder / "a" / "b").mkdir(parents=True)
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-Ur", "true"]).returncode:
        pytest.skip("no user namespaces here")
    command = ["unshare", "-Ur", sys.executable, "-c", script, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    note, rang = done.stdout.splitlines()
    assert "its limit is reached (inotify)" in note
    assert rang == "True True"


def test_a_folder_that_cannot_be_read_does_not_keep_it_from_hearing_of_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses_at_first(*folders: Any, ignore_permission_denied: bool = False, **options: Any) -> Iterator[Any]:
        if not ignore_permission_denied:
            # watchfiles 1.3.0, of a folder of mode 0.
            raise PermissionError('Permission denied (os error 13) about ["/tmp/l/a"]')
        yield {(1, "a.jpg")}

    monkeypatch.setattr(bells, "_watchfiles", lambda: SimpleNamespace(watch=refuses_at_first))
    with Bell([folder], note=pytest.fail) as bell:
        bell.listen()
        assert bell.wait(LONG)
        assert not bell.polls
