"""A run in a thread is stopped by who waits for it: the server's generation ends, and the run says so."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from ollama_vision import describe
from ollama_vision.batch import StopSwitch
from ollama_vision.errors import RunStoppedError
from ollama_vision.pictures.cancellation import check_deadline


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (40, 40), colour).save(tmp_path / name)
    return tmp_path


def test_a_run_that_waits_for_an_answer_is_stopped(photos: Path) -> None:
    gate, switch, came = Gate(), StopSwitch(), list[BaseException]()
    with EmbeddedOllama(engine=ScriptedEngine(Reply(["A red", gate, " square."]))) as server:

        def run() -> None:
            with (
                switch.watched(),
                closing(describe(photos, server.model, host=server.url, sight_check=False, jobs=1)) as lines,
            ):
                try:
                    next(lines)
                except RunStoppedError as error:
                    came.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        assert gate.reached.wait(60)
        switch.stop()
        thread.join(60)
        assert not thread.is_alive()
        (asked,) = server.asked
        assert asked.left.wait(60)
    assert [str(error) for error in came] == ["The run was stopped by who asked for it."]


def test_a_run_that_begins_after_it_was_pressed_asks_nothing(photos: Path) -> None:
    switch = StopSwitch()
    switch.stop()
    with (
        EmbeddedOllama(engine=ScriptedEngine("Red.")) as server,
        switch.watched(),
        pytest.raises(RunStoppedError, match="stopped by who asked"),
    ):
        list(describe(photos, server.model, host=server.url, sight_check=False))
    assert not [asked for asked in server.asked if asked.path.startswith("/api/generate")]


def test_pages_are_no_longer_drawn(photos: Path) -> None:
    switch = StopSwitch()
    with switch.watched():
        check_deadline()
        switch.stop()
        with pytest.raises(RunStoppedError):
            check_deadline()
    check_deadline()


def test_a_run_without_a_switch_is_as_it_was(photos: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("Red.")) as server, StopSwitch().watched():
        lines = list(describe(photos, server.model, host=server.url, sight_check=False))
    assert [line["text"] for line in lines] == ["Red.", "Red."]
