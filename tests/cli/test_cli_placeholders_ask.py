"""Placeholders in the question of `ask`: files, URLs, what is piped in, several pictures, and a conversation."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama
from ollama_vision import PromptTemplate
from ollama_vision.cli.ask.own_words import needs_bytes, question_for
from ollama_vision.pictures import ImageOptions, PictureSource
from tests.support.command_line import CommandLine
from tests.support.own_words import FILLED, QUESTION
from tests.support.photo_files import PHOTOS, exif_block, jpeg_photo


def test_a_question_of_ask_is_filled(vision: CommandLine, album: Path, scripted: EmbeddedOllama) -> None:
    assert vision("ask", "album/photo.jpg", QUESTION, "--host", scripted.url).code == 0
    Path("p.txt").write_text(QUESTION)
    assert vision("ask", "album/photo.jpg", "--prompt-file", "p.txt", "--host", scripted.url).code == 0
    assert [request.body["prompt"] for request in scripted.asked] == [FILLED["album/photo.jpg"]] * 2


def test_a_picture_that_is_piped_in_says_what_is_in_it(
    vision: CommandLine, album: Path, scripted: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("photo.webp", "photo.png"):
        data = PHOTOS[name](exif_block())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        words = ("ask", "-", "{exif.camera} {path.stem|without a name} {sidecar.txt|}?", "--host", scripted.url)
        assert vision(*words).code == 0
    assert [request.body["prompt"] for request in scripted.asked] == ["Canon EOS R5 without a name ?"] * 2
    assert [len(request.images) for request in scripted.asked] == [1, 1]


def test_a_picture_of_a_url_says_what_is_in_it_and_how_the_url_calls_it() -> None:
    url = "https://example.org/our%20album/photo.jpg?token=SECRET"
    fetched = PictureSource.of(jpeg_photo(exif_block()), ImageOptions())
    template = PromptTemplate("{path.parent}/{path.stem} {exif.camera} {sidecar.txt|without words}?")
    assert needs_bytes(template, [url])
    assert question_for(template, [url], [fetched]) == "our album/photo Canon EOS R5 without words?"


def test_a_question_that_goes_on_is_about_no_picture_unless_it_names_one(
    vision: CommandLine, album: Path, scripted: EmbeddedOllama
) -> None:
    assert vision("ask", "album/photo.jpg", "Is this {path.stem}?", "--host", scripted.url).code == 0
    refused = vision("ask", "--continue", "Or {path.parent}?", "--host", scripted.url)
    assert (refused.code, len(scripted.asked)) == (2, 1)
    assert "{path.parent} stands for what a picture says of itself, and this question names none" in refused.complaint
    assert vision("ask", "--continue", "Why?", "--host", scripted.url).code == 0
    said = [message["content"] for message in scripted.asked[-1].body["messages"]]
    assert said == ["Is this photo?", "A plain colour.", "Why?"]


def test_one_question_about_several_pictures_has_the_words_of_all_or_none(
    vision: CommandLine, album: Path, scripted: EmbeddedOllama
) -> None:
    both = ("ask", "album/photo.jpg", "album/plain.png")
    assert vision(*both, "{path.parent}?", "--host", scripted.url).code == 0
    assert [request.body["prompt"] for request in scripted.asked] == ["album?"]
    differ = vision(*both, "{path.stem}?", "--host", scripted.url)
    lacks = vision(*both, "{exif.date}?", "--host", scripted.url)
    unknown = vision(*both, "{exif.when}?", "--host", scripted.url)
    assert (differ.code, lacks.code, unknown.code, len(scripted.asked)) == (2, 2, 2, 1)
    assert "{path.stem} is 'photo' of album/photo.jpg and 'plain' of album/plain.png" in differ.complaint
    assert lacks.err.splitlines()[0] == "album/plain.png has no {exif.date}."
    assert "Did you mean {exif." in unknown.complaint
