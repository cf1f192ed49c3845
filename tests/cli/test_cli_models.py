"""`ollama-vision models`: who sees comes first, and what the server does not tell is a question mark."""

from __future__ import annotations

import itertools
import json
import pickle

import pytest

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, ModelFacts, ScriptedEngine
from ollama_embedded.faults import Fault, Status
from ollama_vision import words
from ollama_vision.cli.common.screen import Screen
from ollama_vision.cli.common.servers import Servers
from ollama_vision.cli.models.command import Row, in_order, table
from ollama_vision.errors import AuthenticationError
from tests.support.command_line import CommandLine
from tests.support.recorded import FOLDER

GB = 1_000_000_000
MODELS = [
    ModelFacts("a-blind:8b", ("completion", "tools"), 131072, size=4_900_000_000),
    ModelFacts("split:7b", ("completion", "vision"), 128000, size=6 * GB, size_vram=3 * GB),
    ModelFacts("thinker:4b", ("completion", "vision", "thinking", "tools"), 262144, size=3_300_000_000),
]
ENGINE = ScriptedEngine(model="on-gpu:1b", models=MODELS)


def row(name: str, *abilities: str, untold: bool = False) -> Row:
    return Row(name, None if untold else frozenset(abilities), GB, 4096, None)


def test_models_that_see_come_first_then_those_of_which_it_is_not_told() -> None:
    rows = [row("c"), row("b", untold=True), row("z", "vision"), row("d", "vision")]
    assert [each.name for each in in_order(rows)] == ["d", "z", "b", "c"]


def test_the_table_is_aligned_and_says_what_is_not_known() -> None:
    rows = [
        Row("gemma3:4b", frozenset({"vision"}), 3_300_000_000, 131072, {"size": 4, "size_vram": 4}),
        Row("old", None, 0, None, {"size": 8 * GB, "size_vram": GB}),
        Row("blind", frozenset({"tools"}), 5, 2048, {"size": GB}),
    ]
    assert table(rows) == [
        "NAME       VISION  THINKING  TOOLS  ON DISK  CONTEXT  IN MEMORY",
        "gemma3:4b  yes     -         -       3.3 GB  131,072  4 B, GPU",
        "old        ?       ?         ?          0 B        ?  8.0 GB, 12 % GPU",
        "blind      -       -         yes        5 B    2,048  1.0 GB, CPU",
    ]


def test_a_name_too_long_for_the_terminal_has_a_line_of_its_own() -> None:
    long = "hf.co/someone/Some-Very-Long-Name-GGUF:Q4_K_M"
    rows = [row("short", "vision"), row(long, "vision")]
    narrow = table(rows, width=80)
    assert max(map(len, narrow)) <= 80
    assert narrow[2] == long
    assert narrow[3] == narrow[1].replace("short", "     ")
    assert len(table(rows, width=200)) == 3


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (3_363_104, "3.4 MB"),
        (99_500_000, "100 MB"),
        (999_900_000, "1.0 GB"),
        (243_000_000_000, "243 GB"),
        (2_500_000_000_000, "2.5 TB"),
        (7_000_000_000_000_000, "7000 TB"),
    ],
)
def test_sizes_are_told_as_ollama_tells_them(count: int, text: str) -> None:
    assert words.size(count) == text


def test_what_is_split_is_neither_all_nor_nothing() -> None:
    assert [words.percent(1, 1000), words.percent(999, 1000), words.percent(1, 2)] == [1, 99, 50]


def test_a_table_of_the_models_of_a_server(vision: CommandLine) -> None:
    with EmbeddedOllama(engine=ENGINE) as server:
        OllamaMultiModal(model="split:7b", base_url=server.url).preload()
        outcome = vision("models", "--host", server.url)
    lines = [line.split() for line in outcome.out.splitlines()]
    assert (outcome.code, outcome.err) == (0, "")
    assert [line[0] for line in lines] == ["NAME", "on-gpu:1b", "split:7b", "thinker:4b", "a-blind:8b"]
    assert lines[2] == ["split:7b", "yes", "-", "-", "6.0", "GB", "128,000", "6.0", "GB,", "50", "%", "GPU"]
    assert lines[3] == ["thinker:4b", "yes", "yes", "yes", "3.3", "GB", "262,144", "-"]


def test_the_models_of_a_real_server_as_it_told_them(vision: CommandLine) -> None:
    with EmbeddedOllama(replay=FOLDER) as server:
        outcome = vision("models", "--host", server.url)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "NAME                 VISION  THINKING  TOOLS  ON DISK  CONTEXT  IN MEMORY",
        "shapes-go:latest     yes     -         -       3.4 MB    2,048  -",
        "shapes:latest        yes     -         -       3.4 MB    2,048  15.8 MB, CPU",
        "gemma-native:latest  -       -         -       253 MB   32,768  288 MB, CPU",
        "gemma-tools:latest   -       yes       yes     253 MB   32,768  288 MB, CPU",
        "gemma:latest         -       -         -       253 MB   32,768  -",
    ]


def test_the_same_as_json(vision: CommandLine) -> None:
    with EmbeddedOllama(engine=ENGINE) as server:
        OllamaMultiModal(model="split:7b", base_url=server.url).preload()
        outcome = vision("models", "--host", server.url, "--json")
        url = server.url
    told = json.loads(outcome.out)
    assert (outcome.code, outcome.err, told["server"]) == (0, "", url)
    split, thinker = told["models"][1:3]
    assert thinker == {
        **{"name": "thinker:4b", "vision": True, "thinking": True, "tools": True},
        **{"size": 3_300_000_000, "context_length": 262144, "loaded": None},
    }
    expires = split["loaded"].pop("expires_at")
    assert expires > "2026"
    assert split["loaded"] == {"size": 6 * GB, "size_vram": 3 * GB, "context_length": 3900}


def test_an_older_server_is_asked_for_each_context_and_may_not_say_it(vision: CommandLine) -> None:
    """Before their list had contexts and abilities, servers told a context in /api/show alone."""
    old = {"models": [{"name": "one", "size": 5}, {"name": "two", "size": 6}]}
    faults: dict[str, list[Fault | None]] = {
        "/api/tags": [Status(200, old)],
        "/api/show": [None, Status(500, {"error": "the model's file is damaged"})],
    }
    with EmbeddedOllama(engine=ScriptedEngine(model="one", context_length=2048), faults=faults) as server:
        outcome = vision("models", "--host", server.url)
    lines = [line.split() for line in outcome.out.splitlines()]
    assert outcome.code == 0
    assert lines[1:] == [["one", *"???", "5", "B", "2,048", "-"], ["two", *"???", "6", "B", "?", "-"]]
    assert outcome.err.startswith("Note: ")
    assert "the model's file is damaged" in outcome.err


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_no_model_is_no_error(vision: CommandLine, words: list[str]) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(), faults={"/api/tags": [Status(200, {"models": []})]}) as server:
        outcome = vision("models", "--host", server.url, *words)
    assert outcome.code == 0
    if words:
        assert json.loads(outcome.out)["models"] == []
    else:
        assert outcome.out == ""
        assert "ollama-vision pull gemma3:4b" in outcome.err


def test_a_server_that_cannot_be_asked_is_one_clear_paragraph(vision: CommandLine) -> None:
    faults = {"/api/ps": itertools.repeat(Status(401, {"error": "unauthorized"}))}
    with EmbeddedOllama(engine=ScriptedEngine(), faults=faults) as server:
        url = server.url
        refused = vision("models", "--host", url)
    gone = vision("models", "--host", url)
    nowhere = vision("models", "--host", "ftp://there")
    for outcome in (refused, gone, nowhere):
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.startswith("Error: ")
        assert outcome.err.count("\n") == 1


def test_a_header_is_sent_and_a_wrong_one_refused(vision: CommandLine) -> None:
    with EmbeddedOllama(engine=ScriptedEngine()) as server:
        assert vision("models", "--host", server.url, "--header", "X-Who: me").code == 0
        assert {request.headers["x-who"] for request in server.requests} == {"me"}
        wrong = vision("models", "--host", server.url, "--header", "s3cret")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("Error: --header takes")
    assert "s3cret" not in wrong.err


def test_of_several_servers_that_refuse_the_first_ones_status_and_body_are_kept() -> None:
    refused = {"/api/tags": itertools.repeat(Status(401, {"error": "who asks?"}))}
    gone = {"/api/tags": itertools.repeat(Status(500, {"error": "the disk is gone"}))}
    with (
        EmbeddedOllama(engine=ScriptedEngine(), faults=refused) as one,
        EmbeddedOllama(engine=ScriptedEngine(), faults=gone) as other,
    ):
        urls = (one.url, other.url)
        servers = Servers(tuple({"base_url": url} for url in urls))
        with pytest.raises(AuthenticationError) as caught:
            servers.model_that_sees(Screen())
    error = caught.value
    assert (error.status, "who asks?" in error.body) == (401, True)
    assert all(said in str(error) for said in (*urls, "the disk is gone")), error
    assert isinstance(error.__cause__, AuthenticationError)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.status, again.body) == (str(error), 401, error.body)
