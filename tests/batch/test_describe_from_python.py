"""`describe` from Python: the lines that the command writes, and each goes on with the other's file."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from ollama_vision.batch.describe_pictures import describe as describe_pictures
from ollama_vision.batch.finding.paths import find_pictures
from ollama_vision.batch.results.file import ResultsLock
from ollama_vision.batch.results.requests import only_model
from ollama_vision.errors import (
    ImageError,
    RequestMismatchError,
    ResultsError,
    ResultsInUseError,
    RunStoppedError,
    SidecarError,
)
from ollama_vision.pictures import ImageOptions
from tests.support.command_line import CommandLine
from tests.support.describe_cli import draw_folder, lines, wrong_lines

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
    with pytest.raises(ResultsInUseError, match="is being written"), ResultsLock(Path("results.jsonl")):
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
    # By the call: nobody has taken a line yet.
    with pytest.raises(RequestMismatchError, match=r'prompt \(.*start="append", start anew with start="restart"'):
        describe_pictures("photos", scripted.model, "Which colour?", **first)
    with ResultsLock(Path("results.jsonl")), pytest.raises(ResultsInUseError, match=str(os.getpid())):
        describe_pictures("photos", scripted.model, **first)
    assert len(scripted.asked) == 3
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
    with pytest.raises(ImageError, match="left out: 4 excluded"):
        describe_pictures("photos", scripted.model, exclude=["*"])
    with pytest.raises(ImageError, match=r"There are no pictures to ask about\. Left out: 1 excluded\."):
        describe_pictures("photos/0.png", scripted.model, exclude=["*"])
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"jobs": 0}, "jobs is 0"),
        ({"prompt": " "}, "prompt is empty"),
        ({"host": []}, "host is an empty list"),
        ({"prune": True, "sidecars": True}, "leave out prune and sidecars, or name a file: out="),
        ({"schema": {"type": "array"}}, "an answer is an object"),
        ({"start": "anew"}, 'start is \'anew\'; it must be "go on" or "append" or "restart"'),
        ({"pages": "eahc"}, 'pages is \'eahc\'; it must be "each" or "together"'),
        ({"on_error": "ignore"}, 'on_error is \'ignore\'; it must be "raise" or "keep"'),
        ({"sidecar_name": "stm"}, 'sidecar_name is \'stm\'; it must be "name" or "stem"'),
        ({"wait": -1}, "wait is -1; it must be 0 seconds or more"),
        ({"wait": float("nan")}, "wait is nan; it must be 0 seconds or more"),
        ({"limit": 0}, "limit is 0; it must be 1 or more"),
    ]
    for given_so, complaint in wrong:
        with pytest.raises(ValueError, match=complaint):
            describe_pictures("photos", scripted.model, **given_so)
    with pytest.raises(TypeError, match="it must be a pydantic class or a JSON Schema"):
        describe_pictures("photos", scripted.model, schema="receipt.json")  # type: ignore[arg-type]
    not_so: list[tuple[dict[str, Any], str]] = [
        ({"jobs": 2.5}, "jobs is 2.5; it must be a whole number"),
        ({"jobs": None}, "jobs is None; it must be a whole number"),
        ({"limit": "3"}, "limit is '3'; it must be a whole number"),
        ({"wait": "60"}, "wait is '60'; it must be a number of seconds"),
        ({"include": "*.png"}, r'include takes a list of globs: \["\*\.png"\]$'),
        ({"exclude": "*.png"}, r'exclude takes a list of globs: \["\*\.png"\]$'),
        ({"exclude": [1]}, r"exclude is \[1\]; it takes a list of globs"),
    ]
    for given_so, complaint in not_so:
        with pytest.raises(TypeError, match=complaint):
            describe_pictures("photos", scripted.model, **given_so)
    with pytest.raises(TypeError, match=r'include takes a list of globs: \["\*\.png"\]$'):
        find_pictures("photos", include="*.png")
    with pytest.raises(ValueError, match='it must be "raise" or "keep"'):
        find_pictures("photos", on_error="ignore")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="temprature"):
        describe_pictures("photos", scripted.model, options={"temprature": 1})
    with pytest.raises(RunStoppedError, match="The run was stopped"):
        list(describe_pictures("photos/0.png", "m", host=NOBODY, max_retries=0))


@pytest.mark.parametrize("out", [None, "results.jsonl"])
def test_a_line_is_the_caller_s_own(photos: list[str], out: str | None) -> None:
    for path in photos[1:]:
        Path(path).write_bytes(Path(photos[0]).read_bytes())
    with EmbeddedOllama(engine=ScriptedEngine('{"colour": "red"}')) as server:
        seen = []
        for line in describe_pictures("photos", server.model, host=server.url, schema=Seen, out=out):
            seen.append((line["path"], line["fields"]["colour"]))
            line["fields"]["colour"] = "changed"
            line.clear()
        assert len(server.asked) == 1
    assert seen == [(path, "red") for path in photos]
    if out is not None:
        assert [(line["path"], line["fields"]["colour"]) for line in lines()] == seen


def test_image_options_are_a_dictionary_too(photos: list[str], scripted: EmbeddedOllama) -> None:
    given: dict[str, Any] = {"host": scripted.url, "out": "results.jsonl"}
    (line,) = describe_pictures(photos[0], scripted.model, image_options={"max_pixels": 1024}, **given)
    assert line["text"] == "A plain colour."
    # One request, however it is written.
    same = describe_pictures(photos[0], scripted.model, image_options=ImageOptions(max_pixels=1024), **given)
    assert list(same) == []
    with pytest.raises(RequestMismatchError, match="max_pixels"):
        describe_pictures(photos[0], scripted.model, **given)
    with pytest.raises(ValueError, match="max_pixel"):
        describe_pictures(photos[0], scripted.model, image_options={"max_pixel": 1024})


def test_a_copy_of_an_answered_picture_gets_its_line_without_being_given(
    photos: list[str], scripted: EmbeddedOllama
) -> None:
    given: dict[str, Any] = {"host": scripted.url, "out": "results.jsonl"}
    list(describe_pictures("photos", scripted.model, **given))
    Path("photos/copy.png").write_bytes(Path(photos[1]).read_bytes())
    assert list(describe_pictures("photos", scripted.model, **given)) == []
    assert len(scripted.asked) == 3
    (line,) = [line for line in lines() if line["path"] == "photos/copy.png"]
    assert line["text"] == "A plain colour."


def test_a_link_to_the_results_leads_to_one_file(photos: list[str], scripted: EmbeddedOllama) -> None:
    Path("kept").mkdir()
    link, kept = Path("results.jsonl"), Path("kept/results.jsonl")
    link.symlink_to(kept)
    told: dict[str, Any] = {"host": scripted.url}
    given = describe_pictures("photos", scripted.model, out=link, **told)
    next(given)
    with pytest.raises(ResultsInUseError, match=str(os.getpid())):
        describe_pictures("photos", scripted.model, out=kept, **told)
    given.close()
    # What is asked again, what differs and what is put aside: of the file, by either name.
    list(describe_pictures("photos", scripted.model, out=kept, **told))
    with pytest.raises(RequestMismatchError, match=r"prompt \("):
        describe_pictures("photos", scripted.model, "Which colour?", out=link, **told)
    Path(photos[0]).write_bytes(Path(photos[1]).read_bytes())
    assert list(describe_pictures("photos", scripted.model, out=link, **told)) == []
    list(describe_pictures("photos", scripted.model, "Which colour?", out=link, start="restart", **told))
    assert link.is_symlink()
    # What only reads, such as a report, finds it by the link as well.
    assert only_model(link) == scripted.model
    assert sorted(file.name for file in kept.parent.iterdir()) == [
        "results.jsonl",
        "results.jsonl.old",
        "results.jsonl.old.requests.json",
        "results.jsonl.requests.json",
    ]
    assert [*Path().glob("results.jsonl?*")] == []


@pytest.mark.parametrize("leave", ["close", "drop", "close unread"])
def test_leaving_early_ends_the_requests_and_the_lock(photos: list[str], leave: str) -> None:
    gate = Gate()
    with EmbeddedOllama(engine=ScriptedEngine(["One.", Reply(["Tw", gate, "o."])]), num_parallel=2) as server:
        given = describe_pictures("photos", server.model, host=server.url, out="results.jsonl", jobs=2)
        if leave != "close unread":
            assert next(given)["text"] == "One."
            assert gate.reached.wait(60)
        if leave == "drop":
            del given
        else:
            given.close()
        if leave != "close unread":
            # The model does not go on writing what nobody reads.
            assert server.asked[1].left.wait(60)
        with ResultsLock(Path("results.jsonl")):
            pass
        gate.open()


def test_each_picture_is_seen(folder: Path, demo_server: EmbeddedOllama) -> None:
    scenes = draw_folder(folder, 6)
    given = list(describe_pictures("photos", demo_server.model, host=demo_server.url, out="results.jsonl"))
    assert wrong_lines(given, scenes) == []
    assert given == lines()


def test_a_json_schema_is_one_as_for_the_command(describe: CommandLine, photos: list[str]) -> None:
    schema = {"type": "object", "properties": {"colour": {"type": "string", "pattern": "^[a-z]+$"}}}
    Path("colour.json").write_text(json.dumps(schema))
    with EmbeddedOllama(engine=ScriptedEngine(['{"colour": "red"}', '{"colour": "RED"}', '{"colour": "RED"}'])) as one:
        given = list(describe_pictures("photos", one.model, host=one.url, schema=schema, out="results.jsonl", jobs=1))
        assert [line["fields"] for line in given] == [{"colour": "red"}, None, None]
        assert "does not match" in given[1]["error"]["message"]
        outcome = describe("photos", "--host", one.url, "--model", one.model, "--schema", "colour.json")
    assert "3 done before, 2 of them failed" in outcome.err


def test_answers_stand_beside_their_pictures(photos: list[str], scripted: EmbeddedOllama) -> None:
    told: dict[str, Any] = {"host": scripted.url, "out": "results.jsonl"}
    list(describe_pictures("photos", scripted.model, limit=1, **told))
    # Also those that were asked for before.
    list(describe_pictures("photos", scripted.model, sidecars=True, **told))
    assert [Path(f"{path}.txt").read_text() for path in photos] == ["A plain colour.\n"] * 3
    list(describe_pictures("photos", scripted.model, sidecars="texts", sidecar_name="stem", **told))
    assert sorted(file.name for file in Path("texts").iterdir()) == ["0.txt", "1.txt", "2.txt"]
    assert len(scripted.asked) == 3
    Path("photos/0.jpg").write_bytes(Path(photos[0]).read_bytes())
    with pytest.raises(SidecarError, match=r'Leave out sidecar_name="stem", or leave one of them out: exclude=\.'):
        describe_pictures("photos", scripted.model, sidecars=True, sidecar_name="stem", **told)
    Path("file").touch()
    with pytest.raises(SidecarError, match=r'name a folder that can be written to, sidecars="\.\.\."'):
        describe_pictures("photos", scripted.model, sidecars="file/texts", **told)


@pytest.mark.timeout(60)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_and_not_waited_for(describe: CommandLine, photos: list[str]) -> None:
    os.mkfifo("pipe")
    with pytest.raises(ResultsError, match=r"pipe is a folder, a pipe or a device\. Name a file"):
        describe_pictures("photos", "m", host=NOBODY, out="pipe")
    outcome = describe("photos", "--host", NOBODY, "--out", "pipe")
    assert outcome.code == 2
    assert "--out - prints the lines" in outcome.err
