"""`describe --list-left-out`: nothing is left out without its name and the reason."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import EmbeddedOllama
from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines

WHY = {
    "photos/layers.PSD": "no picture by its name",
    "photos/clip.mp4": "video (only with --videos)",
    "photos/.hidden.png": "hidden",
    "photos/@eaDir": "folder made by the system",
    "photos/2.png": "excluded",
}


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_each_is_named_with_the_reason(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, more: list[str]
) -> None:
    for name in ("layers.PSD", "clip.mp4", ".hidden.png"):
        Path("photos", name).write_bytes(b"x")
    Path("photos/@eaDir").mkdir()
    words = ("photos", "--host", scripted.url, "--exclude", "2.png", *more)
    outcome = describe(*words, "--list-left-out")
    assert outcome.code == 0
    shown = (outcome.out if more else outcome.err).splitlines()
    assert {line for line in shown if ": left out, " in line} == {
        f"{name}: left out, {why}" for name, why in WHY.items()
    }
    assert "no picture by its name (.psd 1)" in " ".join((outcome.out + outcome.err).split())
    unasked = describe(*words)
    assert ": left out, " not in unasked.out + unasked.err


def test_what_was_wanted_and_could_not_be_read_is_named_and_no_success(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("photos/2019").mkdir()
    Path("photos/moved.jpg").symlink_to("/nowhere/moved.jpg")
    scandir = os.scandir

    def locked(path: Any) -> Any:
        if os.fspath(path).endswith("2019"):  # as of mode 000, which does not hold root back
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    words = ("photos", "--host", scripted.url)
    named = [
        "Not read: photos/2019: folder that cannot be read: Permission denied",
        "Not read: photos/moved.jpg: link that leads nowhere: No such file or directory",
    ]
    planned = describe(*words, "--dry-run")
    assert [line for line in planned.out.splitlines() if line.startswith("Not read: ")] == named
    for asked in (3, 3):  # nothing is left to ask the second time, and the folder is still not read
        outcome = describe(*words)
        assert (outcome.code, len(lines())) == (1, asked)
        assert [line for line in outcome.err.splitlines() if line.startswith("Not read: ")] == named
    assert describe(*words, "--exclude", "2019", "--exclude", "moved.jpg").code == 0


def test_of_very_many_some_are_named(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    for number in range(12):
        Path(f"photos/{number}.jpg").symlink_to("/nowhere")
    outcome = describe("photos", "--host", scripted.url)
    assert outcome.code == 1
    assert outcome.err.count("Not read: photos/") == 10
    assert "Not read: 2 more; --list-left-out names them all." in outcome.err
    assert describe("photos", "--host", scripted.url, "--list-left-out").err.count(": left out, link that leads") == 12
