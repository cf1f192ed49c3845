"""Confinement: within it every file is opened by its guard, whoever names it and however often it is opened."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision import VisionModel, describe, find_pictures, prepare_image
from ollama_vision.errors import ImageError
from ollama_vision.pictures import PictureSource, confined
from ollama_vision.pictures.options import ImageOptions


class Guard:
    """Lets files below one folder be read, and remembers which were."""

    def __init__(self, root: Path) -> None:
        self.root, self.opened = root, list[str]()

    def open(self, path: str, *, folder: bool = False) -> int:
        if not self.allows(path):
            raise ImageError(f"{path} is not for you.")
        self.opened.append(Path(path).name)
        return os.open(path, os.O_RDONLY)

    def allows(self, path: str) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(self.root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "in").mkdir(parents=True)
    (tmp_path / "beside").mkdir()
    for path in (folder / "a.png", folder / "in" / "b.png", tmp_path / "beside" / "c.png"):
        Image.new("RGB", (40, 40), "red").save(path)
    return folder


@contextmanager
def guarded(root: Path) -> Iterator[Guard]:
    guard = Guard(root)
    with confined(guard):
        yield guard


def test_every_opening_of_a_file_is_the_guards(root: Path) -> None:
    with guarded(root) as guard:
        source = PictureSource.of(root / "a.png", ImageOptions())
        source.sha256()
        prepared = source.pictures()[0]
        before = len(guard.opened)
        prepared.read()
    assert before > 2
    assert len(guard.opened) > before
    assert set(guard.opened) == {"a.png"}


@pytest.mark.parametrize("form", [str, Path], ids=["text", "path"])
def test_what_the_guard_refuses_is_refused_in_its_words(root: Path, form: type) -> None:
    beside = root.parent / "beside" / "c.png"
    with guarded(root), pytest.raises(ImageError, match="is not for you"):
        prepare_image(form(beside))
    assert prepare_image(form(beside)).size == (40, 40)


def test_a_file_that_is_not_there_is_said_to_be_missing(root: Path) -> None:
    with guarded(root), pytest.raises(ImageError, match="does not exist"):
        prepare_image(root / "z.png")


def test_links_that_lead_elsewhere_are_left_out_of_folders(root: Path) -> None:
    (root / "c.png").symlink_to(root.parent / "beside" / "c.png")
    (root / "out").symlink_to(root.parent / "beside")
    (root / "again.png").symlink_to(root / "in" / "b.png")
    with guarded(root):
        found = find_pictures(root)
    assert [file.path.name for file in found.files] == ["a.png", "again.png"]
    assert found.left_out == {"link that leads elsewhere": 2}
    assert [file.path.name for file in find_pictures(root).files] == ["a.png", "again.png", "c.png"]


def test_a_folder_is_listed_through_the_guard(root: Path) -> None:
    with guarded(root) as guard:
        find_pictures(root)
        with pytest.raises(ImageError, match="is not for you"):
            find_pictures(root.parent / "beside")
    assert guard.opened == ["root", "in"]


def test_it_holds_in_the_threads_and_tasks_of_a_run_and_of_a_question(root: Path) -> None:
    beside = root.parent / "beside" / "c.png"
    with EmbeddedOllama(engine=ScriptedEngine("Red.")) as server:

        async def ask(path: Path) -> str:
            with guarded(root):
                model = VisionModel(server.model, server.url)
                return (await model.aask("What is this?", path)).text

        assert asyncio.run(ask(root / "a.png")) == "Red."
        with pytest.raises(ImageError, match="is not for you"):
            asyncio.run(ask(beside))
        with guarded(root) as guard:
            lines = list(describe([root / "in", beside], server.model, host=server.url, sight_check=False))
    told = {Path(line["path"]).name: line["error"] and line["error"]["message"] for line in lines}
    assert told["b.png"] is None
    assert "is not for you" in told["c.png"]
    assert "b.png" in guard.opened
    assert len(server.asked) == 2
