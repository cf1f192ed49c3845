"""`ollama-vision describe`, run as people run it: one right line for each picture, and everything else told."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, Ending, Gate, ModelFacts, Reply, ScriptedEngine, draw_scene
from ollama_embedded.faults import SlowFirstByte
from ollama_embedded.scenes import Shape
from tests.support.command_line import CommandLine
from tests.support.describe_cli import SEES, draw_folder, is_right, lines, paths, wrong_lines


def test_each_picture_has_its_own_right_line(describe: CommandLine, folder: Path, demo_server: EmbeddedOllama) -> None:
    scenes = draw_folder(folder / "photos", 12)
    outcome = describe("photos", "--host", demo_server.url)
    assert outcome.code == 0, outcome
    assert outcome.out == ""
    assert wrong_lines(lines(), scenes) == []
    assert "12 answers" in outcome.err
    assert sorted(file.name for file in folder.glob("results*")) == ["results.jsonl", "results.jsonl.requests.json"]


def test_a_line_says_what_was_asked_and_what_came(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    describe(photos[0], "--host", scripted.url, "--out", "one.jsonl")
    (line,) = lines("one.jsonl")
    data = Path(photos[0]).read_bytes()
    assert list(line) == [
        *("path", "page", "pages", "size", "modified", "sha256", "text", "fields", "error", "finish_reason"),
        *("model", "usage", "host", "seconds", "waited", "request"),
    ]
    assert (line["path"], line["page"], line["pages"], line["size"]) == (photos[0], None, None, len(data))
    assert line["sha256"] == hashlib.sha256(data).hexdigest()
    assert (line["text"], line["fields"], line["error"]) == ("A plain colour.", None, None)
    assert (line["finish_reason"], line["model"]) == ("stop", "scripted:latest")
    assert line["usage"]["total_tokens"] == line["usage"]["prompt_tokens"] + line["usage"]["completion_tokens"] > 0
    assert line["seconds"] >= 0
    assert len(line["request"]) == 64


def test_another_range_is_another_request(describe: CommandLine, folder: Path) -> None:
    Image.new("I;16", (64, 64), 2000).save("depth.png")
    with EmbeddedOllama(engine=ScriptedEngine("Grey.", capabilities=SEES)) as server:
        command = ["depth.png", "--host", server.url]
        describe(*command, "--range", "1000:3000")
        assert describe(*command, "--range", "1000:3000").code == 0
        describe(*command, "--range", "0:4000", "--append")
        outcome = describe(*command)
    assert outcome.code == 2
    assert "--append" in outcome.err
    assert [asked.images[0].convert("L").getpixel((32, 32)) for asked in server.asked] == [128, 128]


def test_the_request_is_as_it_was_said(describe: CommandLine, folder: Path) -> None:
    Image.new("RGB", (2000, 1000), "red").save("large.png")
    engine = ScriptedEngine("Red.", capabilities=(*SEES, "thinking"))
    with EmbeddedOllama(engine=engine) as server:
        common = ["large.png", "--host", server.url, "--header", "X-Who: me"]
        describe(*common, "--prompt", "Which colour?", "--option", "seed=7", "--detail", "low")
        describe(*common, "--option", "temperature=0.5", "--think", "--max-pixels", "50000", "--append")
    first, second = server.asked
    assert first.body["prompt"] == "Which colour?"
    assert first.headers["x-who"] == "me"
    assert (first.body["options"]["temperature"], first.body["options"]["seed"]) == (0, 7)
    assert first.body["think"] is False
    assert 300_000 < first.images[0].width * first.images[0].height <= 401_408
    assert second.body["prompt"] == "Describe the image."
    assert second.body["options"]["temperature"] == 0.5
    assert second.body["think"] is True
    assert second.images[0].width * second.images[0].height <= 50_000


def test_pages_are_asked_each_or_together(describe: CommandLine, folder: Path, demo_server: EmbeddedOllama) -> None:
    drawn = [Shape("red", "circle"), Shape("blue", "star"), Shape("green", "square")]
    pages = [draw_scene(shape) for shape in drawn]
    pages[0].save("scan.pdf", save_all=True, append_images=pages[1:])
    draw_scene(drawn[0]).save("scan.tiff", save_all=True, append_images=[draw_scene(drawn[1])])
    assert describe("scan.pdf", "scan.tiff", "--host", demo_server.url).code == 0
    each = {(line["path"], line["page"]): line for line in lines()}
    assert sorted(each) == [("scan.pdf", 1), ("scan.pdf", 2), ("scan.pdf", 3), ("scan.tiff", 1), ("scan.tiff", 2)]
    for (path, page), line in each.items():
        assert line["pages"] == (3 if path == "scan.pdf" else 2)
        assert line["sha256"] == hashlib.sha256(Path(path).read_bytes()).hexdigest()
        assert is_right(line, [drawn[page - 1]]), line

    with EmbeddedOllama(engine=ScriptedEngine("Three shapes.")) as server:
        assert describe("scan.pdf", "--host", server.url, "--pages", "together", "--out", "whole.jsonl").code == 0
    (line,) = lines("whole.jsonl")
    assert (line["page"], line["text"]) == (None, "Three shapes.")
    assert len(server.asked[0].pictures) == 3


SHAPES = {
    "type": "object",
    "properties": {"colour": {"type": "string"}, "count": {"type": "integer", "maximum": 9}},
    "required": ["colour", "count"],
}


def test_a_schema_gives_fields_and_holds_answers_to_it(describe: CommandLine, photos: list[str]) -> None:
    Path("schema.json").write_text(json.dumps(SHAPES))

    def reply(request: Any) -> str:
        red = Image.open(io.BytesIO(request.pictures[0])).convert("RGB").getpixel((5, 5)) == (255, 0, 0)
        return json.dumps({"colour": "red" if red else "other", "count": 1 if red else 99})

    with EmbeddedOllama(engine=ScriptedEngine(reply)) as server:
        outcome = describe("photos", "--host", server.url, "--schema", "schema.json", "--prompt", "Which colour?")
    assert outcome.code == 1
    by_path = {line["path"]: line for line in lines()}
    assert by_path[photos[0]]["fields"] == {"colour": "red", "count": 1}
    assert by_path[photos[0]]["error"] is None
    for path in photos[1:]:
        assert by_path[path]["fields"] is None
        assert by_path[path]["error"]["type"] == "StructuredOutputError"
        assert "99 is greater than the maximum of 9" in by_path[path]["error"]["message"]
        assert "99" in by_path[path]["text"]
    assert server.asked[0].body["format"] == SHAPES


def test_the_validators_of_a_class_run(describe: CommandLine, photos: list[str]) -> None:
    Path("shapes.py").write_text(
        "from pydantic import BaseModel, field_validator\n"
        "class Colour(BaseModel):\n"
        "    name: str\n"
        "    @field_validator('name')\n"
        "    @classmethod\n"
        "    def upper(cls, name):\n"
        "        return name.upper()\n"
    )
    with EmbeddedOllama(engine=ScriptedEngine('{"name": "red"}')) as server:
        assert describe(photos[0], "--host", server.url, "--schema", "shapes.py:Colour").code == 0
    assert lines()[0]["fields"] == {"name": "RED"}


def test_models_are_asked_one_after_the_other(describe: CommandLine, photos: list[str]) -> None:
    other = ModelFacts(name="other", capabilities=SEES)
    with EmbeddedOllama(engine=ScriptedEngine("A colour.", models=[other])) as server:
        models = ["--model", "scripted", "--model", "other", "--sidecar", "txt"]
        assert describe("photos", "--host", server.url, *models, "--jobs", 1).code == 0
        assert [request.body["model"] for request in server.asked] == ["scripted"] * 3 + ["other"] * 3
        assert {(line["path"], line["model"]) for line in lines()} == {
            (path, model) for path in photos for model in ("scripted", "other")
        }
        assert sorted(file.name for file in Path("photos").glob("0.png.*")) == ["0.png.other.txt", "0.png.scripted.txt"]
        assert describe("photos", "--host", server.url, *models).code == 0
    assert len(server.asked) == 6


def test_several_hosts_share_the_pictures(describe: CommandLine, folder: Path) -> None:
    scenes = draw_folder(folder / "photos", 8)
    with EmbeddedOllama(engine=ScriptedEngine("A.")) as one, EmbeddedOllama(engine=ScriptedEngine("B.")) as two:
        assert describe("photos", "--host", one.url, "--host", two.url).code == 0
    assert sorted(paths()) == sorted(scenes)
    assert len(one.asked) + len(two.asked) == 8
    assert one.asked
    assert two.asked


@pytest.mark.parametrize("is_first", [True, False])
def test_a_host_that_is_not_there_is_named_at_once_and_at_the_end(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama, is_first: bool
) -> None:
    gone = "http://127.0.0.1:9"
    hosts = [gone, scripted.url] if is_first else [scripted.url, gone]
    outcome = describe("photos", "--host", hosts[0], "--host", hosts[1])
    assert outcome.code == 0
    assert {line["host"] for line in lines()} == {scripted.url}
    assert f"{gone} is left alone for now: Nothing answers at {gone}" in outcome.err
    assert f"{gone} failed, and gave 0 answers: Nothing answers at {gone}" in outcome.err


def test_how_long_is_waited_can_be_said(describe: CommandLine, photos: list[str]) -> None:
    silent = SlowFirstByte(Gate())
    with EmbeddedOllama(engine=ScriptedEngine("A."), faults=[silent, None, silent]) as server:  # it loads at once
        outcome = describe(photos[0], "--host", server.url, "--timeout", 0.3)
    assert outcome.code == 1
    (line,) = lines()
    assert "for 0.3 seconds (--timeout)" in line["error"]["message"]
    assert "raise --timeout" in outcome.err


def test_seconds_are_what_the_server_says_that_it_took(describe: CommandLine, photos: list[str]) -> None:
    took = Ending(load_duration=200_000, prompt_duration=500_000, answer_duration=300_000)
    with EmbeddedOllama(engine=ScriptedEngine(lambda request: Reply("A.", ending=took)), num_parallel=1) as server:
        assert describe("photos", "--host", server.url, "--jobs", 3).code == 0
    assert [line["seconds"] for line in lines()] == [0.001] * 3
    assert all(line["waited"] > 0 for line in lines())


def test_lines_can_be_printed(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    outcome = describe("photos", "--host", scripted.url, "--out", "-")
    assert outcome.code == 0
    assert sorted(json.loads(line)["path"] for line in outcome.out.splitlines()) == photos
    assert list(Path().glob("results*")) == []


def test_what_is_left_out_is_counted(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    for name in (".hidden.png", "._0.png", "notes.txt", "film.mp4"):
        Path("photos", name).write_bytes(b"x")
    Path("photos/@eaDir").mkdir()
    outcome = describe("photos", "--host", scripted.url, "--exclude", "2.*")
    assert outcome.code == 0
    assert sorted(paths()) == photos[:2]
    for words in ("2 hidden", "1 no picture by its name (.txt 1)", "--videos", "1 excluded", "made by the system"):
        assert words in outcome.err


def test_an_empty_file_has_a_line_as_a_broken_one_has(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    Path(photos[1]).write_bytes(b"")
    assert describe("photos", "--host", scripted.url).code == 1
    [line] = [line for line in lines() if line["error"]]
    assert line["path"] == photos[1]
    assert "is empty (0 bytes)" in line["error"]["message"]
    assert len(lines()) == 3


def test_a_video_under_a_pictures_name_is_asked_about_only_with_videos(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    Path("photos/clip.jpg").write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(40))
    dry = describe("photos", "--host", scripted.url, "--dry-run").out
    assert "photos/clip.jpg would be refused: it is an MP4 or QuickTime video under a picture's name" in dry
    assert describe("photos", "--host", scripted.url).code == 1
    [line] = [line for line in lines() if line["error"]]
    assert line["error"]["message"].startswith("photos/clip.jpg is an MP4 or QuickTime video under a picture's name.")
    assert len(scripted.asked) == 3


def test_the_originals_stay_as_they_are(describe: CommandLine, folder: Path, scripted: EmbeddedOllama) -> None:
    scenes = draw_folder(folder / "photos", 5)
    before = {path: (Path(path).read_bytes(), Path(path).stat().st_mtime_ns) for path in scenes}
    describe("photos", "--host", scripted.url, "--sidecar-dir", "texts", "--detail", "low")
    assert {path: (Path(path).read_bytes(), Path(path).stat().st_mtime_ns) for path in scenes} == before
    assert sorted(str(file) for file in Path("photos").rglob("*") if file.is_file()) == sorted(scenes)


def test_a_report_is_made_at_the_end(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    Path(photos[1]).write_bytes(b"no picture")
    outcome = describe("photos", "--host", scripted.url, "--report", "report.html")
    assert outcome.code == 1
    assert "Report: report.html" in outcome.err
    page = Path("report.html").read_text(encoding="utf-8")
    for words in ("A plain colour.", *photos):
        assert words in page


def test_a_report_that_cannot_be_written_is_told(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    Path("report.html").mkdir()
    outcome = describe("photos", "--host", scripted.url, "--report", "report.html")
    assert outcome.code == 1
    assert "There is no report: " in outcome.err
    assert len(lines()) == 3
