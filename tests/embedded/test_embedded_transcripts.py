"""The embedded server answers as a real one did: recorded exchanges, sent again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import groupby
from typing import Any

import httpx2
import pytest

from ollama_embedded import EmbeddedOllama, ModelFacts, ScriptedEngine
from ollama_embedded.embedded import DEMO_MODEL
from ollama_embedded.engines.base import EngineError
from ollama_embedded.engines.llama_cpp import _ToolCalls
from ollama_embedded.faults import RawReply, lost_picture
from tests.support.recorded import CLIENT, FOLDER, NAMES, send
from tests.support.recorded_scripts import exact, said_in

LEFT_OUT = {
    r".*-render": "_debug_render_only is internal to Ollama",
    r"rendered-ps": "lists models of a machine; the shape is that of `ps`",
    r"rendered-(chat|generate)-format-bad-schema": "a GGUF's own template is always used, so its error comes",
    r"rendered-chat-overflow": "cut in silence only where a Go TEMPLATE is used; native chat refuses",
    r"rendered-chat-two-assistants": "accepted only where a Go TEMPLATE is used; native chat refuses",
    r"rendered-chat-(history-dropped|media-tiny-png)": "nonsense that runs into the guard against repetition,"
    " which native chat does not have",
    r"rendered-generate-media-tiny-png": "nonsense that depends on the template",
    r"rendered-const-red-chat-stream": "a GGUF's own template is always used, so white space comes first",
    r"server-killed-stream": "a connection cut: faults.CutStream, tested with the scripted engine",
    r"runner-killed-.*": "a killed process: faults.ErrorLine, tested with the scripted engine",
    r"busy": "a full queue of loads: faults.busy, tested with the scripted engine",
    r"picture-cache-(2|3|4|6|9)-.*": "a fault of the llama.cpp of mid 2026: faults.lost_picture, tested below",
    r"(model|projector)-(gone|cut).*": "damage to Ollama's own store of models",
    r"pull-.*": "needs a registry; the shape of both outcomes is tested below",
}
OF_OTHER_MODELS = re.compile(r"(text-only|tools|tool-type|think|native-(tools|const)|repeat-guard)-.*")
"""Their models are not shipped: the scripted engine says what they said, and other tests below send their errors."""
OF_OTHER_WEIGHTS = re.compile(
    r"(rendered-)?(chat-(history|picture)-dropped|generate-raw)|(chat|generate)-media-tiny-png"
)
"""Nonsense of the pair that was recorded, where today's ends at once or sooner. The scripted engine says it."""
WITHOUT_TOOLS = re.compile(r"(rendered-)?chat-tools-(stream|unsupported)")
"""Refused, because the pair that was recorded knew no tools."""
SAID = ("content", "response", "thinking", "context", "logprobs", "id")
MOMENT = ("created_at", "modified_at", "expires_at")
METRICS = (
    "total_duration",
    "load_duration",
    "prompt_eval_duration",
    "eval_duration",
    "prompt_eval_count",
    "eval_count",
)
FACTS = ("digest", "size", "parameter_size", "modelfile", "tensors", "projector_info", "model_info", "template")
FREE = frozenset((*SAID, *MOMENT, *METRICS, *FACTS))
"""Fields whose values are the model's, the machine's or the moment's; that they are there is compared."""
HEADERS = (
    "content-type",
    "allow",
    "location",
    "vary",
    *(f"access-control-{name}" for name in ("allow-origin", "allow-methods", "allow-headers", "max-age")),
)


def left_out(name: str) -> bool:
    return any(re.fullmatch(pattern, name) for pattern in LEFT_OUT)


def exchange(name: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A recording: the request, the response and its text."""
    recorded = json.loads((FOLDER / f"{name}.json").read_text())
    return recorded["request"], recorded["response"], "".join(text for _, text in recorded["response"]["chunks"])


def shape(value: Any, name: str = "") -> Any:
    """What must be equal: fields and their order, and the values of all that are not free."""
    if name == "models":
        return [shape(model) for model in value if model["name"] == "shapes:latest"]
    if name in FREE:
        return bool(value)
    if name == "capabilities":
        return [each for each in value if each != "tools"]
    if name == "error":
        return re.sub(r"\d{4,}", "N", value)
    if isinstance(value, dict):
        return [(field, shape(item, field)) for field, item in value.items()]
    return [shape(item) for item in value] if isinstance(value, list) else value


def shapes(text: str) -> list[Any]:
    """The shapes of all lines; a run of lines that are alike counts once, since texts differ in length."""
    return [alike for alike, _ in groupby(shape(json.loads(line)) for line in text.split("\n") if line)]


def assert_same_headers(reply: httpx2.Response, recorded: dict[str, Any]) -> None:
    for header in HEADERS:
        assert reply.headers.get(header) == recorded["headers"].get(header)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedOllama]:
    with EmbeddedOllama(version="0.0.0", aliases=["shapes-go"]) as server:
        yield server


def by_the_demo_model(name: str) -> bool:
    """Whether the demo model of today does what is recorded."""
    others = (OF_OTHER_MODELS, OF_OTHER_WEIGHTS, WITHOUT_TOOLS)
    return not left_out(name) and not any(pattern.fullmatch(name) for pattern in others)


@pytest.mark.parametrize("name", [name for name in NAMES if by_the_demo_model(name)])
def test_the_demo_model_answers_as_recorded(name: str, server: EmbeddedOllama) -> None:
    request, recorded, text = exchange(name)
    if request["path"] == "/api/ps":
        CLIENT.post(f"{server.url}/api/generate", json={"model": "shapes"})
    reply = send(server.url, request)
    assert reply.status_code == recorded["status"], reply.text
    assert_same_headers(reply, recorded)
    if "json" not in reply.headers.get("content-type", "") or not text:
        assert reply.text == text
        return
    assert shapes(reply.text) == shapes(text)
    assert reply.text.endswith("\n") == text.endswith("\n")


def told(text: str) -> tuple[bool, ...]:
    """What the entries of an answer's log probabilities tell of it, whatever its tokens are."""
    replies = [json.loads(line) for line in text.splitlines()]
    said = "".join(reply.get("response") or reply.get("message", {}).get("content", "") for reply in replies)
    tokens = [entry["token"] for reply in replies for entry in reply.get("logprobs", ())]
    return (
        tokens[0].isspace(),
        "".join(tokens).lstrip() == said,
        "".join(tokens).lstrip() == said.replace("\\", ""),
        replies[-1]["eval_count"] == len(tokens) + 1,
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("const-")])
def test_log_probabilities_lack_what_they_lack_in_a_recording(name: str, server: EmbeddedOllama) -> None:
    """White space before the quote, backslashes and tokens that end inside a character without entries."""
    request, _, text = exchange(name)
    assert told(send(server.url, request).text) == told(text)


def is_an_answer(name: str) -> bool:
    """Whether words of a model are in it."""
    request, recorded, text = exchange(name)
    answered = request["path"] in ("/api/chat", "/api/generate") and recorded["status"] == 200
    return answered and not re.search(r'"done_reason":"(un)?load"|"error":', text)


@pytest.mark.parametrize("name", [name for name in NAMES if not left_out(name) and is_an_answer(name)])
def test_the_script_of_a_recording_gives_the_recorded_lines(name: str) -> None:
    """The words, thoughts and tool calls of any recorded model, framed anew, field by field."""
    request, recorded, text = exchange(name)
    model = request["body"]["model"]
    abilities = ("completion", "vision", "tools", "thinking")
    engine = ScriptedEngine(said_in(text), model=model, capabilities=abilities)
    with EmbeddedOllama(engine=engine) as server:
        reply = send(server.url, request)
    assert reply.status_code == 200
    assert_same_headers(reply, recorded)
    assert ("content-length" in reply.headers) == ("content-length" in recorded["headers"])
    assert [exact(line) for line in reply.text.split("\n")] == [exact(line) for line in text.split("\n")]


BLIND = [name for name in NAMES if re.fullmatch(r"text-only-.*-picture(-stream)?", name)]
ABLE = [
    name for name in NAMES if re.fullmatch(r".*tools-arguments-as-string|(?!head-).*-show", name) and not left_out(name)
]
TOOLLESS = [name for name in NAMES if WITHOUT_TOOLS.fullmatch(name)]
MISTYPED = [name for name in NAMES if name.startswith("tool-type-") and exchange(name)[1]["status"] != 200]
CUT_CALLS = [name for name in NAMES if name.startswith("native-tools-call-cut-short")]


@pytest.mark.parametrize("name", BLIND)
def test_a_model_without_a_projector_refuses_pictures_as_recorded(name: str) -> None:
    """The demo model without its projector stands for the text model that was recorded."""
    request, recorded, text = exchange(name)
    with EmbeddedOllama(model=DEMO_MODEL, aliases=[request["body"]["model"]]) as server:
        reply = send(server.url, request)
    assert (reply.status_code, json.loads(reply.json()["error"])) == (
        recorded["status"],
        json.loads(json.loads(text)["error"]),
    )
    assert_same_headers(reply, recorded)


@pytest.mark.parametrize("name", ABLE)
def test_other_models_show_themselves_and_refuse_as_recorded(name: str) -> None:
    request, recorded, text = exchange(name)
    shown = json.loads(text)
    facts = {field: shown[field] for field in ("capabilities", "model_info", "projector_info") if field in shown}
    able = {"capabilities": ("completion", "tools"), **facts}
    with EmbeddedOllama(engine=ScriptedEngine(model=request["body"]["model"], **able)) as server:
        reply = send(server.url, request)
    assert reply.status_code == recorded["status"]
    assert_same_headers(reply, recorded)
    if "error" in shown:
        assert reply.text == text
    else:
        optional = {"parameters"}  # those of its Modelfile
        assert [field for field in shown if field not in optional] == list(reply.json())
        assert all(reply.json()[field] == value for field, value in facts.items())


@pytest.mark.parametrize("name", TOOLLESS)
def test_a_model_without_tools_refuses_them_as_recorded(name: str) -> None:
    request, recorded, text = exchange(name)
    engine = ScriptedEngine(model=request["body"]["model"], capabilities=("completion", "vision"))
    with EmbeddedOllama(engine=engine) as server:
        reply = send(server.url, request)
    assert (reply.status_code, reply.text) == (recorded["status"], text)
    assert_same_headers(reply, recorded)


@pytest.mark.parametrize("name", MISTYPED)
def test_tools_that_do_not_fit_their_types_are_refused_as_recorded(name: str) -> None:
    request, recorded, text = exchange(name)
    engine = ScriptedEngine(model=request["body"]["model"], capabilities=("completion", "tools"))
    with EmbeddedOllama(engine=engine) as server:
        reply = send(server.url, request)
    assert (reply.status_code, reply.text) == (recorded["status"], text)
    assert_same_headers(reply, recorded)
    assert engine.asked == []


@pytest.mark.parametrize("name", CUT_CALLS)
def test_a_tool_call_that_is_cut_short_is_the_recorded_error(name: str) -> None:
    """The demo model cuts no call short: llama.cpp's fragments are given by hand."""
    _, recorded, text = exchange(name)
    calls = _ToolCalls()
    calls.add([{"index": 0, "id": "x", "function": {"name": "get_weather", "arguments": '{"ci'}}])
    with pytest.raises(EngineError) as fault:
        calls.complete()
    assert (fault.value.status, {"error": fault.value.text}) == (recorded["status"], json.loads(text))


def test_every_recording_is_sent_or_left_out_with_a_reason() -> None:
    sent = {name for name in NAMES if is_an_answer(name) or by_the_demo_model(name)}
    sent |= {*BLIND, *ABLE, *TOOLLESS, *MISTYPED, *CUT_CALLS}
    assert [name for name in NAMES if name not in sent and not left_out(name)] == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"model": "x", }', "invalid character '}' looking for beginning of object key string"),
        ('{"model": "x"', "unexpected EOF"),
        ('{"model": "x', "unexpected EOF"),
        ("[1]", "json: cannot unmarshal array into Go value of type api.ChatRequest"),
    ],
)
def test_malformed_json(body: str, error: str, server: EmbeddedOllama) -> None:
    reply = CLIENT.post(f"{server.url}/api/chat", content=body)
    assert (reply.status_code, reply.json()) == (400, {"error": error})


def test_pull_of_a_model_that_is_there(server: EmbeddedOllama) -> None:
    recorded = [json.loads(line) for line in exchange("pull-again")[2].split("\n") if line]
    reply = CLIENT.post(f"{server.url}/api/pull", json={"model": "shapes"})
    got = [json.loads(line) for line in reply.text.split("\n") if line]
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert got[0] == recorded[0]
    assert list(got[1]) == list(recorded[1])
    assert [line["status"] for line in got[-3:]] == [line["status"] for line in recorded[-3:]]


@pytest.mark.parametrize("stream", ["", "-nostream"])
def test_pull_of_an_unknown_model(stream: str, server: EmbeddedOllama) -> None:
    _, recorded, text = exchange(f"pull-missing-in-registry{stream}")
    reply = CLIENT.post(f"{server.url}/api/pull", json={"model": "nope", "stream": not stream})
    assert (reply.status_code, reply.text) == (recorded["status"], text)
    assert_same_headers(reply, recorded)


def test_recordings_are_replayed_byte_for_byte() -> None:
    """Also what no engine can be made to say."""
    answers = [exchange(name) for name in NAMES if exchange(name)[0]["path"] in ("/api/chat", "/api/generate")]
    answers = [answer for answer in answers if answer[0]["method"] == "POST"]
    with EmbeddedOllama(engine=ScriptedEngine(), faults=[RawReply.recorded(each[1]) for each in answers]) as server:
        for request, recorded, text in answers:
            got = b""
            with CLIENT.stream("POST", server.url + request["path"], json={}) as reply:
                cut = pytest.raises(httpx2.RemoteProtocolError) if "error" in recorded else nullcontext()
                with cut:
                    for piece in reply.iter_raw():
                        got += piece
            assert (reply.status_code, got) == (recorded["status"], text.encode())
            assert_same_headers(reply, recorded)
    assert len(answers) > 300


@pytest.mark.parametrize("name", [name for name in NAMES if re.fullmatch("picture-cache-(2|3|4|6|9)-.*", name)])
def test_a_picture_lost_in_the_cache_is_the_recorded_error(name: str) -> None:
    request, recorded, text = exchange(name)
    with EmbeddedOllama(engine=ScriptedEngine(), faults=[lost_picture()]) as server:
        reply = send(server.url, request)
    assert (reply.status_code, reply.text) == (recorded["status"], text)


def test_everything_left_out_is_there() -> None:
    for pattern in LEFT_OUT:
        assert any(re.fullmatch(pattern, name) for name in NAMES), pattern


def test_facts_of_a_text_model_show_no_projector() -> None:
    engine = ScriptedEngine(models=[ModelFacts("gemma", capabilities=("completion",))])
    with EmbeddedOllama(engine=engine) as server:
        reply = send(server.url, exchange("text-only-show")[0]).json()
    assert "projector_info" not in reply
    assert "parameters" not in reply
    assert reply["capabilities"] == ["completion"]
