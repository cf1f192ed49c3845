"""OllamaServer: what a server is and has; a pull with its progress."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from llama_index.multi_modal_llms.ollama import OllamaServer, PullProgress, ServerModel
from ollama_embedded import Gate
from ollama_vision import errors
from tests.support.wire_server import (
    CLOSE,
    END,
    HOLD,
    NDJSON,
    SOON,
    Script,
    WireServer,
    chunk,
    client,
    head,
    reply,
    stream,
)

twins = pytest.mark.parametrize("prefix", ["", "a"])
TAG = {
    "name": "gemma3:4b",
    "size": 3_300_000_000,
    "capabilities": ["completion", "vision"],
    "details": {"family": "gemma3"},
}


def ask(wire: WireServer | str, prefix: str, method: str, *args: Any, **settings: Any) -> Any:
    server = OllamaServer(wire if isinstance(wire, str) else wire.url, **settings)

    async def run() -> Any:
        return await getattr(server, f"a{method}")(*args)

    return asyncio.run(run()) if prefix else getattr(server, method)(*args)


@twins
def test_version(prefix: str) -> None:
    with WireServer() as wire:
        assert ask(wire, prefix, "version") == "0.13.0"


@pytest.mark.parametrize(
    ("version", "supported"),
    [("0.12.6", True), ("0.12.5", False), ("0.9.0", False), ("1.0.0-rc1", True), ("0.0.0", None), ("main", None)],
)
def test_a_version_is_old_or_not_or_cannot_be_told(version: str, supported: bool | None) -> None:
    assert OllamaServer.is_supported(version) is supported
    assert OllamaServer.is_supported(OllamaServer.oldest_supported) is True


@pytest.mark.parametrize(
    ("address", "here"),
    [("localhost", True), ("0.0.0.0:11434", True), ("[::1]:1", True), ("http://192.168.0.10", False)],
)
def test_an_address_of_this_machine_is_known(address: str, here: bool) -> None:
    assert OllamaServer(address).is_on_this_machine is here


@twins
def test_models(prefix: str) -> None:
    with WireServer(routes={"/api/tags": reply(200, {"models": [TAG, {"name": "old", "size": None}]})}) as wire:
        found = ask(wire, prefix, "models")
    assert [(model.name, model.size, model.capabilities) for model in found] == [
        ("gemma3:4b", 3_300_000_000, frozenset({"completion", "vision"})),
        ("old", 0, None),
    ]
    assert found[0].details == TAG
    assert "details" not in repr(found[0])


@twins
def test_running(prefix: str) -> None:
    entry = {"name": "gemma3:4b", "size": 5, "context_length": 8192, "size_vram": 5}
    with WireServer(routes={"/api/ps": reply(200, {"models": [entry]})}) as wire:
        found = ask(wire, prefix, "running")
    assert isinstance(found[0], ServerModel)
    assert found[0].details["context_length"] == 8192


@twins
def test_show(prefix: str) -> None:
    with WireServer() as wire:
        assert "vision" in ask(wire, prefix, "show", "gemma3:4b")["capabilities"]
        assert wire.requests[0].json == {"model": "gemma3:4b"}


@twins
@pytest.mark.parametrize("method", ["models", "running"])
@pytest.mark.parametrize("body", [{}, {"models": None}, {"models": []}])
def test_no_models_is_an_empty_list(method: str, body: Any, prefix: str) -> None:
    path = {"models": "/api/tags", "running": "/api/ps"}[method]
    with WireServer(routes={path: reply(200, body)}) as wire:
        assert ask(wire, prefix, method) == []


@twins
@pytest.mark.parametrize("models", ["none", [1], {"a": 1}])
def test_models_of_another_form_are_an_error(models: Any, prefix: str) -> None:
    with WireServer(routes={"/api/tags": reply(200, {"models": models})}) as wire, pytest.raises(errors.BadReplyError):
        ask(wire, prefix, "models")


@twins
@pytest.mark.parametrize(
    ("script", "error"),
    [
        (reply(200, "<html><title>Sign in</title>", {"content-type": "text/html"}), errors.BadReplyError),
        (reply(200, [1]), errors.BadReplyError),
        (reply(200, b""), errors.BadReplyError),
        (reply(200, {"error": "it broke"}), errors.ServerError),
        (reply(404, "404 page not found"), errors.BadReplyError),
        (reply(404, {"error": "model 'x' not found"}), errors.ModelNotFoundError),
        (reply(401, {"error": "unauthorized"}), errors.AuthenticationError),
        (reply(403), errors.ForbiddenError),
        (reply(503, {"error": "busy"}), errors.ServerBusyError),
        ([CLOSE], errors.ConnectionFailedError),
        ([head(200, {"content-length": "100"}), b"{", CLOSE], errors.StreamInterruptedError),
        ([HOLD], errors.SilenceTimeoutError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_side_questions_fail_as_calls_do(script: Script, error: type[Exception], prefix: str) -> None:
    with WireServer(routes={"/api/show": script}) as wire, pytest.raises(error) as caught:
        ask(wire, prefix, "show", "x", request_timeout=0.2)
    assert type(caught.value) is error


@twins
@pytest.mark.parametrize(("question", "path"), [("version", "version"), ("models", "tags"), ("running", "ps")])
def test_who_answers_nothing_that_needs_no_model_hangs(prefix: str, question: str, path: str) -> None:
    with WireServer(routes={f"/api/{path}": [HOLD]}) as wire, pytest.raises(errors.SilenceTimeoutError) as caught:
        ask(wire, prefix, question, request_timeout=0.2)
    said = f"takes connections and answers nothing: /api/{path} for 0.2 seconds. It is starting, or it hangs"
    assert said in str(caught.value)
    assert "pictures" not in str(caught.value)


@twins
def test_a_pull_tells_its_progress_in_order(prefix: str) -> None:
    gate = Gate()
    layer = {"status": "pulling abc", "digest": "sha256:abc", "total": 10}
    seen: list[PullProgress] = []

    def progress(step: PullProgress) -> None:
        seen.append(step)
        if step.completed == 5:  # what came is told before the rest comes
            gate.open()

    lines = [{"status": "pulling manifest"}, layer, {**layer, "completed": 5}, gate, {"status": "success"}]
    with WireServer(stream(*lines)) as wire:
        ask(wire, prefix, "pull", "gemma3:4b", progress)
        assert wire.requests[0].json == {"model": "gemma3:4b", "stream": True}
    assert [(step.status, step.completed, step.total) for step in seen] == [
        ("pulling manifest", 0, 0),
        ("pulling abc", 0, 10),
        ("pulling abc", 5, 10),
        ("success", 0, 0),
    ]
    assert seen[1].digest == "sha256:abc"


@twins
def test_a_pull_needs_no_audience(prefix: str) -> None:
    with WireServer(stream(b"\n", {"status": "success"})) as wire:
        ask(wire, prefix, "pull", "x")


BEGUN = {"status": "pulling manifest"}


@twins
@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (stream(BEGUN), errors.StreamInterruptedError, "broke off after 'pulling manifest'"),
        (stream(), errors.StreamInterruptedError, "broke off"),
        (stream(BEGUN, end=[CLOSE]), errors.StreamInterruptedError, "was cut"),
        (stream(BEGUN, {"error": "no space left"}), errors.ServerError, "no space left"),
        (stream(BEGUN, b"<html>\n"), errors.BadReplyError, "no JSON object"),
        (stream(BEGUN, b"[]\n"), errors.BadReplyError, "no JSON object"),
        (stream({"status": "x", "total": "much"}), errors.BadReplyError, "another form"),
        (stream({"status": "x", "completed": 1e400}), errors.BadReplyError, "another form"),
        (stream(BEGUN, end=[HOLD]), errors.SilenceTimeoutError, "request_timeout"),
        (reply(400, {"error": "invalid model name"}), errors.BadRequestError, "invalid model name"),
    ],
)
def test_a_pull_that_fails(script: Script, error: type[Exception], words: str, prefix: str) -> None:
    with WireServer(script) as wire, pytest.raises(error, match=words) as caught:
        ask(wire, prefix, "pull", "x", request_timeout=0.3)
    assert type(caught.value) is error


@twins
def test_a_listener_that_fails_ends_the_pull(prefix: str) -> None:
    def fail(step: PullProgress) -> None:
        raise ZeroDivisionError

    with WireServer([head(200, NDJSON), chunk(b'{"status":"pulling manifest"}\n'), HOLD, END]) as wire:
        with pytest.raises(ZeroDivisionError):
            ask(wire, prefix, "pull", "x", fail)
        assert wire.requests[0].left.wait(SOON)


async def test_cancelling_a_pull_closes_it() -> None:
    gate = Gate()
    with WireServer(stream(BEGUN, gate)) as wire:
        task = asyncio.create_task(OllamaServer(wire.url).apull("x"))
        await asyncio.to_thread(gate.reached.wait, SOON)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(wire.requests[0].left.wait, SOON)


@twins
@pytest.mark.parametrize("method", ["preload", "unload"])
def test_load_and_unload(method: str, prefix: str) -> None:
    with WireServer(reply(200, {"model": "m", "response": "", "done": True, "done_reason": "load"})) as wire:
        llm = client(wire, keep_alive="5m", context_window=2048, headers={"X-Key": "k"})

        async def run() -> None:
            await getattr(llm, f"a{method}")()

        asyncio.run(run()) if prefix else getattr(llm, method)()
        body = wire.asked[0].json
        assert wire.asked[0].headers["x-key"] == "k"
    assert body.get("prompt", "") == ""
    if method == "preload":
        assert body["keep_alive"] == "5m"
        assert body["options"]["num_ctx"] == 2048
    else:
        assert body == {"model": "m", "keep_alive": 0}


@twins
@pytest.mark.parametrize(
    ("script", "error"),
    [
        (reply(404, {"error": "model 'm' not found"}), errors.ModelNotFoundError),
        (reply(500, {"error": "llama-server process has terminated: exit status 1"}), errors.ModelLoadError),
        (reply(200, {"error": "it broke"}), errors.ServerError),
        (reply(200, {"model": "m", "response": "", "done": False}), errors.StreamInterruptedError),
    ],
)
def test_a_load_that_fails(script: Script, error: type[Exception], prefix: str) -> None:
    with WireServer(script) as wire:
        llm = client(wire)

        async def run() -> None:
            await llm.apreload()

        with pytest.raises(error) as caught:
            asyncio.run(run()) if prefix else llm.preload()
    assert type(caught.value) is error


def test_a_server_shows_its_address_and_nothing_else() -> None:
    server = OllamaServer("http://me:secret@localhost:1", headers={"X-Key": "secret"})
    assert repr(server) == "OllamaServer('http://localhost:1')"
