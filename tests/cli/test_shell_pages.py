"""What a page shows of the command line runs, in the order in which it stands there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama, draw_scene
from ollama_vision.cli.app import run

PAGE = (Path(__file__).resolve().parents[2] / "docs/how-to/folder.md").read_text(encoding="utf-8")
A_REAL_MODEL = "gemma3:4b"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedOllama]:
    """The reader's Ollama; the reader is where the folder of photos is."""
    (tmp_path / "photos").mkdir()
    for name, shape in (("first", "red circle"), ("second", "black cross")):
        draw_scene(shape).save(tmp_path / f"photos/{name}.png")
    (schema,) = blocks('json title="shapes.schema.json"')
    (tmp_path / "shapes.schema.json").write_text(schema)
    monkeypatch.chdir(tmp_path)
    with EmbeddedOllama(aliases=[A_REAL_MODEL]) as running:
        monkeypatch.setenv("OLLAMA_HOST", running.url)
        monkeypatch.setenv("OLLAMA_VISION_MODEL", A_REAL_MODEL)
        yield running


def test_the_commands_run(server: EmbeddedOllama, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) >= 6
    for command in commands:
        words = [re.sub(r"http://(one|two):11434", server.url, word) for word in shlex.split(command)]
        assert words.pop(0) == "ollama-vision"
        assert run(words) == 0, command
    said = capsys.readouterr()
    assert "Nothing is left to ask" in said.err
    assert len(server.asked) == 4
    assert [json.loads(line)["fields"] for line in Path("counts.jsonl").read_text().splitlines()] == [{"count": 1}] * 2
    assert "fields.count" in Path("counts.csv").read_text(encoding="utf-8-sig")
    assert Path("counts.html").is_file()
    assert sorted(path.name for path in Path("texts").iterdir()) == ["first.png.txt", "second.png.txt"]
