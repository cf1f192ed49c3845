"""`describe` from Python: the lines that the command writes, and each goes on with the other's file."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision.batch.describe_pictures import describe as describe_pictures
from ollama_vision.batch.results.checkpoint import RequestMismatch
from ollama_vision.batch.results.file import ResultsInUse, ResultsLock
from ollama_vision.errors import ImageError, RunStoppedError
from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines

NOBODY = "http://127.0.0.1:1"


class Seen(BaseModel):
    colour: str


def without_times(records: list[dict[str, object]]) -> list[dict[str, object]]:
    told = [{name: each for name, each in line.items() if name not in ("seconds", "waited")} for line in records]
    return sorted(told, key=lambda line: str(line["path"]))


def test_the_lines_are_the_commands(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    assert describe("photos", "--host", scripted.url, "--model", scripted.model).code == 0
    given = list(describe_pictures("photos", scripted.model, host=scripted.url))
    assert without_times(given) == without_times(lines())
    assert [line["text"] for line in given] == ["A plain colour."] * 3


def test_each_goes_on_with_the_other_s_file(describe: CommandLine, photos: list[str], scripted: EmbeddedOllama) -> None:
    assert describe("photos/0.png", "--host", scripted.url, "--model", scripted.model).code == 0
    given = list(describe_pictures("photos", scripted.model, host=scripted.url, out="results.jsonl"))
    assert sorted(line["path"] for line in given) == photos[1:]
    assert list(describe_pictures("photos", scripted.model, host=NOBODY, out="results.jsonl")) == []
    outcome = describe("photos", "--host", NOBODY, "--model", scripted.model)
    assert outcome.code == 0
    assert "3 done before" in outcome.err
    assert len(scripted.asked) == 3


def test_a_line_is_written_before_it_is_given(photos: list[str], scripted: EmbeddedOllama) -> None:
    given = describe_pictures("photos", scripted.model, host=scripted.url, out="results.jsonl", jobs=1)
    first = next(given)
    assert lines() == [first]
    with pytest.raises(ResultsInUse, match="is being written"), ResultsLock(Path("results.jsonl")):
        pass
    assert inspect.isgenerator(given)
    given.close()
    with ResultsLock(Path("results.jsonl")):
        pass
    left = list(describe_pictures("photos", scripted.model, host=scripted.url, out="results.jsonl"))
    assert len(left) == 2


def test_another_request_is_refused_unless_it_is_said(photos: list[str], scripted: EmbeddedOllama) -> None:
    first: dict[str, Any] = {"host": scripted.url, "out": "results.jsonl"}
    list(describe_pictures("photos", scripted.model, **first))
    with pytest.raises(RequestMismatch, match=r'prompt \(.*start="append", start anew with start="restart"'):
        list(describe_pictures("photos", scripted.model, "Which colour?", **first))
    assert len(list(describe_pictures("photos", scripted.model, "Which colour?", **first, start="append"))) == 3
    assert len(lines()) == 6


def test_answers_of_a_class_from_two_hosts(photos: list[str]) -> None:
    engine = ScriptedEngine('{"colour": "red"}')
    with EmbeddedOllama(engine=engine) as one, EmbeddedOllama(engine=engine) as other:
        hosts = [one.url, other.url]
        given = list(describe_pictures("photos", one.model, host=hosts, schema=Seen, options={"seed": 7}))
    assert [line["fields"] for line in given] == [{"colour": "red"}] * 3
    assert {line["host"] for line in given} <= set(hosts)


def test_what_is_wrong_is_said(photos: list[str], scripted: EmbeddedOllama) -> None:
    Path("photos/3.png").write_text("words")
    given = list(describe_pictures("photos", scripted.model, host=scripted.url))
    (failed,) = [line for line in given if line["error"]]
    assert failed["path"] == "photos/3.png"
    with pytest.raises(ImageError, match="does not exist"):
        describe_pictures("nowhere", scripted.model)
    with pytest.raises(TypeError, match="temprature"):
        describe_pictures("photos", scripted.model, options={"temprature": 1})
    with pytest.raises(RunStoppedError, match="The run was stopped"):
        list(describe_pictures("photos/0.png", "m", host=NOBODY, max_retries=0))
