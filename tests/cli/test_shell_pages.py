"""What a page shows of the command line runs, in the order in which it stands there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import EmbeddedOllama, Reply, ScriptedEngine, draw_scene
from ollama_vision.cli.app import run
from tests.support.serving import asked_since

PAGES = Path(__file__).resolve().parents[2] / "docs/how-to"
A_REAL_MODEL = "gemma3:4b"


def blocks(language: str, page: str = "folder.md") -> list[str]:
    text = (PAGES / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


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


def test_archives_are_kept_and_undone(
    server: EmbeddedOllama, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lxml")
    (schema,) = blocks('json title="archive.schema.json"', "archives.md")
    Path("archive.schema.json").write_text(schema)
    answer = {"title": "Red", "description": "A red circle.", "keywords": ["red", "circle"]}
    # The demo model knows shapes, and no titles.
    with EmbeddedOllama(engine=ScriptedEngine(json.dumps(answer)), aliases=[A_REAL_MODEL]) as scripted:
        monkeypatch.setenv("OLLAMA_HOST", scripted.url)
        describe, undo = blocks("sh", "archives.md")
        assert run(shlex.split(describe)[1:]) == 0
        assert sorted(file.name for file in Path("photos").glob("*.xmp")) == ["first.png.xmp", "second.png.xmp"]
        assert run(shlex.split(undo)[1:]) == 0
    assert [*Path("photos").glob("*.xmp")] == []
    assert "2 sidecars as before" in capsys.readouterr().err


def test_who_comes_from_another_tool_gets_the_same_done(
    server: EmbeddedOllama, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lxml")
    (archive,) = blocks('json title="archive.schema.json"', "archives.md")
    Path("archive.schema.json").write_text(archive)
    for name in ("count", "document"):
        (schema,) = blocks(f'json title="{name}.schema.json"', "coming-from.md")
        Path(f"{name}.schema.json").write_text(schema)
    draw_scene("blue square", "green triangle").save("photo.jpg")
    Path("scans").mkdir()
    pages = [draw_scene(shape) for shape in ("red circle", "black cross")]
    pages[0].save("scans/letter.pdf", save_all=True, append_images=pages[1:])
    of_llm, of_photo_tagger, of_paperless_gpt = blocks("sh", "coming-from.md")

    begun, gone_on, with_fields = of_llm.splitlines()
    assert run(shlex.split(begun)[1:]) == 0
    assert "2 shapes" in capsys.readouterr().out
    assert run(shlex.split(gone_on)[1:]) == 0
    assert "blue square" in capsys.readouterr().out
    told = server.asked[-1].body["messages"]
    assert [message["role"] for message in told] == ["system", "user", "assistant", "user"]
    assert [len(message.get("images", [])) for message in told] == [0, 1, 0, 0]
    assert run(shlex.split(with_fields)[1:]) == 0
    assert json.loads(capsys.readouterr().out) == {"count": 2}

    # The demo model knows shapes: no titles, no tags.
    with EmbeddedOllama(engine=ScriptedEngine(files_away), aliases=[A_REAL_MODEL]) as scripted:
        monkeypatch.setenv("OLLAMA_HOST", scripted.url)
        first, *others, dated = of_photo_tagger.splitlines()
        assert run(shlex.split(first)[1:]) == 0
        assert [*Path("photos").glob("*.xmp")] == []
        assert [run(shlex.split(line)[1:]) for line in others] == [0] * len(others)
        assert len(scripted.asked) == 2, "what the first line asked about is not asked again"
        assert sorted(file.name for file in Path("photos").glob("*.xmp")) == ["first.xmp", "second.xmp"]
        assert run([*shlex.split(others[0])[1:], "--undo"]) == 0
        assert [*Path("photos").glob("*.xmp")] == []
        known = list(scripted.asked)
        assert run(shlex.split(dated)[1:]) == 0
        (prompt,) = {request.body["prompt"] for request in asked_since(scripted, known)}
        assert prompt == "Taken at a time unknown. Describe the image."

        for results in Path().glob("results.jsonl*"):
            results.unlink()  # of other photos: who reads on has another folder
        assert [run(shlex.split(line)[1:]) for line in of_paperless_gpt.splitlines()] == [0] * 3
    read = Path("text/letter.pdf.md").read_text()
    assert read.count("Dear Sir") == 2
    assert "<!-- page 2 -->" in read
    assert Path("pages.html").is_file()
    (line,) = map(json.loads, Path("results.jsonl").read_text().splitlines())
    assert line["fields"]["tags"] == ["letter"]
    assert "fields.correspondent" in Path("documents.csv").read_text(encoding="utf-8-sig")


def files_away(request: Any) -> Reply:
    """What a large model would say: text of a page, fields of a photo, fields of a document."""
    asked_for = json.dumps(request.format or {})
    if "correspondent" in asked_for:
        fields = {"title": "Rent", "correspondent": "Ada", "date": "2026-11-30", "tags": ["letter"]}
        return Reply(json.dumps(fields))
    if "keywords" in asked_for:
        return Reply(json.dumps({"title": "Red", "description": "A red circle.", "keywords": ["red"]}))
    return Reply("Dear Sir")
