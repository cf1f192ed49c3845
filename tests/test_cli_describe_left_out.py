"""`describe --list-left-out`: nothing is left out without its name and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from describing_support import Describe, describer, fresh_folder, says_the_same, three_photos

from ollama_embedded import EmbeddedOllama

folder = pytest.fixture(fresh_folder)
describe = pytest.fixture(describer)
photos = pytest.fixture(three_photos)
scripted = pytest.fixture(says_the_same)
WHY = {
    "photos/raw.CR2": "no picture by its name",
    "photos/clip.mp4": "video (only with --videos)",
    "photos/.hidden.png": "hidden",
    "photos/@eaDir": "folder made by the system",
    "photos/2.png": "excluded",
}


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_each_is_named_with_the_reason(
    describe: Describe, photos: list[str], scripted: EmbeddedOllama, more: list[str]
) -> None:
    for name in ("raw.CR2", "clip.mp4", ".hidden.png"):
        Path("photos", name).write_bytes(b"x")
    Path("photos/@eaDir").mkdir()
    words = ("photos", "--host", scripted.url, "--exclude", "2.png", *more)
    outcome = describe(*words, "--list-left-out")
    assert outcome.code == 0
    shown = (outcome.out if more else outcome.err).splitlines()
    assert {line for line in shown if ": left out, " in line} == {
        f"{name}: left out, {why}" for name, why in WHY.items()
    }
    assert "no picture by its name (.cr2 1)" in " ".join((outcome.out + outcome.err).split())
    unasked = describe(*words)
    assert ": left out, " not in unasked.out + unasked.err
