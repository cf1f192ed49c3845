"""`--system` and `--prompt-file`: whoever asks, and in whichever form, it is these words that the model is sent."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama, ReceivedRequest, ScriptedEngine
from ollama_vision.batch import describe as describe_from_python
from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines
from tests.support.documents import inked

SYSTEM = "You answer in one word.\nNever guess."
COLOUR = {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"]}
ASKS = {
    "ask": ("ask", "photos/0.png", "Which colour?"),
    "ask whole": ("ask", "photos/0.png", "Which colour?", "--no-stream"),
    "ask json": ("ask", "photos/0.png", "Which colour?", "--json"),
    "ask format": ("ask", "photos/0.png", "Which colour?", "--format", "colour.json"),
    "ask choose": ("ask", "photos/0.png", "Which colour?", "--choose", "red,blue"),
    "describe": ("describe", "photos"),
    "describe schema": ("describe", "photos", "--schema", "colour.json"),
    "describe confidence": ("describe", "photos", "--schema", "colour.json", "--confidence"),
    "describe choose": ("describe", "photos", "--choose", "red,blue"),
    "describe together": ("describe", "photos", "--together"),
    "read": ("read", "page.png"),
}
every_ask = pytest.mark.parametrize("words", [pytest.param(words, id=name) for name, words in ASKS.items()])


@pytest.fixture
def server(photos: list[str]) -> EmbeddedOllama:
    Path("colour.json").write_text(json.dumps(COLOUR))
    inked().save("page.png")
    return EmbeddedOllama(
        engine=ScriptedEngine(lambda asked: '{"colour": "red"}' if asked.format else "red", model="m")
    )


def system_of(asked: ReceivedRequest) -> list[str]:
    """The system prompts that a request has, in whichever way its endpoint takes them."""
    messages = asked.body.get("messages", [])
    said = [message["content"] for message in messages if message["role"] == "system"]
    return [*said, asked.body["system"]] if "system" in asked.body else said


@every_ask
def test_a_system_prompt_reaches_the_model_with_each_question(
    vision: CommandLine, server: EmbeddedOllama, words: tuple[str, ...]
) -> None:
    with server:
        assert vision(*words, "--host", server.url, "--system", SYSTEM).err.count("Error") == 0
        assert server.asked
        assert [system_of(asked) for asked in server.asked] == [[SYSTEM]] * len(server.asked)


@every_ask
def test_without_one_the_model_s_own_stands(
    vision: CommandLine, server: EmbeddedOllama, words: tuple[str, ...]
) -> None:
    with server:
        vision(*words, "--host", server.url)
        assert server.asked
        assert [system_of(asked) for asked in server.asked] == [[]] * len(server.asked)


def test_another_system_prompt_is_another_request_and_is_written_down(
    vision: CommandLine, server: EmbeddedOllama
) -> None:
    with server:
        first = ("describe", "photos", "--host", server.url, "--system", SYSTEM)
        for more in ((), ("--schema", "colour.json", "--append")):
            assert vision(*first, *more).code == 0
            assert len(lines()) == len(server.asked)
            assert vision(*first, *more).code == 0
        assert len(server.asked) == 6
        refused = vision(
            "describe", "photos", "--host", server.url, "--system", "Say it in German.", "--out", "x.jsonl"
        )
        assert refused.code == 0
        refused = vision(*first[:-1], "Say more.", "--out", "x.jsonl")
        assert refused.code == 2
        assert 'it differs in system ("Say it in German." there, "Say more." now)' in refused.complaint
    told = json.loads(Path("results.jsonl.requests.json").read_text())
    assert {line["request"] for line in lines()} == set(told)
    assert [(each["system"], each["schema"] is None) for each in told.values()] == [(SYSTEM, True), (SYSTEM, False)]


def test_python_and_the_command_go_on_with_each_other(vision: CommandLine, server: EmbeddedOllama) -> None:
    with server:
        vision("describe", "photos", "--host", server.url, "--model", "m", "--system", SYSTEM)
        again = describe_from_python("photos", "m", host=server.url, system=SYSTEM, out="results.jsonl")
        assert (list(again), len(server.asked)) == ([], 3)
        spoken = list(describe_from_python("photos", "m", host=server.url, system="Sing."))
        assert [system_of(asked) for asked in server.asked[-3:]] == [["Sing."]] * 3
        assert {line["request"] for line in spoken}.isdisjoint(line["request"] for line in lines())
    with pytest.raises(ValueError, match="system is empty"):
        describe_from_python("photos", "m", system=" ")


def prompt_of(asked: ReceivedRequest) -> str:
    return str(asked.body["prompt"] if "prompt" in asked.body else asked.body["messages"][-1]["content"])


ASKS_BY_FILE = {
    "ask": ("ask", "photos/0.png"),
    "ask several": ("ask", "photos/0.png", "photos/1.png"),
    "ask format": ("ask", "photos/0.png", "--format", "colour.json"),
    "describe": ("describe", "photos"),
    "describe schema": ("describe", "photos", "--schema", "colour.json"),
    "read": ("read", "page.png"),
}


@pytest.mark.parametrize("words", [pytest.param(words, id=name) for name, words in ASKS_BY_FILE.items()])
@pytest.mark.parametrize("piped", [False, True], ids=["file", "piped"])
def test_a_prompt_comes_from_a_file_or_from_standard_input(
    vision: CommandLine, server: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], piped: bool
) -> None:
    said = '\ufeffWelche Größe?\r\n  { "json": 1 }\r\n\n'.encode()
    Path("prompt.txt").write_bytes(said)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said)))
    with server:
        vision(*words, "--host", server.url, "--prompt-file", "-" if piped else "prompt.txt")
        assert {prompt_of(asked) for asked in server.asked} == {'Welche Größe?\n  { "json": 1 }'}
        if words[0] == "ask":
            assert [len(asked.images) for asked in server.asked] == [len([w for w in words if w.endswith("png")])]


def test_a_prompt_from_a_file_is_the_same_request_as_one_that_was_typed(
    vision: CommandLine, server: EmbeddedOllama
) -> None:
    Path("prompt.txt").write_text("Which colour?\n")
    with server:
        vision("describe", "photos", "--host", server.url, "--prompt", "Which colour?")
        assert vision("describe", "photos", "--host", server.url, "--prompt-file", "prompt.txt").code == 0
        assert len(server.asked) == 3


BOTH = ("--prompt", "Which?", "--prompt-file", "prompt.txt")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("describe", "photos", *BOTH), "--prompt and --prompt-file both say what is asked: give one of them."),
        (("read", "photos", *BOTH), "--prompt and --prompt-file both say what is asked: give one of them."),
        (("describe", "photos", "--prompt-file", "none.txt"), "--prompt-file none.txt: there is no such file"),
        (("describe", "photos", "--prompt-file", "photos"), "--prompt-file photos: it is a folder"),
        (("describe", "photos", "--prompt-file", "photos/0.png"), "photos/0.png: it is no text in UTF-8 (at byte 1)"),
        (("describe", "photos", "--prompt-file", "blank.txt"), "--prompt-file blank.txt: it is empty"),
        (("describe", "photos", "--prompt-file", "long.txt"), "long.txt: it is larger than 1,000,000 bytes"),
        (("describe", "photos", "--system", " \n"), "--system is empty: leave it out"),
        (("ask", "photos/0.png", "Which?", "--system", ""), "--system is empty: leave it out"),
        (("read", "photos", "--system", ""), "--system is empty: leave it out"),
        (("ask", "photos/0.png", "Which?", "--prompt-file", "prompt.txt"), "and 'Which?' is no picture: leave one"),
        (("ask", "Which?", "--prompt-file", "prompt.txt"), "'Which?' is neither a file nor an http or https URL"),
        (("ask", "-", "--prompt-file", "-"), "Standard input holds a picture or the prompt: give - once."),
        (("ask", "photos", "--prompt-file", "prompt.txt"), "'photos' is a folder, not a picture"),
        (("ask", "photos/0.png", "Which\udcff?"), "The question: character 6 is no text"),
        (("describe", "photos", "--prompt", "Which\udcff?"), "--prompt: character 6 is no text"),
        (("describe", "photos", "--system", "\udcff"), "--system: character 1 is no text"),
    ],
    ids=lambda value: " ".join(value).encode("ascii", "backslashreplace").decode() if isinstance(value, tuple) else "",
)
def test_words_that_cannot_be_meant_so_are_exit_2(
    vision: CommandLine, server: EmbeddedOllama, words: tuple[str, ...], complaint: str
) -> None:
    Path("prompt.txt").write_text("Which colour?")
    Path("blank.txt").write_text("\ufeff \n")
    Path("long.txt").write_bytes(b"x" * 1_000_001)
    with server:
        outcome = vision(*words, "--host", server.url)
        assert (outcome.code, server.asked) == (2, [])
    assert complaint in outcome.complaint


def test_a_prompt_that_nobody_pipes_in_is_not_waited_for(
    vision: CommandLine, server: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    outcome = vision("describe", "photos", "--prompt-file", "-")
    assert outcome.code == 2
    assert "a prompt that is piped in" in outcome.complaint
