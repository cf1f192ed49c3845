"""Batches whose answers are labels, and fields that are weighed: from Python and from a shell."""

from __future__ import annotations

import csv
import json
import math
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import BaseModel

from ollama_embedded import EmbeddedOllama
from ollama_embedded.scenes import Shape, draw_scene
from ollama_vision import describe
from ollama_vision.cli.app import run
from ollama_vision.protocol import fields_of_few_values
from tests.support.serving import Serve
from tests.support.weighed_labels import held, object_held

LABELS = ("yes", "no")


class Colour(StrEnum):
    red = "red"
    blue = "blue"


class Seller(BaseModel):
    member: bool


class Receipt(BaseModel):
    colour: Colour
    total: float
    seller: Seller
    note: str = ""


class Words(BaseModel):
    words: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    for name in ("a", "b"):
        Image.new("RGB", (9, 9), "red" if name == "a" else "blue").save(tmp_path / f"pictures/{name}.png")
    return tmp_path


def lines_in(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_line_has_label_and_probabilities(folder: Path, serve: Serve) -> None:
    serving = serve(held({"yes": math.log(0.2), "no": math.log(0.6)}))
    (first, second) = describe("pictures", "m", "Is it red?", host=serving.server.url, choose=LABELS)
    for line in (first, second):
        assert line["text"] == "no"
        assert line["choice"] == {"label": "no", "probabilities": pytest.approx({"yes": 0.25, "no": 0.75})}
        assert line["error"] is None
        assert line["usage"]["completion_tokens"] == 8
    prompts = {body["prompt"] for body in serving.bodies}
    assert prompts == {'Is it red?\nAnswer with one of: "yes", "no".'}


def test_the_model_sees_each_picture(tmp_path: Path, demo_server: EmbeddedOllama) -> None:
    for colour in ("red", "blue"):
        draw_scene(Shape(colour, "circle", "middle center")).save(tmp_path / f"{colour}.png")
    question = "What color is the circle?"
    lines = describe(tmp_path, demo_server.model, question, host=demo_server.url, choose=["red", "blue"])
    assert {Path(line["path"]).stem: line["choice"]["label"] for line in lines} == {"red": "red", "blue": "blue"}


def test_it_goes_on_and_asks_anew_for_other_labels(folder: Path, serve: Serve) -> None:
    serving = serve(held({"yes": -1.0, "no": -2.0, "unclear": -3.0}))
    arguments = ["describe", "pictures", "-m", "m", "--host", serving.server.url, "-p", "Is it red?"]
    assert run([*arguments, "--choose", "yes,no"]) == 0
    asked = len(serving.asked)
    assert run([*arguments, "--choose", "yes", "--choose", "no"]) == 0
    assert len(serving.asked) == asked
    assert run([*arguments, "--choose", "yes,no,unclear"]) == 2
    assert run([*arguments, "--choose", "yes,no,unclear", "--append"]) == 0
    assert len(lines_in(folder / "results.jsonl")) == 4
    requests = json.loads((folder / "results.jsonl.requests.json").read_text())
    assert sorted(len(each["choose"]) for each in requests.values()) == [2, 3]


def test_an_answer_that_names_no_label_is_the_pictures_error(folder: Path, serve: Serve) -> None:
    serving = serve(lambda request: "Who knows?")
    line = next(iter(describe("pictures", "m", "Is it red?", host=serving.server.url, choose=LABELS)))
    assert line["error"]["type"] == "StructuredOutputError"
    assert line["text"] == "Who knows?"


def test_the_table_has_label_and_probability(folder: Path, serve: Serve) -> None:
    serving = serve(held({"yes": math.log(0.75), "no": math.log(0.25)}))
    arguments = ["describe", "pictures", "-m", "m", "--host", serving.server.url, "--choose", "yes,no"]
    assert run(arguments) == 0
    assert run(["export", "results.jsonl", "table.csv"]) == 0
    with (folder / "table.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["yes", "yes"]
    assert float(rows[0]["probability"]) == pytest.approx(0.75)


class TestConfidence:
    SAID = {"colour": "red", "total": 3.5, "seller": {"member": True}, "note": ""}  # noqa: RUF012
    LOGS = {"red": math.log(0.3), "blue": math.log(0.1), True: math.log(0.05), False: math.log(0.45)}  # noqa: RUF012

    def test_of_each_enum_and_boolean(self, folder: Path, serve: Serve) -> None:
        serving = serve(object_held(self.SAID, self.LOGS))
        line = next(
            iter(
                describe("pictures", "m", "Read it.", host=serving.server.url, schema=Receipt, confidence=True, jobs=1)
            )
        )
        assert line["fields"] == self.SAID
        assert line["confidence"] == pytest.approx({"colour": 0.75, "seller.member": 0.1})
        held_to = [body["format"]["const"] for body in serving.bodies if "const" in body["format"]][:4]
        assert held_to == [
            self.SAID,
            {**self.SAID, "colour": "blue"},
            self.SAID,
            {**self.SAID, "seller": {"member": False}},
        ]

    def test_from_a_shell_and_in_the_table(self, folder: Path, serve: Serve) -> None:
        serving = serve(object_held(self.SAID, self.LOGS))
        (folder / "schema.json").write_text(json.dumps(Receipt.model_json_schema()))
        arguments = ["describe", "pictures", "-m", "m", "--host", serving.server.url, "--schema", "schema.json"]
        assert run([*arguments, "--confidence"]) == 0
        assert run(["export", "results.jsonl", "table.csv"]) == 0
        with (folder / "table.csv").open(encoding="utf-8-sig", newline="") as file:
            row = next(csv.DictReader(file))
        assert float(row["colour_confidence"]) == pytest.approx(0.75)
        assert float(row["seller.member_confidence"]) == pytest.approx(0.1)

    def test_a_server_that_tells_nothing(self, folder: Path, serve: Serve) -> None:
        """It is asked once in vain, and the answer stays."""
        serving = serve(lambda request: json.dumps(self.SAID))
        pictures = describe("pictures", "m", "Read it.", host=serving.server.url, schema=Receipt, confidence=True)
        line = next(iter(pictures))
        assert line["confidence"] == {"colour": None, "seller.member": None}
        assert line["fields"] == self.SAID

    def test_on_the_demo_model(self, tmp_path: Path, demo_server: EmbeddedOllama) -> None:
        draw_scene(Shape("red", "circle", "middle center")).save(tmp_path / "red.png")
        schema = {
            "type": "object",
            "properties": {"color": {"enum": ["red", "blue"]}, "shape": {"enum": ["circle", "square"]}},
            "required": ["color", "shape"],
        }
        question = "What is in the picture?"
        (line,) = describe(tmp_path, demo_server.model, question, host=demo_server.url, schema=schema, confidence=True)
        assert line["fields"] == {"color": "red", "shape": "circle"}
        assert line["confidence"]["color"] > 0.5
        assert line["confidence"]["shape"] > 0.5


def test_fields_of_few_values() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"enum": ["x", 1]},
            "b": {"type": "boolean"},
            "c": {"anyOf": [{"$ref": "#/$defs/E"}, {"type": "null"}]},
            "d": {"const": "only"},
            "e": {"type": "string"},
            "f": {"type": "array", "items": {"type": "boolean"}},
            "g": {"type": "object", "properties": {"h": {"allOf": [{"$ref": "#/$defs/E"}]}}},
        },
        "$defs": {"E": {"enum": ["p", "q"]}},
    }
    found = fields_of_few_values(schema)
    assert found == {"a": ["x", 1], "b": [True, False], "c": ["p", "q", None], "g.h": ["p", "q"]}


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"choose": ["yes"]}, ValueError, "labels has 1 of them"),
        ({"choose": "yes"}, TypeError, "one string"),
        ({"choose": LABELS, "schema": Receipt}, ValueError, "two forms of answers"),
        ({"choose": LABELS, "confidence": True}, ValueError, "a schema's fields"),
        ({"confidence": True}, ValueError, "no schema is given"),
        ({"confidence": True, "schema": Words}, ValueError, "none of them"),
        ({"calibration": "cal.json"}, ValueError, "there are none"),
        ({"choose": LABELS, "calibration": "none.json"}, OSError, "none.json"),
    ],
)
def test_what_cannot_be(folder: Path, serve: Serve, keywords: dict[str, Any], error: Any, words: str) -> None:
    serving = serve("yes")
    with pytest.raises(error, match=words):
        describe("pictures", "m", "Is it red?", host=serving.server.url, **keywords)
    assert not serving.asked


class TestAsk:
    def test_label_and_probabilities(self, folder: Path, serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
        serving = serve(held({"yes": math.log(0.75), "no": math.log(0.25)}))
        arguments = ["ask", "-m", "m", "--host", serving.server.url, "--choose", "yes, no"]
        assert run([*arguments, "pictures/a.png", "Is it red?"]) == 0
        said = capsys.readouterr()
        assert said.out == "yes\n"
        assert "yes 75.0%, no 25.0%." in said.err

    def test_labels_with_commas_are_given_one_by_one(
        self, folder: Path, serve: Serve, capsys: pytest.CaptureFixture[str]
    ) -> None:
        serving = serve(held({"yes, sure": -1.0, "no": -2.0}))
        arguments = ["ask", "-m", "m", "--host", serving.server.url, "--choose", "yes, sure", "--choose", "no"]
        assert run([*arguments, "pictures/a.png", "Is it red?"]) == 0
        assert capsys.readouterr().out == "yes, sure\n"

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            (["--choose", "yes"], "1 of them"),
            (["--choose", "yes,no", "--format", "json"], "two forms of answers"),
            (["--calibration", "cal.json"], "for the labels of --choose"),
        ],
    )
    def test_what_cannot_be(
        self, folder: Path, serve: Serve, more: list[str], words: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        serving = serve("yes")
        assert run(["ask", "-m", "m", "--host", serving.server.url, *more, "pictures/a.png", "Is it red?"]) == 2
        assert words in capsys.readouterr().err
        assert not [request for request in serving.asked if request.path == "/api/generate"]
