"""Fixtures of the command's tests: documents to read, folders to watch, and servers that answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from tests.support.command_line import CommandLine
from tests.support.documents import (
    LETTER,
    TEXTS,
    Reader,
    born_digital,
    inked,
    scan_of,
    shown,
)
from tests.support.photo_files import exif_block, jpeg_photo
from tests.support.watching import Watching


@pytest.fixture
def letters(folder: Path) -> Path:
    """`letters/a.pdf` of three pages, `letters/old/b.pdf` of one, a broken PDF, and a scan with an empty page."""
    (folder / "letters" / "old").mkdir(parents=True)
    (folder / "letters" / "a.pdf").write_bytes(born_digital(*TEXTS))
    (folder / "letters" / "old" / "b.pdf").write_bytes(born_digital(LETTER))
    (folder / "scan.pdf").write_bytes(scan_of(inked(), Image.new("RGB", (420, 300), "white")))
    return Path("letters")


@pytest.fixture
def served() -> Iterator[Callable[..., EmbeddedOllama]]:
    started: list[EmbeddedOllama] = []

    def start(says: Any, **settings: Any) -> EmbeddedOllama:
        started.append(EmbeddedOllama(engine=ScriptedEngine(says, model="m"), **settings).start())
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def reads_right(letters: Path) -> Reader:
    says: dict[str, Any] = {shown(letters / "a.pdf", number): text for number, text in enumerate(TEXTS, 1)}
    return Reader({**says, shown(Path("scan.pdf")): "A bar."})


@pytest.fixture
def red_and_blue(folder: Path) -> None:
    """Two pictures in the current folder."""
    Image.new("RGB", (64, 64), "red").save(folder / "red.png")
    Image.new("RGB", (64, 64), "blue").save(folder / "blue.png")


@pytest.fixture
def ask(vision: CommandLine, scripted: EmbeddedOllama) -> CommandLine:
    """Runs `ollama-vision ask` with a server that says the same of every picture."""
    return lambda *words: vision("ask", "--host", scripted.url, *words)


@pytest.fixture
def inbox(folder: Path) -> Path:
    (folder / "inbox").mkdir()
    return folder / "inbox"


@pytest.fixture
def started(folder: Path) -> Iterator[list[Watching]]:
    started: list[Watching] = []
    yield started
    for each in started:
        each.process.kill()
        each.process.communicate()


@pytest.fixture
def says_seen() -> Iterator[EmbeddedOllama]:
    """A server that says of every picture the same, at once."""
    with EmbeddedOllama(engine=ScriptedEngine(lambda request: "Seen.", model="m")) as server:
        yield server


@pytest.fixture
def album(folder: Path) -> Path:
    """`album/` with a photograph that says all, and a picture that says nothing."""
    (folder / "album").mkdir()
    (folder / "album" / "photo.jpg").write_bytes(jpeg_photo(exif_block()))
    (folder / "album" / "photo.txt").write_text("Our dog.\n")
    Image.new("RGB", (64, 64), "red").save(folder / "album" / "plain.png")
    return folder / "album"
