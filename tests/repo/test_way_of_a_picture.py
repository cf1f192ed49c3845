"""How short the way of one picture is, from the caller to the socket: counted by what a call runs, not by its time.

A station is a function of ours that another module of ours calls, before the first byte of the reply: a hand-off that
someone who reads along has to follow. Reading a value (a property, a constructor, a length) is none; nor is what a
library calls. Counted so, 69a8470 had 49, as a reviewer had found by hand.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from PIL import Image

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_vision import VisionModel
from tests.support.wire_server import WireServer, answer

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "packages"
ADAPTER = "llama_index/multi_modal_llms/ollama"
ENTRIES = ("complete", "chat")
"""What core's own wrapper calls, so that no function of ours does."""
DRIVER = "run_blocking"
"""Runs a coroutine of its caller's: what it calls is no floor above it, but what was handed to it."""


class Way:
    """What a call runs until the first byte of the reply is read."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.functions: set[CodeType] = set()
        self.stations: dict[CodeType, str] = {}
        self.steps_up: list[str] = []
        self._ended = False

    @property
    def rooms(self) -> set[str]:
        return {room_of(module) for module in self.modules}

    def watch(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "c_call" and getattr(arg, "__name__", "") in ("recv", "recv_into"):
            self._ended = True
        module = module_of(frame.f_code)
        if self._ended or event != "call" or module is None:
            return
        self.modules.add(module)
        self.functions.add(frame.f_code)
        caller = frame.f_back
        while caller is not None and caller.f_code.co_filename == contextlib.__file__:
            caller = caller.f_back
        source = module_of(caller.f_code) if caller else None
        begins = not self.stations or frame.f_code.co_name in ENTRIES
        if is_value(frame) or (not begins and source in (None, module)):
            return
        self.stations.setdefault(frame.f_code, f"{module} {frame.f_code.co_qualname}")
        assert caller is not None
        if source is not None and caller.f_code.co_name != DRIVER and floor_of(module) > floor_of(source):
            self.steps_up.append(f"{source} {caller.f_code.co_qualname} -> {module} {frame.f_code.co_qualname}")

    def __str__(self) -> str:
        return "\n".join(f"{number:3} {station}" for number, station in enumerate(self.stations.values(), start=1))


def module_of(code: CodeType) -> str | None:
    """Such as `model/call` or `llama_index/multi_modal_llms/ollama/base`; `None` for what is not ours."""
    path = Path(code.co_filename)
    if not path.is_relative_to(PACKAGES):
        return None
    return str(Path(*path.relative_to(PACKAGES).parts[1:]).with_suffix("")).removeprefix("ollama_vision/")


def room_of(module: str) -> str:
    return ADAPTER if module.startswith(ADAPTER) else module.partition("/")[0]


def floors() -> dict[str, int]:
    """Room -> floor, as import-linter's contract has them; the adapter stands on all of them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(each["layers"] for each in contracts if each.get("containers") == ["ollama_vision"])
    found = {room.strip(" ()"): number for number, layer in enumerate(reversed(layers)) for room in layer.split("|")}
    return {**found, ADAPTER: len(layers)}


FLOORS = floors()


def floor_of(module: str) -> int:
    return FLOORS[room_of(module)]


def is_value(frame: FrameType) -> bool:
    name = frame.f_code.co_name
    held = frame.f_locals.get("self")
    is_property = held is not None and isinstance(inspect.getattr_static(type(held), name, None), property)
    return is_property or name.startswith("<") or (name.startswith("__") and name.endswith("__"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A JPEG that passes through as it is."""
    path = tmp_path / "photo.jpg"
    Image.effect_noise((640, 480), 40).convert("RGB").save(path, quality=85)
    return path


def way_of(ask: Callable[[], object]) -> Way:
    for _ in range(2):
        ask()  # what the model can do is known, and the connection is open
    way = Way()
    sys.setprofile(way.watch)
    try:
        ask()
    finally:
        sys.setprofile(None)
    assert way.stations, "nothing was seen"
    return way


def test_one_picture_through_complete_passes_at_most_20_stations_and_never_up_a_floor(photo: Path) -> None:
    with WireServer(answer("generate", "A")) as server:
        llm = OllamaMultiModal(model="m", base_url=server.url)
        way = way_of(lambda: llm.complete("What is it?", image_documents=[str(photo)]))
    assert len(way.stations) <= 20, str(way)
    assert len(way.modules) <= 22, sorted(way.modules)
    assert len(way.functions) <= 130, len(way.functions)
    assert len(way.rooms) <= 8, way.rooms
    assert not way.steps_up


def test_one_picture_through_ask_passes_at_most_20_stations_and_never_up_a_floor(photo: Path) -> None:
    with WireServer(answer("generate", "A")) as server, VisionModel("m", server.url) as model:
        way = way_of(lambda: model.ask("What is it?", str(photo)))
    assert len(way.stations) <= 20, str(way)
    assert len(way.modules) <= 22, sorted(way.modules)
    assert len(way.functions) <= 130, len(way.functions)
    assert len(way.rooms) <= 8, way.rooms
    assert not way.steps_up


def test_one_picture_through_chat_adds_but_the_messages(photo: Path) -> None:
    message = ChatMessage(role="user", blocks=[TextBlock(text="What is it?"), ImageBlock(path=photo)])
    with WireServer(answer("chat", "A")) as server:
        llm = OllamaMultiModal(model="m", base_url=server.url)
        way = way_of(lambda: llm.chat([message]))
    assert len(way.stations) <= 27, str(way)
    assert len(way.modules) <= 28, sorted(way.modules)
    assert len(way.rooms) <= 8, way.rooms
