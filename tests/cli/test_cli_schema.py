"""`--schema`: what the model said is held to it, also where the server does not enforce it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, RootModel, ValidationError

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, ScriptedEngine, draw_scene
from ollama_vision.cli.common.access import UsageError
from ollama_vision.cli.describe.answer_schema import read_answer_schema
from ollama_vision.protocol import class_for_schema

SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Receipt",
    "properties": {
        "total": {"type": "number", "minimum": 0},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}, "maxItems": 2},
        "schema": {"type": "string", "pattern": "^[a-z]+$"},
    },
    "required": ["total"],
    "$defs": {"item": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
}


def fits(schema: dict[str, Any]) -> type[BaseModel]:
    return class_for_schema(schema, where="--schema x.json")


def test_an_answer_that_fits_comes_out_as_it_came() -> None:
    answer = {"schema": "a", "total": 1, "items": [{"name": "tea", "model_dump": 1}], "_private": None, "copy": 0.5}
    made = fits(SCHEMA).model_validate_json(json.dumps(answer))
    assert made.model_dump(mode="json") == answer
    assert list(made.model_dump(mode="json")) == list(answer)


def test_the_schema_is_what_is_sent() -> None:
    made = fits(SCHEMA)
    assert made.model_json_schema() == SCHEMA
    assert made.__name__ == "Receipt"
    assert fits({"type": "object"}).model_json_schema() == {"type": "object"}


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({"total": -1}, "total: -1 is less than the minimum of 0"),
        ({}, "'total' is a required property"),
        ({"total": 1, "items": [{}]}, "items.0: 'name' is a required property"),
        ({"total": 1, "schema": "A"}, "schema: 'A' does not match"),
        ({"total": 1, "items": [{"name": "a"}] * 3}, "items: .* is too long"),
        ([], "is not of type 'object'"),
    ],
)
def test_an_answer_that_does_not_fit_says_where(answer: Any, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        fits(SCHEMA).model_validate(answer)


def test_only_the_first_problems_are_told() -> None:
    made = fits({"type": "object", "additionalProperties": {"type": "string"}})
    with pytest.raises(ValidationError, match="and 5 more"):
        made.model_validate({f"field{number}": number for number in range(15)})


class Folder(BaseModel):
    name: str
    folders: list[Folder] = []


class Invoice(BaseModel):
    total: float


@pytest.mark.parametrize(
    ("model", "answer", "wrong"),
    [
        (Folder, {"name": "a", "folders": [{"name": "b"}]}, {"name": "a", "folders": [{"nam": "b"}]}),
        (RootModel[Invoice], {"total": 1.5}, {"total": "much"}),
        (RootModel[Invoice | Folder], {"total": 1.5}, {"sum": 1.5}),
    ],
    ids=["contains itself", "one by reference", "either of two"],
)
def test_a_schema_of_objects_need_not_say_so_at_its_top(model: Any, answer: Any, wrong: Any) -> None:
    """As pydantic writes them: `{"$ref": ...}` of what contains itself, `{"anyOf": [...]}` of either."""
    made = fits(model.model_json_schema())
    assert made.model_validate(answer).model_dump() == answer
    with pytest.raises(ValidationError):
        made.model_validate(wrong)


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"anyOf": [{"type": "object"}, {"type": "string"}]}, "an answer is an object"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, "an answer is an object"),
        ({"type": "objekt"}, "it is no JSON Schema: type: 'objekt'"),
        ({"type": "array", "items": {"type": "string"}}, "an answer is an object"),
        ({"properties": {}}, "an answer is an object"),
        ({"type": "object", "properties": {"a": {"$ref": "https://example.org/a.json"}}}, "leads nowhere"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}}, "leads nowhere"),
    ],
)
def test_a_schema_that_cannot_be_held_to_is_refused(schema: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=f"--schema x.json: .*{complaint}"):
        fits(schema)


def test_nothing_is_fetched_for_a_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[Any] = []
    monkeypatch.setattr(urllib.request, "urlopen", lambda *a, **k: fetched.append(a))
    made = fits({"$schema": "https://example.org/mine", "$id": "https://example.org/x", **SCHEMA})
    assert made.model_validate({"total": 1, "items": [{"name": "tea"}]})
    with pytest.raises(ValueError, match="leads nowhere"):
        fits({"type": "object", "properties": {"a": {"$ref": "https://example.org/y"}}})
    assert fetched == []


SHAPES = """
from __future__ import annotations
from pydantic import BaseModel, field_validator
from kinds import KINDS

class Shape(BaseModel):
    colour: str
    kind: str

    @field_validator("kind")
    @classmethod
    def known(cls, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(f"{kind} is no kind of shape")
        return kind

class Picture(BaseModel):
    shapes: list[Shape]

number = 7
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shapes.py").write_text(SHAPES)
    (tmp_path / "kinds.py").write_text("KINDS = ['circle', 'square']")
    (tmp_path / "broken.py").write_text("x = 1/0")
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_class_in_a_file_is_taken_with_its_validators(folder: Path) -> None:
    for text in ("shapes.py:Picture", f"{folder}/shapes.py:Picture"):
        made = read_answer_schema(text)
        assert made.model_validate({"shapes": [{"colour": "red", "kind": "circle"}]})
        with pytest.raises(ValidationError, match="moon is no kind of shape"):
            made.model_validate({"shapes": [{"colour": "red", "kind": "moon"}]})


def test_a_json_schema_is_read_from_its_file(folder: Path) -> None:
    assert read_answer_schema("schema.json").model_json_schema() == SCHEMA


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("shapes.py", "name the class in it as well, such as shapes.py:Receipt"),
        ("shapes.py:Shop", "Shop is not in it. It has Shape, Picture"),
        ("shapes.py:number", "number is no pydantic class. It has Shape, Picture"),
        ("shapes.py:", "a class without a name is not in it"),
        ("nowhere.py:Shape", "there is no file nowhere.py"),
        ("broken.py:Shape", "broken.py does not run: ZeroDivisionError"),
        ("kinds.py:Shape", "It has none"),
        ("nowhere.json", "there is no such file"),
    ],
)
def test_a_wrong_schema_says_what_is_meant(folder: Path, text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        read_answer_schema(text)


def test_a_schema_holds_the_client_to_it(folder: Path) -> None:
    from llama_index.core.prompts import PromptTemplate

    draw_scene("red circle").save("a.png")
    engine = ScriptedEngine(['{"total": -1}', '{"total": 2}'])
    with EmbeddedOllama(engine=engine) as server:
        llm = OllamaMultiModal(model="scripted", base_url=server.url)
        made = llm.structured_predict(
            read_answer_schema("schema.json"), PromptTemplate("How much?"), llm_kwargs={"image_documents": "a.png"}
        )
    assert made.model_dump() == {"total": 2}
    assert "less than the minimum of 0" in server.asked[1].body["messages"][-1]["content"]
