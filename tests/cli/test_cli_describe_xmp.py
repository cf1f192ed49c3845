"""`--sidecar xmp` and `--sidecar caption`: merged, refused, undone, and killed on the way."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import ollama_vision
from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision.batch.results.descriptive import Descriptive
from ollama_vision.batch.results.undo import undo_path
from ollama_vision.batch.results.xmp import merge
from ollama_vision.errors import SidecarError
from tests.support.command_line import CommandLine
from tests.support.describe_cli import draw_folder, is_right, lines, start, wait_for_lines
from tests.support.xmp_files import DARKTABLE, DIGIKAM, LIGHTROOM, by_exiftool, needs_exiftool

NOBODY = "http://127.0.0.1:1"
SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "description": {"type": "string"},
        "keywords": {"type": "array", "items": {"type": "string"}},
    },
}
ANSWER = {"title": "Plain", "description": "A plain colour.", "keywords": ["colour", "Sea", "plain"]}


@pytest.fixture
def schema(folder: Path) -> str:
    Path("archive.json").write_text(json.dumps(SCHEMA))
    return "archive.json"


@pytest.fixture
def archive(photos: list[str]) -> dict[str, bytes | None]:
    """Sidecars of darktable and digiKam beside two pictures, and none beside the third."""
    there = {"photos/0.png.xmp": DARKTABLE, "photos/1.png.xmp": DIGIKAM, "photos/2.png.xmp": None}
    for name, data in there.items():
        if data is not None:
            Path(name).write_bytes(data)
    return there


def now(archive: dict[str, bytes | None]) -> dict[str, bytes | None]:
    return {name: Path(name).read_bytes() if Path(name).exists() else None for name in archive}


def merged(there: bytes | None, answer: dict[str, Any] = ANSWER, *, overwrite: bool = False) -> bytes:
    told = Descriptive(answer["title"], answer["description"], tuple(answer["keywords"]))
    return merge(there, told, overwrite=overwrite).data


def answering(answer: object = ANSWER) -> EmbeddedOllama:
    return EmbeddedOllama(engine=ScriptedEngine(json.dumps(answer)))


def test_fields_are_merged_and_undone(describe: CommandLine, archive: dict[str, bytes | None], schema: str) -> None:
    with answering() as server:
        command = ["photos", "--host", server.url, "--schema", schema, "--sidecar", "xmp"]
        outcome = describe(*command)
        assert outcome.code == 0
        assert "3 sidecars written" in outcome.err
        assert now(archive) == {name: merged(there) for name, there in archive.items()}
        assert b"At the sea" in (now(archive)["photos/1.png.xmp"] or b"")
        outcome = describe(*command)  # nothing is left to do
        assert "0 sidecars written" in outcome.err
        outcome = describe(*command, "--overwrite")
        assert outcome.code == 0
        assert "1 sidecar written" in outcome.err  # two have our words already
        assert b"At the sea" not in (now(archive)["photos/1.png.xmp"] or b"")
        asked = len(server.asked)
    outcome = describe(*command, "--undo")  # the server is gone
    assert outcome.code == 0
    assert "3 sidecars as before" in outcome.err
    assert now(archive) == archive
    assert asked == 3
    assert len(lines()) == 3
    outcome = describe(*command, "--undo")
    assert outcome.code == 0
    assert "0 sidecars as before" in outcome.err


def test_one_changed_since_is_left_and_named(
    describe: CommandLine, archive: dict[str, bytes | None], scripted: EmbeddedOllama
) -> None:
    command = ["photos", "--host", scripted.url, "--sidecar", "xmp"]
    assert describe(*command).code == 0
    Path("photos/1.png.xmp").write_bytes(LIGHTROOM)
    outcome = describe(*command, "--undo")
    assert outcome.code == 1
    assert "2 sidecars as before" in outcome.err
    assert "photos/1.png.xmp was changed since" in outcome.err
    assert now(archive) == archive | {"photos/1.png.xmp": LIGHTROOM}


def test_undo_is_of_the_pictures_that_are_named(describe: CommandLine, folder: Path, scripted: EmbeddedOllama) -> None:
    for name in ("a", "b"):
        Path(name).mkdir()
        Image.new("RGB", (64, 64), "red" if name == "a" else "blue").save(f"{name}/1.png")
        Image.new("RGB", (64, 64), "pink" if name == "a" else "cyan").save(f"{name}/2.png")
        assert describe(name, "--host", scripted.url, "--sidecar", "xmp").code == 0
    Path("a/2.png").unlink()  # a picture that is gone is named by its folder
    assert "2 sidecars as before" in describe("a", "--sidecar", "xmp", "--undo").err
    assert sorted(str(file) for file in Path().rglob("*.xmp")) == ["b/1.png.xmp", "b/2.png.xmp"]
    assert "1 sidecar as before" in describe("b", "--exclude", "1.png", "--sidecar", "xmp", "--undo").err
    assert [str(file) for file in Path().rglob("*.xmp")] == ["b/1.png.xmp"]


def test_undo_says_that_a_folder_was_moved(describe: CommandLine, folder: Path, scripted: EmbeddedOllama) -> None:
    """What was written stands under the new name; the log knows the old one, and keeps it."""
    Path("old").mkdir()
    Image.new("RGB", (64, 64), "red").save("old/1.png")
    assert describe("old", "--host", scripted.url, "--sidecar", "xmp").code == 0
    Path("old").rename("new")
    outcome = describe("new", "--sidecar", "xmp", "--undo")
    assert outcome.code == 1
    assert "1 sidecar is gone with its picture: old/1.png.xmp" in outcome.err.replace(f"{Path().absolute()}/", "")
    assert Path("new/1.png.xmp").exists()
    Path("new").rename("old")
    assert describe("old", "--sidecar", "xmp", "--undo").code == 0
    assert not Path("old/1.png.xmp").exists()


def test_without_a_schema_the_answer_is_the_description(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    assert describe("photos", "--host", scripted.url, "--sidecar", "xmp", "--sidecar-name", "stem").code == 0
    expected = merge(None, Descriptive(description="A plain colour.")).data
    assert {file.name: file.read_bytes() for file in Path("photos").glob("*.xmp")} == {
        f"{number}.xmp": expected for number in range(3)
    }


def test_two_of_one_stem_are_refused(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    Image.new("RGB", (64, 64)).save("photos/0.webp")
    for kind, told in (("xmp", "same sidecar photos/0.xmp"), ("caption", "same text file photos/0.caption")):
        outcome = describe("photos", "--host", scripted.url, "--sidecar", kind, "--sidecar-name", "stem")
        assert outcome.code == 2
        assert told in outcome.err
    assert scripted.asked == []


@pytest.mark.parametrize(
    "data",
    [DARKTABLE[:-30], b"<!DOCTYPE x [<!ENTITY e 'x'>]>" + LIGHTROOM, b"my notes", None],
    ids=["cut", "entities", "text", "link"],
)
def test_one_that_cannot_be_read_stays_and_is_named(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, data: bytes | None
) -> None:
    sidecar = Path("photos/1.png.xmp")
    if data is None:
        Path("real.xmp").write_bytes(DIGIKAM)
        sidecar.symlink_to(Path("real.xmp").absolute())
    else:
        sidecar.write_bytes(data)
    for _ in range(2):
        outcome = describe("photos", "--host", scripted.url, "--sidecar", "xmp")
        assert outcome.code == 1
        assert "Left as it is: photos/1.png.xmp cannot be" in outcome.err
        assert sidecar.read_bytes() == (DIGIKAM if data is None else data)
        assert len(lines()) == 3
        assert Path("photos/2.png.xmp").exists()


def test_what_goes_with_xmp_alone(describe: CommandLine, photos: list[str], schema: str) -> None:
    wrong = [
        (["--overwrite"], "--overwrite is for XMP sidecars: give --sidecar xmp"),
        (["--sidecar", "caption", "--undo"], "--undo is for XMP sidecars"),
        (["--sidecar", "xmp", "--undo", "--dry-run"], "leave out one of them"),
        (["--sidecar", "xmp", "--out", "-"], "--out - keeps nothing"),
        (["--sidecar", "xmp", "--model", "a", "--model", "b"], "or leave out --sidecar xmp"),
    ]
    Path("other.json").write_text('{"type": "object", "properties": {"colour": {"type": "string"}}}')
    wrong.append((["--sidecar", "xmp", "--schema", "other.json", "--model", "m"], "title, keywords"))
    for words, told in wrong:
        outcome = describe("photos", "--host", NOBODY, *words)
        assert outcome.code == 2, words
        assert told in outcome.err
    assert not Path("results.jsonl").exists()


def test_without_lxml_it_is_said_before_anything_is_asked(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lxml", None)
    monkeypatch.delitem(sys.modules, "ollama_vision.batch.results.xmp")
    monkeypatch.delattr("ollama_vision.batch.results.xmp")
    outcome = describe("photos", "--host", scripted.url, "--sidecar", "xmp")
    assert outcome.code == 2
    assert 'pip install "ollama-vision[xmp]>=1"' in outcome.err
    assert scripted.asked == []


def test_captions(describe: CommandLine, photos: list[str], schema: str) -> None:
    with answering() as server:
        command = ["photos", "--host", server.url, "--schema", schema, "--sidecar", "caption"]
        assert describe(*command).code == 0
        assert describe(*command, "--sidecar-name", "stem").code == 0
    made = sorted(file.name for file in Path("photos").glob("*.caption"))
    assert made == ["0.caption", "0.png.caption", "1.caption", "1.png.caption", "2.caption", "2.png.caption"]
    assert {file.read_text() for file in Path("photos").glob("*.caption")} == {"colour, Sea, plain\n"}


def test_a_caption_of_an_answer_is_one_line(describe: CommandLine, photos: list[str]) -> None:
    Path("photos/0.png.caption").write_text("mine")
    with EmbeddedOllama(engine=ScriptedEngine("One line,\n\nand  another.\n")) as server:
        outcome = describe("photos", "--host", server.url, "--sidecar", "caption")
    assert outcome.code == 0
    assert Path("photos/0.png.caption").read_text() == "mine"
    assert Path("photos/1.png.caption").read_text() == "One line, and another.\n"


def test_from_python(
    archive: dict[str, bytes | None], scripted: EmbeddedOllama, caplog: pytest.LogCaptureFixture
) -> None:
    told: dict[str, Any] = {"host": scripted.url, "out": "results.jsonl", "sidecar_format": "xmp"}
    Path("photos/2.png.xmp").write_text("notes")
    with caplog.at_level(logging.WARNING):
        list(ollama_vision.describe("photos", scripted.model, **told))
    assert "photos/2.png.xmp cannot be merged with" in caplog.text
    expected = merge(DARKTABLE, Descriptive(description="A plain colour.")).data
    assert Path("photos/0.png.xmp").read_bytes() == expected
    assert ollama_vision.undo_sidecars("results.jsonl", "photos/0.png").restored == 1
    undone = ollama_vision.undo_sidecars("results.jsonl")
    assert (undone.restored, undone.left) == (1, [])
    assert now(archive) == archive | {"photos/2.png.xmp": b"notes"}
    with pytest.raises(ValueError, match="overwrite is for sidecar_format"):
        ollama_vision.describe("photos", scripted.model, host=scripted.url, overwrite=True)
    with pytest.raises(ValueError, match="leave out sidecars, or name a file"):
        ollama_vision.describe("photos", scripted.model, host=scripted.url, sidecar_format="caption")
    with pytest.raises(SidecarError, match="none of the fields"):
        ollama_vision.describe("photos", scripted.model, schema={"type": "object", "properties": {}}, **told)


@pytest.mark.timeout(120)
def test_killed_on_the_way_it_goes_on_and_is_undone(describe: CommandLine, folder: Path) -> None:
    draw_folder(folder / "photos", 20)
    pictures = sorted(Path("photos").rglob("*.png"))
    for picture in pictures[::2]:
        picture.with_name(f"{picture.name}.xmp").write_bytes(DARKTABLE)
    there = {f"{each}.xmp": DARKTABLE if number % 2 == 0 else None for number, each in enumerate(pictures)}
    with EmbeddedOllama(engine=ScriptedEngine("A plain colour.")) as server:
        command = ["photos", "--host", server.url, "--sidecar", "xmp"]
        for seen in (3, 9):
            run = start(*command, folder=folder)
            wait_for_lines(Path("results.jsonl"), seen, run)
            run.kill()
            run.communicate()
            told = Descriptive(description="A plain colour.")
            for name, data in now(there).items():
                assert data in (there[name], merge(there[name], told).data)
        assert describe(*command).code == 0
    assert all(data is not None and b"A plain colour." in data for data in now(there).values())
    assert describe(*command, "--undo").code == 0
    assert now(there) == there
    assert not undo_path(Path("results.jsonl")).exists()


@needs_exiftool
def test_end_to_end(describe: CommandLine, folder: Path, demo_server: EmbeddedOllama) -> None:
    """What the demo model saw is what exiftool reads beside each picture, with darktable's history still there."""
    scenes = draw_folder(folder / "photos", 4)
    first = Path(next(iter(scenes)))
    first.with_name(f"{first.name}.xmp").write_bytes(DARKTABLE)
    command = ["photos", "--host", demo_server.url, "--model", demo_server.model, "--sidecar", "xmp"]
    assert describe(*command).code == 0
    for path, drawn in scenes.items():
        found = by_exiftool(Path(f"{path}.xmp"))
        assert is_right({"text": found["XMP-dc:Description"], "error": None}, drawn)
    found = by_exiftool(Path(f"{first}.xmp"))
    assert [each["Operation"] for each in found["XMP-darktable:History"]] == ["exposure", "filmicrgb"]
    assert found["XMP-dc:Subject"] == ["holiday", "Sea"]
    assert describe(*command, "--undo").code == 0
    assert [file.read_bytes() for file in Path("photos").rglob("*.xmp")] == [DARKTABLE]
