"""Placeholders in the command's prompts: what reaches the model, what stands in the lines, and what is asked again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_embedded.scenes import Shape, draw_scene
from ollama_vision import PromptTemplate
from ollama_vision.batch import describe as describe_from_python
from ollama_vision.errors import PromptError
from tests.support.alike import NEAR, draw_view
from tests.support.command_line import CommandLine
from tests.support.describe_cli import COMMAND, lines, wait_for_lines
from tests.support.documents import inked
from tests.support.own_words import FILLED, QUESTION
from tests.support.serving import asked_since


def prompts_by_path() -> Mapping[str, str]:
    return {line["path"]: line["prompt"] for line in lines()}


@pytest.mark.parametrize(
    "words",
    [(), ("--schema", "schema.json"), ("--choose", "red,blue"), ("--together",)],
    ids=["text", "schema", "choose", "together"],
)
def test_each_picture_is_asked_in_its_own_words_and_its_line_says_so(
    vision: CommandLine, album: Path, words: tuple[str, ...]
) -> None:
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}}
    Path("schema.json").write_text(json.dumps(schema))
    says = ScriptedEngine(lambda asked: '{"colour": "red"}' if "--schema" in words else "red", model="m")
    with EmbeddedOllama(engine=says) as server:
        assert vision("describe", "album", "--host", server.url, "--prompt", QUESTION, *words).code == 0
        asked = {
            str(request.body.get("prompt") or request.body["messages"][-1]["content"]).partition("?\n")[0]
            for request in server.asked
        }
    assert {text.rstrip("?") for text in asked} == {text.rstrip("?") for text in FILLED.values()}
    assert prompts_by_path() == FILLED
    (told,) = json.loads(Path("results.jsonl.requests.json").read_text()).values()
    assert (told["prompt"], len(told["placeholders"])) == (QUESTION, 8)


def test_the_demo_model_answers_the_question_that_lies_beside_the_picture(
    vision: CommandLine, folder: Path, demo_server: EmbeddedOllama
) -> None:
    """Nothing but the texts beside the pictures tells what is asked, and nothing but the pictures the answer."""
    (folder / "scenes").mkdir()
    for name, shape, text in (
        ("a", Shape("red", "square"), "Describe the image."),
        ("b", Shape("blue", "circle"), "How many shapes are there?"),
    ):
        draw_scene(shape, size=(112, 112)).save(folder / "scenes" / f"{name}.png")
        (folder / "scenes" / f"{name}.txt").write_text(text)
    known = list(demo_server.asked)
    words = ("describe", "scenes", "--host", demo_server.url, "--prompt", "{sidecar.txt}", "--no-sight-check")
    assert vision(*words).code == 0
    asked = sorted(
        str(request.body["prompt"]) for request in asked_since(demo_server, known) if request.body.get("prompt")
    )
    assert asked == ["Describe the image.", "How many shapes are there?"]
    described, counted = (line["text"].lower() for line in sorted(lines(), key=lambda line: str(line["path"])))
    assert "red" in described
    assert "1" in counted or "one" in counted


def test_pictures_without_the_datum_are_listed_and_nothing_is_asked(
    vision: CommandLine, album: Path, scripted: EmbeddedOllama
) -> None:
    Image.new("RGB", (64, 64)).save(album / "other.webp")
    for words in (("--prompt", "{exif.date} {gps.latitude}"), ("--prompt", "{exif.date} {gps.latitude}", "--dry-run")):
        outcome = vision("describe", "album", "--host", scripted.url, *words)
        assert (outcome.code, outcome.out, list(scripted.asked)) == (2, "", [])
        assert "album/plain.png has no {exif.date} and no {gps.latitude}." in outcome.err.splitlines()
        assert "album/other.webp has no {exif.date} and no {gps.latitude}." in outcome.err.splitlines()
        assert outcome.err.splitlines()[-1] == (
            "Error: 2 of 3 pictures lack what the prompt's placeholders stand for, and nothing was asked. Give a "
            "default after a bar, such as {exif.date|unknown}, or leave those pictures out."
        )
        assert "album/photo.jpg" not in outcome.err
    assert not Path("results.jsonl").exists()
    first = ("describe", "album", "--host", scripted.url, "--prompt", "{exif.date}", "--limit", "1")
    assert vision(*first, "--exclude", "other.webp").code == 0
    assert [line["path"] for line in lines()] == ["album/photo.jpg"]


@pytest.mark.parametrize("command", ["describe", "read"])
@pytest.mark.parametrize("by_file", [False, True], ids=["typed", "file"])
def test_an_unknown_name_is_exit_2_with_the_near_one(
    vision: CommandLine, album: Path, command: str, by_file: bool
) -> None:
    Path("p.txt").write_text("{exif.lense}")
    words = ("--prompt-file", "p.txt") if by_file else ("--prompt", "{exif.lense}")
    outcome = vision(command, "album", *words)
    assert outcome.code == 2
    option = "--prompt-file p.txt" if by_file else "--prompt"
    assert outcome.complaint.startswith(f"{option}: {{exif.lense}} is no placeholder. Did you mean {{exif.lens}}?")


def test_a_run_goes_on_and_asks_again_where_the_words_have_changed(
    vision: CommandLine, album: Path, scripted: EmbeddedOllama
) -> None:
    words = ("describe", "album", "--host", scripted.url, "--prompt", "{sidecar.txt|Nothing} in {path.parent}?")
    assert vision(*words).code == 0
    outcome = vision(*words)
    assert (outcome.code, len(scripted.asked)) == (0, 2)
    assert "2 done before" in outcome.err
    (album / "photo.txt").write_text("Our cat.")
    outcome = vision(*words)
    assert (outcome.code, len(scripted.asked)) == (0, 3)
    assert "1 picture has changed, or what is asked about it: asked about again." in outcome.err
    assert prompts_by_path() == {"album/photo.jpg": "Our cat. in album?", "album/plain.png": "Nothing in album?"}
    assert len(lines()) == 2
    # The same words in another way are the same question.
    (album / "photo.jpg.txt").write_text("Our cat.\n")
    assert vision(*words).code == 0
    assert len(scripted.asked) == 3


def test_another_template_and_the_same_words_as_they_stand_are_other_requests(
    vision: CommandLine, album: Path, scripted: EmbeddedOllama
) -> None:
    first = ("describe", "album", "--host", scripted.url, "--model", "scripted")
    assert vision(*first, "--prompt", "{path.stem}?").code == 0
    refused = vision(*first, "--prompt", "{path.parent}?")
    assert 'prompt ("{path.stem}?" there, "{path.parent}?" now)' in refused.err
    literal = list(describe_from_python("album", "scripted", "{path.stem}?", host=scripted.url))
    assert [request.body["prompt"] for request in list(scripted.asked)[-2:]] == ["{path.stem}?"] * 2
    assert {line["request"] for line in literal}.isdisjoint(line["request"] for line in lines())
    assert all("prompt" not in line for line in literal)


def test_equal_bytes_are_asked_once_where_they_are_asked_the_same(
    vision: CommandLine, folder: Path, scripted: EmbeddedOllama
) -> None:
    for name in ("a/1.png", "a/2.png", "b/1.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (64, 64), "red").save(folder / name)
    words = ("describe", "a", "b", "--host", scripted.url, "--prompt", "In {path.parent}?")
    assert vision(*words).code == 0
    assert sorted(request.body["prompt"] for request in scripted.asked) == ["In a?", "In b?"]
    told = {line["path"]: (line["prompt"], line.get("same_as")) for line in lines()}
    assert told == {
        "a/1.png": ("In a?", None),
        "a/2.png": ("In a?", "a/1.png"),
        "b/1.png": ("In b?", None),
    }
    # Renamed within its folder it is known by its bytes; moved to another it is asked another thing.
    (folder / "a/1.png").rename(folder / "a/3.png")
    (folder / "c").mkdir()
    (folder / "b/1.png").rename(folder / "c/1.png")
    assert vision("describe", "a", "c", *words[3:]).code == 0
    assert [request.body["prompt"] for request in list(scripted.asked)[2:]] == ["In c?"]
    assert prompts_by_path()["a/3.png"] == "In a?"


def test_pages_and_frames_have_the_words_of_their_file(
    vision: CommandLine, folder: Path, scripted: EmbeddedOllama
) -> None:
    (folder / "scans").mkdir()
    greys = [Image.new("L", (64, 64), grey) for grey in (0, 120)]
    greys[0].save(folder / "scans" / "two.tiff", save_all=True, append_images=greys[1:])
    words = ("describe", "scans", "--host", scripted.url, "--prompt", "{path.stem}, {exif.date|no date}?")
    assert vision(*words).code == 0
    assert sorted((line["page"], line["prompt"]) for line in lines()) == [(1, "two, no date?"), (2, "two, no date?")]


def test_answers_are_not_written_where_texts_are_read(
    vision: CommandLine, album: Path, scripted: EmbeddedOllama
) -> None:
    words = ("describe", "album", "--host", scripted.url, "--prompt", "{sidecar.txt|?}")
    for more in (("--sidecar", "txt"), ("--sidecar-name", "stem"), ("--sidecar-dir", "album")):
        outcome = vision(*words, *more)
        assert (outcome.code, list(scripted.asked)) == (2, [])
        assert "--sidecar txt writes where {sidecar.txt} is read" in outcome.complaint
    assert vision(*words, "--sidecar-dir", "texts").code == 0
    assert (album / "photo.txt").read_text() == "Our dog.\n"
    with pytest.raises(ValueError, match="the next run would ask about answers"):
        describe_from_python(
            "album", "m", PromptTemplate("{sidecar.txt|?}"), host=scripted.url, out="x.jsonl", sidecars=True
        )


def test_a_dry_run_shows_what_each_would_be_asked(vision: CommandLine, album: Path, scripted: EmbeddedOllama) -> None:
    outcome = vision("describe", "album", "--host", scripted.url, "--prompt", "{sidecar.txt|Nothing}?", "--dry-run")
    assert (outcome.code, list(scripted.asked)) == (0, [])
    assert ': "Our dog.?"\n' in outcome.out
    assert ': "Nothing?"\n' in outcome.out


def test_a_table_and_a_report_have_what_each_picture_was_asked(
    vision: CommandLine, album: Path, scripted: EmbeddedOllama
) -> None:
    vision("describe", "album", "--host", scripted.url, "--prompt", "{sidecar.txt|Nothing}?")
    table = vision("export", "results.jsonl", "-").out
    assert "Our dog.?" in table
    assert "{sidecar.txt" not in table
    assert vision("report", "results.jsonl", "report.html").code == 0
    page = Path("report.html").read_text()
    assert page.count("Asked: Our dog.?") == page.count("Asked: Nothing?") == 1


def test_documents_are_read_in_their_own_words(vision: CommandLine, folder: Path) -> None:
    (folder / "letters").mkdir()
    inked().save(folder / "letters" / "bill.png")
    (folder / "letters" / "bill.txt").write_text("in German")
    with EmbeddedOllama(engine=ScriptedEngine("A bar.", model="m")) as server:
        words = (
            "read",
            "letters",
            "--host",
            server.url,
            "--prompt",
            "This is {path.stem}, {sidecar.txt}: write it down.",
        )
        vision(*words)
        assert {request.body["prompt"] for request in server.asked} == {"This is bill, in German: write it down."}
        count = len(server.asked)
        vision(*words)
        assert len(server.asked) == count


def test_python_and_the_command_fill_a_template_alike(
    vision: CommandLine, album: Path, scripted: EmbeddedOllama
) -> None:
    told = describe_from_python("album", "scripted", PromptTemplate(QUESTION), host=scripted.url, out="results.jsonl")
    assert {line["path"]: line["prompt"] for line in told} == FILLED
    outcome = vision("describe", "album", "--host", scripted.url, "--model", "scripted", "--prompt", QUESTION)
    assert (outcome.code, len(scripted.asked)) == (0, 2)
    with pytest.raises(PromptError, match=r"album/plain\.png has no \{exif\.lens\}"):
        describe_from_python("album", "scripted", PromptTemplate("{exif.lens}"), host=scripted.url)
    assert len(scripted.asked) == 2


def test_pictures_that_look_alike_are_not_given_the_answer_to_another_question(
    vision: CommandLine, folder: Path, scripted: EmbeddedOllama
) -> None:
    """Nor counted so beforehand; in the same words one is asked for both."""
    for name in ("one", "other"):
        Path(name).mkdir()
        draw_view(1).save(f"{name}/view.png")
        NEAR["half as large"](draw_view(1)).save(f"{name}/small.png")
    words = ("describe", "one", "other", "--host", scripted.url, "--prompt", "{path.parent}?", "--near-duplicates")
    assert "2 near copies of another picture (--near-duplicates): not asked." in vision(*words, "--dry-run").out
    assert vision(*words).code == 0
    assert sorted(request.body["prompt"] for request in scripted.asked) == ["one?", "other?"]
    assert {line["path"]: line.get("same_as") for line in lines()} == {
        "one/small.png": None,
        "one/view.png": "one/small.png",
        "other/small.png": None,
        "other/view.png": "other/small.png",
    }


def test_watch_needs_words_for_what_comes_and_does_not_say(vision: CommandLine, album: Path) -> None:
    outcome = vision("watch", "album", "--prompt", "{path.stem} {exif.date|?} {exif.lens}?")
    assert outcome.code == 2
    assert outcome.complaint.startswith("{exif.lens} needs a default here, such as {exif.lens|unknown}: ")


def test_what_comes_while_watched_is_asked_in_its_own_words(folder: Path, scripted: EmbeddedOllama) -> None:
    pytest.importorskip("watchfiles")
    (folder / "inbox").mkdir()
    Image.new("RGB", (64, 64), "red").save(folder / "inbox" / "a.png")
    words = ("inbox", "--no-sight-check", "--settle", "0.3", "--host", scripted.url, "--system", "Be brief.")
    asks = ("--prompt", "{path.stem} {sidecar.txt|without words}?")
    watching = subprocess.Popen(
        [*COMMAND, "watch", *words, *asks], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        wait_for_lines(Path("results.jsonl"), 1, watching)
        (folder / "inbox" / "b.txt").write_text("with words")
        Image.new("RGB", (64, 64), "blue").save(folder / "inbox" / "b.png")
        wait_for_lines(Path("results.jsonl"), 2, watching)
    finally:
        watching.terminate()
        watching.communicate()
    assert [line["prompt"] for line in lines()] == ["a without words?", "b with words?"]
    asked = [(request.body["prompt"], request.body["system"]) for request in scripted.asked]
    assert asked == [("a without words?", "Be brief."), ("b with words?", "Be brief.")]
