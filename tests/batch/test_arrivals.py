"""What comes into folders, however it comes there: looked through, not told."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_vision.batch.finding.found_files import FoundFile
from ollama_vision.batch.finding.pages import Page
from ollama_vision.batch.watching.arrivals import Arrivals
from ollama_vision.batch.watching.bell import Bell
from ollama_vision.batch.watching.settling import PATIENCE, Settling
from ollama_vision.errors import ImageError, RunStoppedError
from ollama_vision.pictures import ImageOptions

SETTLE = 2.0
Watching = Callable[..., Arrivals]


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watching(folder: Path, clock: Clock) -> Watching:
    """Arrivals in `inbox`, by a clock that a test turns; what is there is as old as the hills."""

    def make(*folders: str, **options: Any) -> Arrivals:
        paths = [Path(each) for each in folders or ("inbox",)]
        bell = Bell(paths, polls=True, note=pytest.fail)
        settling = Settling(SETTLE, clock, now=lambda: 1e12)
        return Arrivals(paths, bell, settling, clock=clock, **options)

    Path("inbox").mkdir()
    return make


def draw(path: str, colour: str = "red") -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 64), colour).save(file)
    return file


def new_after(arrivals: Arrivals, clock: Clock) -> list[str]:
    """What is new, and whole, after this."""
    assert arrivals.look() is None, "nothing is taken the moment it comes"
    clock.time += SETTLE
    arrived = arrivals.look()
    return [] if arrived is None else [str(file.path) for file in arrived.new.files]


def test_what_is_there_comes_first_and_then_only_what_is_new(watching: Watching, clock: Clock) -> None:
    draw("inbox/old.png")
    arrivals = watching()
    first = arrivals.look()
    assert first is not None
    assert [str(file.path) for file in first.new.files] == ["inbox/old.png"]
    draw("inbox/new.png")
    assert new_after(arrivals, clock) == ["inbox/new.png"]
    assert new_after(arrivals, clock) == []


def test_all_that_is_there_is_told_beside_what_is_new(watching: Watching, clock: Clock) -> None:
    draw("inbox/b.png")
    arrivals = watching()
    arrivals.look()
    draw("inbox/a/2.png")
    arrivals.look()
    clock.time += SETTLE
    arrived = arrivals.look()
    assert arrived is not None
    assert [str(file.path) for file in arrived.all.files] == ["inbox/a/2.png", "inbox/b.png"]
    assert arrived.new.files == [arrived.all.files[0]]


def test_a_folder_may_be_empty(watching: Watching, clock: Clock) -> None:
    arrivals = watching()
    arrived = arrivals.look()
    assert arrived is not None
    assert not arrived.all.files
    draw("inbox/a.png")
    assert new_after(arrivals, clock) == ["inbox/a.png"]


def test_a_folder_that_is_moved_in_with_its_files(watching: Watching, clock: Clock) -> None:
    arrivals = watching()
    arrivals.look()
    draw("outside/deep/a.png")
    Path("outside").rename("inbox/moved")
    assert new_after(arrivals, clock) == ["inbox/moved/deep/a.png"]


def test_a_file_that_is_renamed_is_new_under_its_new_name(watching: Watching, clock: Clock) -> None:
    draw("inbox/a.png")
    arrivals = watching()
    arrivals.look()
    Path("inbox/a.png").rename("inbox/b.png")
    assert new_after(arrivals, clock) == ["inbox/b.png"]


@pytest.mark.parametrize(
    "name",
    [".photo.jpg.Xyz123", "photo.jpg.part", "photo.jpg.crdownload", "photo.jpg~", ".syncthing.photo.jpg.tmp"],
)
def test_what_programs_call_a_file_until_it_is_whole_is_none(name: str, watching: Watching, clock: Clock) -> None:
    """rsync, Firefox, Chromium, editors, Syncthing: the name comes last."""
    arrivals = watching()
    arrivals.look()
    draw("inbox/photo.png").rename(f"inbox/{name}")
    assert new_after(arrivals, clock) == []
    Path(f"inbox/{name}").rename("inbox/photo.png")
    assert new_after(arrivals, clock) == ["inbox/photo.png"]


def test_what_the_current_folder_holds_is_called_as_describe_calls_it(watching: Watching, clock: Clock) -> None:
    arrivals = watching(".")
    arrivals.look()
    draw("a.png")
    draw("sub/b.png")
    assert new_after(arrivals, clock) == ["a.png", "sub/b.png"]


def test_several_folders_and_a_link_from_one_to_the_other(watching: Watching, clock: Clock) -> None:
    Path("other").mkdir()
    arrivals = watching("inbox", "other")
    arrivals.look()
    draw("inbox/a.png")
    draw("other/b.png")
    Path("other/again.png").symlink_to(Path("inbox/a.png").resolve())
    assert sorted(new_after(arrivals, clock)) == ["inbox/a.png", "other/b.png"]


def test_a_folder_that_is_gone_stops_the_run(watching: Watching) -> None:
    arrivals = watching()
    arrivals.look()
    Path("inbox").rmdir()
    with pytest.raises(RunStoppedError, match=r"the folder inbox is gone\. Is its disk still mounted"):
        arrivals.look()


def test_what_a_folder_has_in_another_ones_place_is_new(watching: Watching, clock: Clock) -> None:
    draw("inbox/a.png")
    arrivals = watching()
    arrivals.look()
    Path("inbox").rename("old")
    draw("inbox/a.png", "blue")
    assert new_after(arrivals, clock) == ["inbox/a.png"]


def page_of(path: str) -> Page:
    status = Path(path).stat()
    return Page(FoundFile(Path(path), status.st_size, status.st_mtime_ns, Path("inbox")))


def test_a_page_is_opened_whole_or_put_off_or_blamed(watching: Watching, clock: Clock) -> None:
    arrivals = watching()
    arrivals.look()
    data = draw("inbox/a.png").read_bytes()
    Path("inbox/a.png").write_bytes(data[:-20])
    assert new_after(arrivals, clock) == ["inbox/a.png"]
    assert arrivals.open(page_of("inbox/a.png"), 0, ImageOptions()) is None
    ((path, why),) = arrivals.not_whole().items()
    assert path == "inbox/a.png"
    assert "cut short" in why

    clock.time += SETTLE * PATIENCE
    arrived = arrivals.look()
    assert arrived is not None
    with pytest.raises(ImageError, match="cut short"):
        arrivals.open(page_of("inbox/a.png"), 0, ImageOptions())

    Path("inbox/a.png").write_bytes(data)
    assert new_after(arrivals, clock) == ["inbox/a.png"]
    opened: Any = arrivals.open(page_of("inbox/a.png"), 0, ImageOptions())
    assert opened.sha256()
    assert len(opened.pictures()) == 1


def test_a_file_that_was_moved_on_before_it_was_asked_about_is_passed_over(watching: Watching, clock: Clock) -> None:
    """Also the last one of a folder: an inbox is emptied by whoever works through it."""
    arrivals = watching()
    arrivals.look()
    draw("inbox/a.png")
    new_after(arrivals, clock)
    page = page_of("inbox/a.png")
    Path("inbox/a.png").rename("done.png")
    assert arrivals.open(page, 0, ImageOptions()) is None
    assert arrivals.look() is None


def test_a_folder_that_is_gone_with_its_files_is_said(watching: Watching) -> None:
    draw("inbox/a.png")
    arrivals = watching()
    arrivals.look()
    page = page_of("inbox/a.png")
    Path("inbox").rename("elsewhere")
    with pytest.raises(ImageError, match="does not exist"):
        arrivals.open(page, 0, ImageOptions())


def test_looks_take_one_part_in_ten_of_the_time(watching: Watching, clock: Clock) -> None:
    """A look of five seconds, at a very large folder, is followed by one only when fifty have passed."""

    class Silent(Bell):
        waited: list[float]

        def listen(self) -> None:
            clock.time += 5.0

        def wait(self, seconds: float) -> bool:
            self.waited = [seconds]
            clock.time += max(seconds, 50.0)
            return True

    bell = Silent([Path("inbox")], polls=True, note=pytest.fail)
    arrivals = Arrivals([Path("inbox")], bell, Settling(SETTLE, clock), clock=clock)
    arrivals.look()
    arrivals.wait(at_most=1.0)
    assert bell.waited == [50.0]
    arrivals.wait()
    assert bell.waited[0] > 60.0, "what nobody tells of is found all the same"


@pytest.mark.skipif(os.name == "nt", reason="Windows renames no folder that is watched")
def test_a_link_to_a_folder_elsewhere_is_followed_as_describe_does(watching: Watching, clock: Clock) -> None:
    draw("elsewhere/a.png")
    Path("inbox/link").symlink_to(Path("elsewhere").resolve())
    arrivals = watching()
    first = arrivals.look()
    assert first is not None
    assert [str(file.path) for file in first.new.files] == ["inbox/link/a.png"]
