"""What keeps a batch cheap, held by counts that no busy machine can change; `benchmarks/batch.py` measures it."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama
from ollama_vision.batch.describe_pictures import describe

COUNT = 40


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """So many small pictures, each of another colour."""
    monkeypatch.chdir(tmp_path)
    Path("small").mkdir()
    names = [f"small/{number:02}.png" for number in range(COUNT)]
    for number, name in enumerate(names):
        Image.new("RGB", (40 + number, 30), (number * 6, 0, 0)).save(name)
    return names


def test_a_picture_costs_few_turns_of_threads(
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
    # One that takes it from the folder and makes it ready, one that builds its request, two that code it.
    assert 0 < turns["describing"] <= 4 * COUNT + 20
