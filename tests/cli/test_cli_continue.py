"""`ask --continue`: what went before is sent again, and the pictures are the ones that were asked about."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_embedded.faults import CutStream
from ollama_embedded.scenes import Shape, draw_scene
from tests.model.test_exchanges import colours
from tests.support import picture_web
from tests.support.command_line import CommandLine
from tests.support.conversations import database, fine, messages
from tests.support.documents import born_digital

pytestmark = pytest.mark.usefixtures("red_and_blue")
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.mark.parametrize("colour", ["red", "blue"])
def test_the_answer_is_about_the_picture_that_was_asked_about(
    vision: CommandLine, demo_server: EmbeddedOllama, colour: Any
) -> None:
    draw_scene(Shape(colour, "square", "middle center")).save("shape.png")
    fine(vision("ask", "--host", demo_server.url, "shape.png", "How many shapes are there?"))
    outcome = fine(vision("ask", "--continue", "Describe the image."))
    assert colour in outcome.out
    first, answer, second = messages(demo_server)
    assert (first["content"], second["content"]) == ("How many shapes are there?", "Describe the image.")
    assert first["images"]
    assert answer["role"] == "assistant"
    assert "1" in answer["content"] or "one" in answer["content"]


def test_each_question_of_a_conversation_is_sent_with_its_own_pictures(
    ask: CommandLine, vision: CommandLine, scripted: EmbeddedOllama
) -> None:
    fine(ask("red.png", "First?"))
    fine(vision("ask", "--continue", "Second?"))
    outcome = fine(vision("ask", "--continue", "blue.png", "Third?", "--json"))
    assert [each["content"] for each in messages(scripted)] == [
        *("First?", "A plain colour.", "Second?", "A plain colour.", "Third?")
    ]
    assert [colours(each) if "images" in each else [] for each in messages(scripted)] == [[RED], [], [], [], [BLUE]]
    assert len(json.loads(outcome.out)["pictures"]) == 2, "all that was sent"


def test_with_nothing_to_go_on_with_nothing_is_asked(ask: CommandLine, scripted: EmbeddedOllama) -> None:
    outcome = ask("--continue", "And?")
    assert outcome.code == 2
    assert "there is no conversation to go on with" in outcome.complaint
    assert not scripted.asked
    assert not database().exists()


def test_it_goes_on_with_the_newest(ask: CommandLine, scripted: EmbeddedOllama) -> None:
    fine(ask("red.png", "First?"))
    fine(ask("blue.png", "Another?"))
    fine(ask("--continue", "And?"))
    assert [each["content"] for each in messages(scripted)] == ["Another?", "A plain colour.", "And?"]


def test_it_goes_on_as_it_began_and_what_is_typed_goes_first(
    ask: CommandLine, vision: CommandLine, scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("OLLAMA_VISION_MODEL", "nobody")
    fine(ask("--model", scripted.model, "--system", "Be brief.", "--option", "seed=1", "red.png", "First?"))
    fine(vision("ask", "--continue", "--option", "top_k=2", "And?"))
    body = scripted.asked[-1].body
    assert messages(scripted)[0] == {"role": "system", "content": "Be brief."}
    assert body["options"].items() >= {"seed": 1, "top_k": 2}.items()
    fine(vision("ask", "--continue", "--system", "Be kind.", "--option", "seed=5", "And?"))
    assert messages(scripted)[0]["content"] == "Be kind."
    assert scripted.asked[-1].body["options"]["seed"] == 5
    with EmbeddedOllama(engine=ScriptedEngine("Another one.", model="second")) as second:
        assert (
            fine(vision("ask", "--continue", "--host", second.url, "--model", "second", "And?")).out == "Another one.\n"
        )
        assert len(second.asked[-1].body["messages"]) == 8


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.unlink(), "is not there any more"),
        (lambda path: Image.new("RGB", (64, 64), "blue").save(path), "is not the picture any more"),
    ],
    ids=["gone", "another"],
)
def test_another_picture_is_never_sent_in_its_place(
    ask: CommandLine, scripted: EmbeddedOllama, folder: Path, change: Any, words: str
) -> None:
    fine(ask("red.png", "First?"))
    before = len(scripted.asked)
    change(folder / "red.png")
    outcome = ask("--continue", "And?")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.complaint.startswith(f"{folder / 'red.png'}")
    assert words in outcome.complaint
    assert len(scripted.asked) == before


def test_from_another_folder_the_picture_is_found(
    ask: CommandLine, scripted: EmbeddedOllama, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine(ask("red.png", "First?"))
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    fine(ask("--continue", "And?"))
    assert colours(messages(scripted)[0]) == [RED]


def test_the_pages_and_the_part_that_were_sent_are_sent_again(ask: CommandLine, scripted: EmbeddedOllama) -> None:
    Path("two.pdf").write_bytes(born_digital("One", "Two"))
    fine(ask("--pages", "2", "--detail", "low", "two.pdf", "First?"))
    sent = scripted.asked[-1].body["images"]
    fine(ask("--continue", "And?"))
    assert next(each for each in messages(scripted) if "images" in each)["images"] == sent
    half = Image.new("RGB", (64, 64), "red")
    half.paste("blue", (32, 0, 64, 64))
    half.save("half.png")
    fine(ask("--region", "0.5,0.0,1.0,1.0", "half.png", "First?"))
    fine(ask("--continue", "red.png", "And?"))
    assert [colours(each) for each in messages(scripted) if "images" in each] == [[BLUE], [RED]]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--region", "0,0,9,9"], "--region is for pictures of this question"),
        (["--detail", "high"], "--detail is for pictures of this question"),
        (["--from", "1"], "--from is for pictures of this question"),
        (["--draw-boxes", "out.png"], "--draw-boxes draws on the picture of one question"),
    ],
    ids=" ".join,
)
def test_what_is_for_new_pictures_needs_some(ask: CommandLine, words: list[str], complaint: str) -> None:
    fine(ask("red.png", "First?"))
    outcome = ask("--continue", *words, "And?")
    assert outcome.code == 2
    assert outcome.complaint.startswith(complaint)


def test_the_words_may_be_in_a_file(ask: CommandLine, scripted: EmbeddedOllama) -> None:
    Path("and.txt").write_text("And?\n", encoding="utf-8")
    fine(ask("red.png", "First?"))
    fine(ask("--continue", "--prompt-file", "and.txt"))
    assert [each["content"] for each in messages(scripted)][-1] == "And?"
    fine(ask("--continue", "--prompt-file", "and.txt", "--region", "0,0,9,9", "blue.png"))
    assert [colours(each) for each in messages(scripted) if "images" in each] == [[RED], [BLUE]]


@pytest.mark.parametrize("words", [[], ["--continue"], ["--prompt-file", "and.txt"]], ids=" ".join)
def test_who_asks_nothing_is_told_so(ask: CommandLine, words: list[str]) -> None:
    Path("and.txt").write_text("And?\n", encoding="utf-8")
    fine(ask("red.png", "First?"))
    outcome = ask(*words)
    assert outcome.code == 2
    assert outcome.complaint.startswith("Name a picture and ask about it: ")


def test_what_was_piped_in_is_kept_itself(
    ask: CommandLine, scripted: EmbeddedOllama, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (folder / "red.png").open("rb") as piped:
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": piped, "isatty": lambda self: False})())
        fine(ask("-", "First?"))
    (folder / "red.png").unlink()
    fine(ask("--continue", "And?"))
    assert colours(messages(scripted)[0]) == [RED]


def test_what_came_from_a_url_is_fetched_once(
    ask: CommandLine, scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ollama_vision.cli.ask import pictures as of_ask

    options = of_ask.image_options
    monkeypatch.setattr(
        of_ask, "image_options", lambda question: options(question).model_copy(update={"allow_private_urls": True})
    )
    with picture_web.serve() as web:
        web.pages["/a.jpg"] = picture_web.picture
        fine(ask("red.png", f"{web.url('/a.jpg')}?token=s3cret", "First?"))
        assert len(web.asked) == 1
    fine(ask("--continue", "And?"))
    (first,) = (each for each in messages(scripted) if "images" in each)
    assert base64.b64decode(first["images"][1]) == picture_web.JPEG
    assert b"s3cret" not in database().read_bytes()


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="names are text there")
def test_a_name_that_is_no_text_is_found_again(ask: CommandLine, scripted: EmbeddedOllama, folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    (folder / "red.png").rename(folder / name)
    fine(ask(name, "First?"))
    fine(ask("--continue", "And?"))
    assert colours(messages(scripted)[0]) == [RED]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_who_names_a_pipe_is_told_how_to_pipe_it_in(ask: CommandLine, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert 'is a pipe or a device. Pipe it in: COMMAND | ollama-vision ask - "..."' in ask("pipe", "What?").complaint


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_cannot_be_asked_again(vision: CommandLine, folder: Path) -> None:
    """As `<(command)` gives it: what was in it is gone, and it is not opened again."""
    import threading

    from ollama_vision.cli.ask.going_on import what_is_taken

    os.mkfifo(folder / "pipe")
    data = (folder / "red.png").read_bytes()
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=(data,))
    (taken,) = what_is_taken([Path("pipe")], [Path("pipe")], [])
    writer.start()
    assert (folder / "pipe").read_bytes() == data
    writer.join()
    assert taken.kept().sha256 is None  # type: ignore[union-attr]


def test_an_answer_that_is_not_whole_is_none(vision: CommandLine) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("One two three four five."), faults=[CutStream(after=2)]) as server:
        assert vision("ask", "--host", server.url, "red.png", "First?").code == 1
        outcome = vision("ask", "--host", server.url, "--continue", "And?")
    assert "there is no conversation to go on with" in outcome.complaint


def test_a_choice_and_an_object_are_answers_as_well(vision: CommandLine) -> None:
    with EmbeddedOllama(engine=ScriptedEngine('{"colour": "red"}')) as server:
        fine(vision("ask", "--host", server.url, "--format", "json", "--json", "red.png", "First?"))
        fine(vision("ask", "--continue", "--format", "json", "And?"))
        assert [each["content"] for each in messages(server)][1] == '{"colour": "red"}'
        assert server.asked[-1].body["format"] == {"type": "object"}
    with EmbeddedOllama(engine=ScriptedEngine('"red"')) as server:
        fine(vision("ask", "--host", server.url, "--choose", "red,blue", "red.png", "Which?"))
        fine(vision("ask", "--continue", "Why?"))
        assert [each["content"] for each in messages(server)] == ["Which?", "red", "Why?"]
