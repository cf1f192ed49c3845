"""The words of a command line become values, or one sentence that says what was meant to be there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from ollama_vision.cli.ask.question import Question, read_format, read_pages, read_question
from ollama_vision.cli.ask.typed import AskOptions
from ollama_vision.cli.common.access import STANDARD_INPUT, UsageError, read_header, read_option, read_range
from ollama_vision.cli.common.default_model import NoModel, only_vision_model


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two pictures in it."""
    for name in ("one.png", "two.jpg"):
        (tmp_path / name).write_bytes(b"a picture")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OLLAMA_VISION_MODEL", raising=False)
    return tmp_path


def question(*pictures: str, text: str = "What is this?", **said: Any) -> Question:
    return read_question(AskOptions([*pictures], text, **said))


def test_files_become_paths_and_the_rest_stays_text(folder: Path) -> None:
    asked = question("one.png", "https://example.org/x.png", "HTTP://example.org/y", "-", "two.jpg")
    assert asked.pictures == (
        Path("one.png"),
        "https://example.org/x.png",
        "HTTP://example.org/y",
        STANDARD_INPUT,
        Path("two.jpg"),
    )


@pytest.mark.parametrize(
    ("pictures", "text", "complaint"),
    [
        (["one.png"], "two.jpg", "The question comes last"),
        (["one.png"], "https://example.org/x.png", "The question comes last"),
        (["one.png"], "-", "The question comes last"),
        ([], "one.png", "The question comes last"),
        (["one.png"], " ", "The question is empty"),
        ([], "What is this?", "Name a picture before the question"),
        (["three.png"], "What is this?", "'three.png' is neither a file nor an http or https URL"),
        (["ftp://example.org/x.png"], "What?", "neither a file nor an http or https URL"),
        (["."], "What is this?", "'.' is a folder"),
        (["-", "-"], "What is this?", "give - once"),
        (["x" * 5000], "What is this?", "neither a file"),
        (["a\0b"], "What is this?", "neither a file"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_picture_or_question_is_named(folder: Path, pictures: list[str], text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        question(*pictures, text=text)


def test_a_long_question_is_no_file_name(folder: Path) -> None:
    assert question("one.png", text="why " * 3000).text == "why " * 3000


def test_the_model_named_wins_over_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert question("one.png").model is None
    monkeypatch.setenv("OLLAMA_VISION_MODEL", "gemma3:4b")
    assert question("one.png").model == "gemma3:4b"
    assert question("one.png", model="llava").model == "llava"


def test_the_demo_server_has_a_model_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_VISION_MODEL", "gemma3:4b")
    assert question("one.png", demo=True).model is None


@pytest.mark.parametrize("said", [{"host": "http://there"}, {"header": ["A: b"]}, {"cacert": Path("one.png")}])
def test_the_demo_server_takes_no_address(folder: Path, said: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--demo starts a server of its own"):
        question("one.png", demo=True, **said)


@pytest.mark.parametrize(
    ("file", "complaint"), [("nowhere", "there is no such file"), ("one.png", "it holds no certificates")]
)
def test_a_file_of_certificates_must_be_one(folder: Path, file: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=f"--cacert {file}: {complaint}"):
        question("one.png", cacert=Path(file))


def test_a_file_of_certificates_is_taken(folder: Path) -> None:
    trustme.CA().cert_pem.write_to_path("ca.pem")
    assert question("one.png", cacert=Path("ca.pem")).access.cacert == Path("ca.pem")


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("Authorization: Bearer a:b", ("Authorization", "Bearer a:b")),
        ("X-Empty:", ("X-Empty", "")),
    ],
)
def test_headers(text: str, header: tuple[str, str]) -> None:
    assert read_header(text) == header


@pytest.mark.parametrize("text", ["Bearer secret", ": secret", "A B: secret", "A: secret\nB: c", "A: sécret"])
def test_a_wrong_header_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(UsageError, match="Name: value") as caught:
        read_header(text)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("temperature=0", ("temperature", 0)),
        ("top_p=0.5", ("top_p", 0.5)),
        ('stop=["a", "b"]', ("stop", ["a", "b"])),
        ("stop=END", ("stop", "END")),
        ("stop=a=b", ("stop", "a=b")),
        ("use_mmap=false", ("use_mmap", False)),
        ("stop=", ("stop", "")),
    ],
)
def test_option_values_are_json_or_else_text(text: str, option: tuple[str, object]) -> None:
    assert read_option(text) == option


@pytest.mark.parametrize("text", ["temperature", "=0"])
def test_an_option_without_name_or_value_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--option takes name=value"):
        read_option(text)


def test_a_schema_is_read_from_a_file(folder: Path) -> None:
    (folder / "schema.json").write_text('{"type": "object"}')
    assert read_format("schema.json") == {"type": "object"}
    assert read_format("json") == "json"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "there is no such file"),
        ("{", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        ("[]", "a JSON Schema is an object"),
    ],
)
def test_a_wrong_schema_is_named(folder: Path, content: str | bytes | None, complaint: str) -> None:
    if content is not None:
        data = content if isinstance(content, bytes) else content.encode()
        (folder / "schema.json").write_bytes(data)
    with pytest.raises(UsageError, match=complaint):
        read_format("schema.json")


@dataclass(frozen=True)
class Model:
    name: str
    capabilities: frozenset[str] | None


SEES = frozenset({"completion", "vision"})
BLIND = frozenset({"completion"})


def test_the_only_model_that_sees_is_chosen() -> None:
    models = [Model("llama3", BLIND), Model("gemma3:4b", SEES), Model("old", None)]
    assert only_vision_model(models, server="http://here") == "gemma3:4b"


@pytest.mark.parametrize(
    ("models", "complaint"),
    [
        ([], "No model on http://here sees pictures. Get one: ollama-vision pull gemma3:4b"),
        ([Model("llama3", BLIND)], r"sees pictures \(it has llama3\). Get one: ollama-vision pull gemma3:4b"),
        ([Model("b", SEES), Model("a", SEES)], "2 models on http://here see .* with --model: a, b"),
        ([Model("old", None), Model("x", BLIND)], "does not say which .* with --model: old; or get one"),
    ],
)
def test_no_choice_or_too_much_says_what_to_do(models: list[Model], complaint: str) -> None:
    with pytest.raises(NoModel, match=complaint):
        only_vision_model(models, server="http://here")


@pytest.mark.parametrize(
    ("text", "range_"), [("400:3640", (400, 3640)), ("-160:240", (-160, 240)), ("-9 : -3", (-9, -3))]
)
def test_a_range(text: str, range_: tuple[int, int]) -> None:
    assert read_range(text) == range_


@pytest.mark.parametrize("text", ["", "400", "400-3640", "3640:400", "4:4", "1:2:3", "0.5:1", "a:b", "0:99999999999"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(UsageError, match="400:3640"):
        read_range(text)


@pytest.mark.parametrize(("text", "pages"), [("3", (3,)), ("2-4,7", (2, 3, 4, 7)), (" 9 , 1 - 2", (9, 1, 2))])
def test_pages(text: str, pages: tuple[int, ...]) -> None:
    assert read_pages(text) == pages


@pytest.mark.parametrize("text", ["", "0", "4-2", "2-", "-3", "a", "1,,2", "1;2", "\u0663-"])
def test_no_pages(text: str) -> None:
    with pytest.raises(UsageError, match=r"--pages takes numbers from 1 on, such as 3 or 2-4,7, not"):
        read_pages(text)


def test_more_pages_than_one_question_has_room_for() -> None:
    assert len(read_pages("1-1000")) == 1000
    for text in ("1-1001", "1-999999999", "1-600,1-600"):
        with pytest.raises(UsageError, match="no more than 1,000 pages"):
            read_pages(text)
