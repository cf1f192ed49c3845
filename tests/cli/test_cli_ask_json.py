"""`ollama-vision ask --json`: one object with the answer, what it cost and what was sent, for programs."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, Reply, ScriptedEngine
from tests.support.command_line import CommandLine

FIELDS = ["text", "fields", "model", "usage", "finish_reason", "pictures", "seconds"]


@pytest.fixture
def ask(vision: CommandLine) -> CommandLine:
    return partial(vision, "ask")


@pytest.fixture
def picture(tmp_path: Path) -> str:
    file = tmp_path / "red.png"
    Image.new("RGB", (64, 48), "red").save(file)
    return str(file)


def test_an_answer_is_one_object_in_one_line(ask: CommandLine, picture: str) -> None:
    engine = ScriptedEngine(Reply("A red\nsquare, größer.", prompt_tokens=70, answer_tokens=5))
    with EmbeddedOllama(engine=engine) as server:
        outcome = ask(picture, "What is this?", "--host", server.url, "--json")
        model = server.model
    assert (outcome.code, outcome.err, outcome.out.count("\n")) == (0, "", 1)
    assert "größer" in outcome.out
    told = json.loads(outcome.out)
    assert list(told) == FIELDS
    assert (told["text"], told["fields"], told["model"]) == ("A red\nsquare, größer.", None, f"{model}:latest")
    assert told["usage"] == {"prompt_tokens": 70, "completion_tokens": 5, "total_tokens": 75}
    assert told["finish_reason"] == "stop"
    assert [(one["source"], one["size"]) for one in told["pictures"]] == [(picture, [64, 48])]
    assert told["seconds"] > 0


def test_the_fields_of_a_schema_stand_in_it(ask: CommandLine, picture: str, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps({"type": "object", "properties": {"colour": {"type": "string"}}}))
    with EmbeddedOllama(engine=ScriptedEngine('{"colour": "red"}')) as server:
        outcome = ask(picture, "What is this?", "--host", server.url, "--json", "--format", str(schema))
    told = json.loads(outcome.out)
    assert (list(told), told["fields"]) == (FIELDS, {"colour": "red"})


def test_a_choice_stands_in_it_as_in_a_line_of_results(ask: CommandLine) -> None:
    outcome = ask("examples/pictures/two-shapes.jpg", "Is there a shape?", "--demo", "--json", "--choose", "yes,no")
    told = json.loads(outcome.out)
    assert list(told) == [*FIELDS, "choice"]
    assert told["text"] == told["choice"]["label"]
    assert sum(told["choice"]["probabilities"].values()) == pytest.approx(1)


def test_a_cut_answer_is_printed_with_its_reason_and_is_no_answer(ask: CommandLine, picture: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(Reply("A red", done_reason="length"))) as server:
        outcome = ask(picture, "What is this?", "--host", server.url, "--json")
    assert outcome.code == 1
    assert (json.loads(outcome.out)["text"], json.loads(outcome.out)["finish_reason"]) == ("A red", "length")
    assert "not whole" in outcome.complaint


def test_where_there_is_no_answer_nothing_is_printed(ask: CommandLine, picture: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(" ")) as server:
        outcome = ask(picture, "What is this?", "--host", server.url, "--json")
    assert (outcome.code, outcome.out) == (1, "")
    assert "nothing" in outcome.complaint
