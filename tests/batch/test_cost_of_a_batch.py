"""What keeps a batch cheap, held by counts that no busy machine can change; `benchmarks/batch.py` measures it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama
from ollama_vision.batch.asking.intake import Intake
from ollama_vision.batch.asking.model_on_host import ModelOnHost
from ollama_vision.batch.describe_pictures import describe
from ollama_vision.batch.finding.paths import find_pictures
from ollama_vision.batch.results.known_by_bytes import copies_among
from ollama_vision.batch.results.ledger import Ledger, Version
from ollama_vision.model import arguments
from ollama_vision.pictures import ImageOptions, PreparedImage
from ollama_vision.protocol import options

COUNT = 40


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """So many small pictures, each of another colour and of another size in bytes."""
    monkeypatch.chdir(tmp_path)
    Path("small").mkdir()
    names = [f"small/{number:02}.png" for number in range(COUNT)]
    for number, name in enumerate(names):
        Image.new("RGB", (40 + number, 40), (number * 6, 0, 0)).save(name)
        Path(name).write_bytes(Path(name).read_bytes().ljust(1000 + number, b"\0"))
    return names


def test_a_small_picture_costs_one_turn_of_a_thread(
    small: list[str], scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: Counter[str] = Counter()
    run_in_executor = asyncio.BaseEventLoop.run_in_executor

    def counted(loop: asyncio.BaseEventLoop, executor: Any, function: Any, *arguments: Any) -> Any:
        turns[threading.current_thread().name] += 1
        return run_in_executor(loop, executor, function, *arguments)

    monkeypatch.setattr(asyncio.BaseEventLoop, "run_in_executor", counted)
    lines = list(describe("small", scripted.model, host=scripted.url))
    assert sorted(line["path"] for line in lines) == small
    # One that takes it from the folder and makes it ready; of so few bytes in memory the request is coded in place.
    assert COUNT <= turns["describing"] <= COUNT + 8


def test_what_every_picture_is_asked_with_is_worked_out_once(
    small: list[str], scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out = 0
    options_of = options.request_options

    def counted(*given: Any) -> Any:
        nonlocal worked_out
        worked_out += 1
        return options_of(*given)

    monkeypatch.setattr(arguments, "request_options", counted)
    assert len(list(describe("small", scripted.model, host=scripted.url))) == COUNT
    assert 0 < worked_out < 10


_opened: Counter[str] | None = None


def _count_opened(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _opened is not None and isinstance(arguments[0], str):
        _opened[arguments[0]] += 1


sys.addaudithook(_count_opened)


@contextmanager
def counting_opened() -> Iterator[Counter[str]]:
    """How often each file is opened; a hook of Python's audit can only be added."""
    global _opened
    _opened = Counter()
    try:
        yield _opened
    finally:
        _opened = None


def test_a_small_picture_is_opened_once(small: list[str], scripted: EmbeddedOllama) -> None:
    with counting_opened() as opened:
        assert len(list(describe("small", scripted.model, host=scripted.url))) == COUNT
    assert {name: opened[name] for name in small} == dict.fromkeys(small, 1)


def test_of_files_of_one_size_only_those_of_the_same_bytes_are_looked_at_for_what_is_wrong_with_them(
    small: list[str], scripted: EmbeddedOllama
) -> None:
    """One turn for the bytes, one for the picture, one for the header of each that may be another's copy."""
    for name in small:
        Path(name).write_bytes(Path(name).read_bytes().ljust(4096, b"\0"))
    Path(small[7]).write_bytes(Path(small[3]).read_bytes())
    with counting_opened() as opened:
        lines = list(describe("small", scripted.model, host=scripted.url))
    assert [line["path"] for line in lines if "same_as" in line] == [small[7]]
    alike = {small[3], small[7]}
    assert {opened[name] for name in small if name not in alike} == {2}


def test_what_changes_after_it_was_read_is_sent_as_it_was_read(
    small: list[str], scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its line has the hash of these very bytes, so that the next run asks about the new ones."""
    first = Path(small[0]).read_bytes()
    answer = ModelOnHost.answer

    def changed_meanwhile(host: ModelOnHost, *arguments: Any) -> Any:
        Path(small[0]).write_bytes(first + b"more")
        return answer(host, *arguments)

    monkeypatch.setattr(ModelOnHost, "answer", changed_meanwhile)
    (line,) = describe(small[0], scripted.model, host=scripted.url)
    assert line["error"] is None
    assert line["sha256"] == hashlib.sha256(first).hexdigest()
    assert scripted.asked[-1].pictures == (first,)


def test_a_further_file_adds_little_to_what_is_held(tmp_path: Path) -> None:
    """All that a run holds of it before the first question; as an object with its path it would be 1,400 bytes."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(4000):
        (folder / f"{number:06}.jpg").write_bytes(b"x" * number)

    def look() -> None:
        found = find_pictures(folder)
        assert len(found.files) == 4000
        assert not copies_among(found.files, Ledger(), "")

    look()
    tracemalloc.start()
    try:
        look()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most / 4000 < 200


def test_files_are_looked_at_once_when_all_is_done(
    small: list[str], scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(describe("small", scripted.model, host=scripted.url, out="results.jsonl"))
    made = 0
    version_of = Version.of

    def counted(size: int, modified_ns: int) -> Version:
        nonlocal made
        made += 1
        return version_of(size, modified_ns)

    monkeypatch.setattr(Version, "of", counted)
    with counting_opened() as opened:
        assert list(describe("small", scripted.model, host=scripted.url, out="results.jsonl")) == []
    assert not any(opened[name] for name in small)
    assert made <= 2 * COUNT


async def test_as_many_pictures_are_prepared_at_a_time_as_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for two others: fewer than three at a time would wait in vain, and four are seen."""
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    together, inside, most = threading.Barrier(3), 0, 0
    counting = threading.Lock()

    class Met:
        def sha256(self) -> str:
            return ""

        def pictures(self) -> list[PreparedImage]:
            nonlocal inside, most
            with counting:
                inside += 1
                most = max(most, inside)
            together.wait(30)
            with counting:
                inside -= 1
            return []

    intake = Intake(range(1, 13), lambda item, index, options: Met(), ImageOptions(), lambda sha256: None)
    ready = await asyncio.gather(*(intake.next() for _ in range(14)))
    assert sorted(each.item for each in ready if each is not None) == list(range(1, 13))
    assert most == 3
