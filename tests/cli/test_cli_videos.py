"""Videos from a shell: frames, scenes and parts by time, their times in the prompt, in lines and in a timeline."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine, Shape, draw_scene
from ollama_vision.cli.common.access import UsageError, read_clip, read_frames, read_time
from ollama_vision.cli.report.results import Answer
from ollama_vision.cli.report.thumbnails import look_at
from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines
from tests.support.video_corpus import film

pytest.importorskip("av")

COLOURS = ("red", "blue", "green", "yellow")
SHAPES = ("circle", "star", "triangle", "square")
GROUNDS = ((235, 235, 235), (120, 120, 120), (200, 200, 200), (90, 90, 90))


def scene(at: int) -> Image.Image:
    return draw_scene(Shape(COLOURS[at], SHAPES[at], "top left", "medium"), ground=GROUNDS[at])


LASTS = (12, 20, 8, 25)
"""Tenths of a second."""


@pytest.fixture
def clip(folder: Path) -> str:
    """Four scenes, which show other shapes, of 1.2, 2.0, 0.8 and 2.5 seconds."""
    shots = [scene(at) for at, tenths in enumerate(LASTS) for _ in range(tenths)]
    Path("clip.mp4").write_bytes(film("mp4", "libx264", list(enumerate(shots)), size=shots[0].size))
    return "clip.mp4"


@pytest.fixture
def ask(clip: str, vision: CommandLine) -> CommandLine:
    return partial(vision, "ask", clip)


def said_of(text: str) -> list[str]:
    return [colour for colour in COLOURS if colour in text.lower()]


@pytest.mark.parametrize(
    ("begin", "end", "colour"), [("0", "1.2", 0), ("1.2", "0:03.2", 1), ("3.2", "4", 2), ("4", None, 3)]
)
def test_the_demo_model_sees_the_part_that_was_asked_for(
    ask: CommandLine, demo_server: EmbeddedOllama, begin: str, end: str | None, colour: int
) -> None:
    """The answer would be another of any other part."""
    until = () if end is None else ("--to", end)
    outcome = ask("Describe the image.", "--host", demo_server.url, "--frames", "1", "--from", begin, *until)
    assert (outcome.code, said_of(outcome.out)) == (0, [COLOURS[colour]])


def test_scenes_are_sent_with_their_times(ask: CommandLine, scripted: EmbeddedOllama) -> None:
    assert ask("What?", "--host", scripted.url, "--frames", "scenes").code == 0
    asked = scripted.asked[-1]
    assert len(asked.pictures) == 4
    prompt = asked.body["prompt"]
    assert prompt == "Images 1 to 4 are frames of a video, in order: at 0:00, 0:01.2, 0:03.2 and 0:04.\n\nWhat?"
    assert ask("What?", "--host", scripted.url, "--frames", "scenes:2", "--json").code == 0
    assert (
        scripted.asked[-1]
        .body["prompt"]
        .startswith("Images 1 to 2 are frames of a video, in order: at 0:01.2 and 0:04.")
    )
    one = ask("What?", "--host", scripted.url, "--frames", "1", "--json")
    assert scripted.asked[-1].body["prompt"] == "The image is a frame of a video, at 0:03.2.\n\nWhat?"
    assert json.loads(one.out)["pictures"][0]["seconds"] == 3.2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--frames", "cuts"), "--frames takes a number from 1 to 1000, scenes, or scenes:12 for 12 at the most"),
        (("--frames", "0"), "--frames takes a number from 1 to 1000"),
        (("--from", "1:75"), "--from takes seconds, as in 62.5, or 1:02.5, or 1:02:03 with hours, not '1:75'"),
        (("--from", "3", "--to", "2"), "--to 2 is not after --from 3"),
        (("--to", "0"), "--to 0 is not after the start"),
        (("--to", "-1"), "--to takes seconds"),
    ],
)
def test_a_wrong_choice_is_told(ask: CommandLine, words: tuple[str, ...], told: str) -> None:
    outcome = ask("What?", "--host", "http://127.0.0.1:1", *words)
    assert outcome.code == 2
    assert told in outcome.err


def test_times_are_read_in_each_form() -> None:
    assert [read_time(text, "--to") for text in ("62.5", "1:02.5", "01:02:03", "0", "4000")] == [
        62.5,
        62.5,
        3723.0,
        0.0,
        4000.0,
    ]
    assert [read_frames(text) for text in ("1", "1000", "scenes", "scenes:7")] == [1, 1000, "scenes", "scenes:7"]
    assert read_clip(None, None) is None
    assert read_clip(None, "1:00") == (0.0, 60.0)
    for wrong in ("1001", "scenes:", "scenes:0", "-1", "1.5"):
        with pytest.raises(UsageError):
            read_frames(wrong)


def test_a_part_that_is_not_there_is_told(ask: CommandLine, scripted: EmbeddedOllama) -> None:
    outcome = ask("What?", "--host", scripted.url, "--from", "1:00")
    assert outcome.code == 1
    assert "is an MP4 or QuickTime video of 6.5 s, and frames from 60.0 s on were asked for" in outcome.err
    assert "Begin before that: --from 6." in outcome.err
    Path("still.png").write_bytes(Path("clip.mp4").read_bytes()[:0])
    Image.new("RGB", (64, 64)).save("still.png")
    still = partial(ask.func, "ask", "still.png")  # type: ignore[attr-defined]
    refused = still("What?", "--host", scripted.url, "--from", "1")
    assert (refused.code, "--from and --to are for videos" in refused.err) == (2, True)
    assert len(scripted.asked) == 0


def test_describe_asks_about_each_scene_and_writes_a_timeline(
    describe: CommandLine, clip: str, demo_server: EmbeddedOllama
) -> None:
    options = (clip, "--host", demo_server.url, "--frames", "scenes", "--timeline", "clip.md")
    outcome = describe(*options)
    assert outcome.code == 0
    assert "Timeline: clip.md, of 1 video" in outcome.err
    found = sorted(lines(), key=lambda line: line["page"])
    assert [(line["page"], line["pages"], line["seconds_in_video"]) for line in found] == [
        (1, 4, 0.0), (2, 4, 1.2), (3, 4, 3.2), (4, 4, 4.0),
    ]  # fmt: skip
    assert [said_of(line["text"]) for line in found] == [[colour] for colour in COLOURS]
    timeline = Path("clip.md").read_text(encoding="utf-8")
    assert timeline.startswith("# Timeline\n\n## clip.mp4\n\n- **0:00** ")
    times = [entry.split("**")[1] for entry in timeline.splitlines() if entry.startswith("- ")]
    assert times == ["0:00", "0:01.2", "0:03.2", "0:04"]
    assert [said_of(entry) for entry in timeline.splitlines() if entry.startswith("- ")] == [[each] for each in COLOURS]
    # A run that goes on asks nothing, and writes the same timeline; other frames are another request.
    Path("clip.md").unlink()
    again = describe(*options)
    assert (again.code, len(lines())) == (0, 4)
    assert Path("clip.md").read_text(encoding="utf-8") == timeline
    assert describe(clip, "--host", demo_server.url, "--frames", "scenes:2").code == 2


def gemma() -> ScriptedEngine:
    """256 tokens for each picture, whatever its size."""
    facts = {"general.architecture": "gemma3", "gemma3.vision.image_size": 896, "gemma3.vision.patch_size": 14}
    return ScriptedEngine("Something.", model_info=facts)


def test_together_takes_as_many_frames_as_fit(describe: CommandLine, clip: str) -> None:
    with EmbeddedOllama(engine=gemma()) as server:
        options = (clip, "--host", server.url, "--together", "--option", "num_ctx=2048", "--no-sight-check")
        assert describe(*options, "--timeline", "clip.md").code == 0
        assert len(server.asked[-1].pictures) == 2048 * 7 // 8 // 256 == 7
        (line,) = lines()
        assert (line["page"], line["pages"], len(line["seconds_in_video"])) == (None, 7, 7)
        assert Path("clip.md").read_text(encoding="utf-8").count("- **0:00.4, 0:01.3, ") == 1
        assert describe(*options, "--frames", "scenes", "--restart").code == 0
        assert len(server.asked[-1].pictures) == 4
        assert server.asked[-1].body["prompt"].startswith("Images 1 to 4 are frames of a video, in order: at 0:00, ")
        assert describe(*options, "--frames", "8", "--restart").code == 0
        assert len(server.asked[-1].pictures) == 8  # what is asked for by number is sent, or refused


def test_scenes_in_one_question_are_no_more_than_fit(vision: CommandLine, folder: Path) -> None:
    shots = [scene(at % 4).rotate(90 * (at // 4)) for at in range(12) for _ in range(4 + at)]
    Path("long.mp4").write_bytes(film("mp4", "libx264", list(enumerate(shots)), size=shots[0].size))
    with EmbeddedOllama(engine=gemma()) as server:
        options = ("--host", server.url, "--option", "num_ctx=2048", "--frames", "scenes")
        assert vision("ask", "long.mp4", "What?", *options).code == 0
        assert len(server.asked[-1].pictures) == 7
        sent = server.asked[-1].body["images"]
        assert vision("ask", "--continue", "And?", "--option", "num_ctx=16384").code == 0
        assert server.asked[-1].body["messages"][0]["images"] == sent, "as many as there was room for then"


def test_a_timeline_is_of_results(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    refused = describe("photos", "--timeline", "t.md", "--out", "-", "--host", scripted.url)
    assert (refused.code, "--timeline" in refused.err) == (2, True)
    assert "name a file that ends in .md" in describe("photos", "--timeline", "t.html", "--host", scripted.url).err
    assert describe("photos", "--timeline", "t.md", "--host", scripted.url, "--no-sight-check").code == 0
    assert Path("t.md").read_text(encoding="utf-8") == "# Timeline\n\nThere is no answer about a video.\n"


def test_a_reports_thumbnail_is_of_the_moment_that_was_asked_about(
    describe: CommandLine, clip: str, scripted: EmbeddedOllama
) -> None:
    assert describe(clip, "--host", scripted.url, "--frames", "scenes", "--no-sight-check").code == 0
    for line in lines():
        sight = look_at([Answer.of(line)], Path())
        assert sight.state == "shown"
        from base64 import b64decode
        from io import BytesIO

        picture: Any = Image.open(BytesIO(b64decode(sight.base64))).convert("RGB")
        corner = picture.getpixel((2, 2))
        assert min(GROUNDS, key=lambda each: abs(each[0] - corner[0])) == GROUNDS[line["page"] - 1]
