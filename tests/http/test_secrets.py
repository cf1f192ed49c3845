"""Headers, credentials in addresses and keys go to the server, and nowhere else."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.bridge.pydantic import Field
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index_instrumentation import get_dispatcher

from llama_index.multi_modal_llms.ollama import OllamaMultiModal, OllamaServer
from ollama_embedded import EmbeddedOllama, ScriptedEngine, draw_scene
from ollama_embedded.faults import Status
from ollama_vision import errors
from tests.support.command_line import CommandLine
from tests.support.endpoints import eight
from tests.support.wire_attempts import attempt
from tests.support.wire_server import CLOSE, HOLD, Script, WireServer, answer, client, part, reply, stream

SECRETS = ("s3cret-header", "s3cret-pass", "s3cret-user", "s3cret-key", "s3cret-call")
BASIC = "czNjcmV0LXVzZXI6czNjcmV0LXBhc3M="
"""The user's name and password as they travel."""


class Everything(BaseEventHandler):
    """Writes down all that an event says."""

    seen: list[str] = Field(default_factory=list)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.seen += [repr(event), event.model_dump_json(fallback=repr), str(event.dict())]


@pytest.fixture
def events() -> Iterator[Everything]:
    handler = Everything()
    root = get_dispatcher()
    root.add_event_handler(handler)
    yield handler
    root.event_handlers.remove(handler)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "s3cret-key")


def secretive(server: WireServer | str, **settings: Any) -> OllamaMultiModal:
    url = server if isinstance(server, str) else server.url
    with_credentials = url.replace("://", "://s3cret-user:s3cret-pass@")
    return client(with_credentials, headers={"X-Key": "s3cret-header"}, **settings)


def assert_tells_nothing(*texts: str) -> None:
    for text in texts:
        assert not [secret for secret in (*SECRETS, BASIC) if secret in text], text


def test_they_do_arrive() -> None:
    with WireServer(answer("chat", "A")) as server:
        attempt(secretive(server), "chat", extra_headers={"X-Call": "s3cret-call"})
        headers = server.asked[0].headers
        attempt(client(server), "chat")
        assert server.asked[1].headers["authorization"] == "Bearer s3cret-key"
    assert headers["authorization"] == f"Basic {BASIC}"
    assert (headers["x-key"], headers["x-call"]) == ("s3cret-header", "s3cret-call")


SHOWN: dict[str, Callable[[OllamaMultiModal], Any]] = {
    "repr": repr,
    "str": str,
    "to_dict": lambda llm: llm.to_dict(),
    "to_json": lambda llm: llm.to_json(),
    "dict": lambda llm: llm.dict(),
    "json": lambda llm: llm.json(),
    "model_dump": lambda llm: llm.model_dump(),
    "model_dump_json": lambda llm: llm.model_dump_json(),
    "to_payload": lambda llm: llm.to_payload(),
    "metadata": lambda llm: llm.metadata,
    "base_url": lambda llm: llm.base_url,
    "repr of a copy": lambda llm: repr(copy.deepcopy(llm)),
    "target": lambda llm: llm._target,
    "known": lambda llm: vars(llm._known),
    "connections": lambda llm: vars(llm._connections),
}


@pytest.mark.parametrize("how", SHOWN)
def test_an_object_does_not_show_them(how: str) -> None:
    with WireServer(answer("chat", "A")) as server:
        llm = secretive(server)
        attempt(llm, "chat")
        assert_tells_nothing(str(SHOWN[how](llm)), repr(SHOWN[how](llm)))


def test_a_dump_that_is_read_again_asks_for_them_anew() -> None:
    llm = secretive("http://localhost:1")
    assert OllamaMultiModal.from_dict(llm.to_dict()).headers == {}
    assert json.loads(llm.to_json())["base_url"] == "http://localhost:1"


def test_a_pickle_may_hold_them() -> None:
    llm = secretive("http://localhost:1")
    assert pickle.loads(pickle.dumps(llm)).headers == llm.headers


def test_a_server_object_does_not_show_them() -> None:
    server = OllamaServer("http://s3cret-user:s3cret-pass@localhost:1", headers={"X-Key": "s3cret-header"})
    assert_tells_nothing(repr(server), str(vars(server)))


@pytest.mark.parametrize(
    "url",
    [
        "http://s3cret-user:s3cret-pass@ho st",
        "ftp://s3cret-user:s3cret-pass@host",
        "http://s3cret-user:s3cret-pass@h:x",
    ],
)
def test_an_address_that_is_none_is_refused_without_them(url: str) -> None:
    with pytest.raises(ValueError, match="base_url") as caught:
        OllamaMultiModal(model="m", base_url=url)
    assert_tells_nothing(*traceback.format_exception_only(caught.value))


FAULTS: dict[str, Callable[[str], Script]] = {
    "answer": lambda e: answer(e, "A"),
    "400": lambda e: reply(400, {"error": "no"}),
    "401": lambda e: reply(401, {"error": "unauthorized"}),
    "403": lambda e: reply(403),
    "404": lambda e: reply(404, {"error": "model 'm' not found"}),
    "413": lambda e: reply(413),
    "503": lambda e: reply(503, {"error": "busy"}),
    "302": lambda e: reply(302, b"", {"location": "https://x.example/login"}),
    "page": lambda e: reply(200, "<html>"),
    "closed": lambda e: [CLOSE],
    "cut": lambda e: stream(part(e, "A"), end=[CLOSE]),
    "silent": lambda e: [HOLD],
    "error line": lambda e: stream(part(e, "A"), {"error": "it broke"}),
}


@eight
@pytest.mark.parametrize("fault", FAULTS)
def test_neither_errors_nor_events_nor_logs_tell_them(
    fault: str, endpoint: str, events: Everything, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with WireServer(FAULTS[fault](endpoint)) as server:
        llm = secretive(server, request_timeout=0.2)
        outcome = attempt(llm, endpoint, extra_headers={"X-Call": "s3cret-call"})
    assert events.seen
    assert_tells_nothing(*events.seen)
    assert_tells_nothing(*(record.getMessage() for record in caplog.records))
    assert (outcome.error is None) == (fault == "answer")
    for item in outcome.items:
        assert_tells_nothing(repr(item), item.model_dump_json(fallback=repr))
    if outcome.error is not None:
        error = outcome.error
        assert isinstance(error, errors.OllamaMultiModalError)
        told = [*traceback.format_exception(error, limit=0), repr(error), str(vars(error)), str(pickle.dumps(error))]
        assert_tells_nothing(*told)


@pytest.mark.parametrize("endpoint", ["chat", "achat"])
def test_a_refused_connection_does_not_tell_them(endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with WireServer() as server:
        url = server.url
    error = attempt(secretive(url, max_retries=1), endpoint).error
    assert type(error) is errors.ConnectionFailedError
    assert_tells_nothing(*traceback.format_exception(error), *(record.getMessage() for record in caplog.records))


def test_callbacks_do_not_tell_them() -> None:
    handler = LlamaDebugHandler(print_trace_on_end=False)
    with WireServer(answer("chat", "A")) as server:
        llm = secretive(server, callback_manager=CallbackManager([handler]))
        attempt(llm, "chat", extra_headers={"X-Call": "s3cret-call"})
        attempt(llm, "astream_chat", extra_headers={"X-Call": "s3cret-call"})
    pairs = handler.get_llm_inputs_outputs()
    assert len(pairs) == 2
    assert_tells_nothing(*(str(event.payload) for pair in pairs for event in pair))


@pytest.mark.parametrize("how", ["answers", "refuses", "nobody"])
def test_no_command_shows_or_writes_them(how: str, folder: Path, vision: CommandLine) -> None:
    listening = logging.StreamHandler(log := io.StringIO())
    root = logging.getLogger()
    before = root.level
    root.addHandler(listening)
    root.setLevel(logging.DEBUG)
    draw_scene("red circle").save("a.png")
    draw_scene("blue star").save("b.png")
    faults = [Status(401, '{"error":"who are you?"}')] * 99 if how == "refuses" else []
    said = []
    try:
        with (
            EmbeddedOllama(engine=ScriptedEngine(lambda _: "Fine."), faults=faults) as server,
            EmbeddedOllama() as gone,
        ):
            model, dead = server.model, gone.url
            gone.close()
            alive = server.url
            urls = [url.replace("://", "://s3cret-user:s3cret-pass@") for url in (alive, dead)]
            hosts = [word for url in (urls[1:] if how == "nobody" else urls) for word in ("--host", url)]
            always = [*hosts, "--header", "X-Key: s3cret-header", "--model", model]
            for words in (
                ["describe", "a.png", "b.png", *always, "--dry-run"],
                ["describe", "a.png", "b.png", *always, "--report", "report.html", "--sidecar", "txt"],
                ["export", "results.jsonl"],
                ["ask", "a.png", "What?", *always[:2], *always[-4:]],
                ["models", *always[:2]],
                ["doctor", *always[:2]],
            ):
                outcome = vision(*words)
                said += [outcome.out, outcome.err]
            arrived = [dict(request.headers).get("authorization", "") for request in server.asked]
    finally:
        root.removeHandler(listening)
        root.setLevel(before)
    assert how == "nobody" or all(BASIC in each for each in arrived)
    assert (how == "answers") == (alive in Path("results.jsonl").read_text())
    assert Path("report.html").exists()
    assert log.getvalue()
    assert_tells_nothing(
        *said, log.getvalue(), *(path.read_text("latin-1") for path in folder.rglob("*") if path.is_file())
    )
