"""Every fault that a client can meet on the wire: the same class from all eight endpoints, at the right moment."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from ollama_vision import errors
from tests.support.endpoints import eight, twelve
from tests.support.wire_attempts import attempt
from tests.support.wire_bodies import HTML, HTML_KIND
from tests.support.wire_server import (
    CLOSE,
    END,
    HOLD,
    NDJSON,
    RESET,
    Script,
    WireServer,
    client,
    head,
    last,
    part,
    reply,
    stream,
)


@dataclass(frozen=True)
class Fault:
    """What the server does, and the error that must come of it."""

    name: str
    script: Callable[[str], Script]
    error: type[errors.OllamaMultiModalError]
    words: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def nested(message: str, kind: str = "invalid_request_error", **more: Any) -> dict[str, str]:
    """An error of llama-server, as Ollama passes it on."""
    return {"error": json.dumps({"error": {"code": 400, "message": message, "type": kind, **more}})}


TOO_LONG = "request (9652 tokens) exceeds the available context size (2048 tokens), try increasing it"
BUSY = "server busy, please try again.  maximum pending requests exceeded"
QUICKLY = {"request_timeout": 0.2}


def says(status: int, body: Any = b"", headers: dict[str, str] | None = None) -> Callable[[str], Script]:
    return lambda endpoint: reply(status, body, headers)


def error_of(status: int, text: str) -> Callable[[str], Script]:
    return says(status, {"error": text})


def sends(*steps: Any) -> Callable[[str], Script]:
    return lambda endpoint: steps


def body_of(*lines: Any) -> Callable[[str], Script]:
    return lambda endpoint: stream(*lines)


BEFORE_THE_FIRST_LINE = [
    # nothing, or not HTTP
    Fault(
        "closed unanswered", sends(CLOSE), errors.ConnectionFailedError, "lost before an answer", {"transient": True}
    ),
    Fault("reset unanswered", sends(RESET), errors.ConnectionFailedError, "lost before an answer", {"transient": True}),
    Fault(
        "another protocol", sends(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", CLOSE), errors.BadReplyError, "does not speak HTTP"
    ),
    Fault("cut in the headers", sends(b"HTTP/1.1 200 OK\r\nConte", CLOSE), errors.ConnectionFailedError, "lost before"),
    Fault("silent", sends(HOLD), errors.SilenceTimeoutError, "may still be loading", {"transient": False}, QUICKLY),
    Fault(
        "silent after the status",
        sends(head(200, NDJSON), HOLD),
        errors.SilenceTimeoutError,
        "0.2 seconds",
        {},
        QUICKLY,
    ),
    Fault("chunked garbage", sends(head(200, NDJSON), b"zz\r\n", CLOSE), errors.BadReplyError, "does not speak HTTP"),
    Fault("cut after the status", sends(head(200, NDJSON), CLOSE), errors.StreamInterruptedError, "was cut"),
    # 200, and no answer
    Fault("no byte of a body", sends(head(200, NDJSON), END), errors.StreamInterruptedError, "before any text"),
    Fault("no content", says(204), errors.StreamInterruptedError, "before any text"),
    Fault("blank lines only", body_of(b"\n", b"  \n", b"\r\n"), errors.StreamInterruptedError, "before any text"),
    Fault("a page", says(200, HTML, HTML_KIND), errors.BadReplyError, "text/html from nginx/1.25 saying 'Sign in'"),
    Fault("text", says(200, "Ollama is running"), errors.BadReplyError, "saying 'Ollama is running'"),
    Fault("another API", says(200, {"detail": "Not Found"}), errors.BadReplyError, "no part of an answer"),
    Fault("a list", says(200, [1, 2]), errors.BadReplyError, "no JSON object"),
    Fault("a number", says(200, 7), errors.BadReplyError, "no JSON object"),
    Fault("half a line", says(200, '{"model":"m","mess'), errors.BadReplyError, "no JSON"),
    Fault("damaged gzip", says(200, b"\x1f\x8bno", {"content-encoding": "gzip"}), errors.BadReplyError, "compressed"),
    Fault("an error object", says(200, {"error": "it broke"}), errors.ServerError, "it broke", {"status": 200}),
    Fault("an error line", body_of({"error": BUSY}), errors.ServerError, "server busy", {"status": 200}),
    # the server's own words
    Fault("bad request", error_of(400, "invalid model name"), errors.BadRequestError, "invalid model name"),
    Fault("unknown model", error_of(404, "model 'm' not found"), errors.ModelNotFoundError, "ollama pull m"),
    Fault("no thinking", error_of(400, '"m" does not support thinking'), errors.CapabilityError, "does not think"),
    Fault("no tools", error_of(400, "r/m:latest does not support tools"), errors.CapabilityError, "cannot call tools"),
    Fault("no insert", error_of(400, "r/m:latest does not support insert"), errors.CapabilityError, "before a suffix"),
    Fault("embeds only", error_of(400, '"m" does not support chat'), errors.CapabilityError, "makes no text"),
    Fault(
        "cannot hear",
        says(500, nested("audio input is not supported - hint: x", "server_error")),
        errors.CapabilityError,
        "cannot hear",
        {"missing": ("audio",), "status": 500},
    ),
    Fault(
        "too long",
        says(400, nested(TOO_LONG, "exceed_context_size_error", n_prompt_tokens=9652, n_ctx=2048)),
        errors.ContextOverflowError,
        "9,652 tokens for 2,048",
        {"n_prompt_tokens": 9652, "n_ctx": 2048, "n_picture_tokens": 0},
    ),
    Fault(
        "too long without shift",
        error_of(400, "the prompt is longer than the context length currently available to the model; shorten it"),
        errors.ContextOverflowError,
        "longer than the context window",
        {"n_prompt_tokens": None, "n_ctx": None},
    ),
    Fault("bad media", says(400, nested("Failed to load image or audio file")), errors.BadRequestError, "wav or mp3"),
    Fault("a place too few", says(400, nested("Failed to tokenize prompt")), errors.BadRequestError, "tokenize"),
    Fault("wrong option", error_of(500, 'option "num_ctx" must be of type integer'), errors.BadRequestError, "integer"),
    Fault("wrong format", error_of(500, 'invalid format: "\\"xml\\""; expected'), errors.BadRequestError, "xml"),
    Fault(
        "old model",
        error_of(500, "'x' is no longer compatible with your version"),
        errors.ModelLoadError,
        "server's log",
    ),
    Fault("load failed", error_of(500, "llama-server process has terminated: exit status 1"), errors.ModelLoadError),
    Fault("load stalled", error_of(500, "timed out waiting for llama-server to start - x"), errors.ModelLoadError),
    Fault("other error", error_of(500, "something else"), errors.ServerError, "something else", {"status": 500}),
    Fault("panic", says(500), errors.ServerError, "without a word", {"status": 500, "transient": False}),
    Fault("cancelled", error_of(499, "request canceled"), errors.ServerError, "request canceled", {"status": 499}),
    Fault("busy", error_of(503, BUSY), errors.ServerBusyError, BUSY, {"retry_after": None, "transient": True}),
    Fault(
        "busy, a page",
        says(503, HTML, {"retry-after": "7"}),
        errors.ServerBusyError,
        "takes no requests now",
        {"retry_after": 7},
    ),
    Fault("too many", says(429, {"error": "slow down"}, {"retry-after": "x"}), errors.ServerBusyError, "slow down"),
    # who asks
    Fault(
        "who asks",
        says(401, {"error": "unauthorized", "signin_url": "https://ollama.com/connect?name=n&key=k"}),
        errors.AuthenticationError,
        "Sign in at https://ollama.com/connect",
        {"signin_url": "https://ollama.com/connect?name=n&key=k", "status": 401},
    ),
    Fault("who asks, a page", says(401, HTML), errors.AuthenticationError, "OLLAMA_API_KEY", {"signin_url": ""}),
    Fault("foreign host", says(403), errors.ForbiddenError, "Host: localhost", {"status": 403}),
    Fault("cloud off", error_of(403, "ollama cloud is disabled"), errors.ForbiddenError, "ollama cloud is disabled"),
    Fault("too much media", says(413, {"error": ""}), errors.MediaTooLargeError, "about 75 MB", {"bytes_sent": 0}),
    Fault("too much for a proxy", says(413, HTML), errors.MediaTooLargeError, "413", {"status": 413}),
    # something else answers
    Fault(
        "unknown path", says(404, "404 page not found"), errors.BadReplyError, "'404 page not found'", {"status": 404}
    ),
    Fault("wrong method", says(405, "405 method not allowed"), errors.BadReplyError, "405", {"status": 405}),
    Fault("a proxy's page", says(404, HTML, HTML_KIND), errors.BadReplyError, "Is base_url right", {"body": HTML}),
    Fault("another API's error", says(400, {"detail": "no"}), errors.BadReplyError, "not as Ollama does"),
    Fault(
        "moved",
        says(301, b"", {"location": "https://elsewhere.example/login?token=secret"}),
        errors.BadReplyError,
        "points to https://elsewhere.example/login,",
        {"status": 301},
    ),
    Fault("out of reach", error_of(502, "dial tcp: refused"), errors.ServerError, "502", {"transient": True}),
    Fault("gateway", says(502, HTML, HTML_KIND), errors.ServerError, "nginx", {"transient": True, "status": 502}),
    Fault("gateway gave up", says(504, HTML, HTML_KIND), errors.ServerError, "504", {"transient": False}),
]


@twelve
@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_LINE, ids=lambda fault: fault.name)
def test_what_goes_wrong_up_to_the_first_line_is_raised_by_the_call(fault: Fault, endpoint: str) -> None:
    with WireServer(fault.script(endpoint)) as server:
        outcome = attempt(client(server, **fault.settings), endpoint)
    assert type(outcome.error) is fault.error, repr(outcome.error)
    assert outcome.raised_by_call
    assert fault.words in str(outcome.error)
    assert "secret" not in str(outcome.error)
    expected = {"partial_text": "", "thinking": "", **fault.details}
    assert {name: getattr(outcome.error, name) for name in expected} == expected


@twelve
def test_a_refused_connection_says_how_to_start_a_server(endpoint: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    outcome = attempt(client(f"http://127.0.0.1:{port}"), endpoint)
    assert type(outcome.error) is errors.ConnectionFailedError
    assert outcome.raised_by_call
    assert "ollama serve" in str(outcome.error)


def begun(*rest: Any, end: Script = (END,)) -> Callable[[str], Script]:
    """An answer that has begun, with text and thinking, and what comes after that."""

    def script(endpoint: str) -> Script:
        first = part(endpoint, "A red", thinking="Hm.")
        return stream(first, *(step(endpoint) if callable(step) else step for step in rest), end=end)

    return script


def line(**fields: Any) -> Callable[[str], dict[str, Any]]:
    return lambda endpoint: part(endpoint, **fields)


def message(value: Any) -> Callable[[str], dict[str, Any]]:
    """A line whose text is something else."""
    return lambda endpoint: (
        {"message": {"content": value}, "done": False} if endpoint.endswith("chat") else {"response": value}
    )


def calls(value: Any) -> Callable[[str], dict[str, Any]]:
    return lambda endpoint: part(endpoint, tool_calls=value)


GO_MAP = "llama-server chat error: map[code:500 message:it broke type:server_error]"
IN_MID_ANSWER = [
    Fault("an error line", begun({"error": "it broke"}), errors.StreamInterruptedError, "broke off: it broke"),
    Fault("Go's own form", begun({"error": GO_MAP}), errors.StreamInterruptedError, "broke off: it broke."),
    Fault("a nested error line", begun(nested("it broke")), errors.StreamInterruptedError, "broke off: it broke."),
    Fault("an error of no text", begun({"error": {"a": 1}}), errors.StreamInterruptedError, "broke off: {'a': 1}"),
    Fault("no done", begun(), errors.StreamInterruptedError, "without `done`"),
    Fault("done is false", begun(line(done_reason="stop")), errors.StreamInterruptedError, "after 5 characters"),
    Fault("closed", begun(end=(CLOSE,)), errors.StreamInterruptedError, "was cut in the middle"),
    Fault("reset", begun(end=(RESET,)), errors.StreamInterruptedError, "was cut in the middle"),
    Fault("half a line", begun(b'{"model":"m","mess', end=(CLOSE,)), errors.StreamInterruptedError, "was cut"),
    Fault("half a line, then the end", begun(b'{"model":"m","mess'), errors.BadReplyError, "no JSON"),
    Fault("silence", begun(end=(HOLD,)), errors.SilenceTimeoutError, "in mid-answer", {}, QUICKLY),
    Fault("a page", begun(HTML.encode() + b"\n"), errors.BadReplyError, "no JSON"),
    Fault("a list", begun(b"[]\n"), errors.BadReplyError, "no JSON object"),
    Fault("an object of others", begun({"id": 1}), errors.BadReplyError, "no part of an answer"),
    Fault("text that is none", begun(message(7)), errors.BadReplyError, "that is no text"),
    Fault("done is text", begun(line(done="true")), errors.BadReplyError, "`done` is neither true nor false"),
    Fault("not UTF-8", begun(b'{"message":{"content":"\xff"},"response":"\xff"}\n'), errors.BadReplyError, "no JSON"),
    Fault("chunked garbage", begun(end=(b"zz\r\n", CLOSE)), errors.BadReplyError, "does not speak HTTP"),
    Fault("a count of text", begun(lambda e: last(e, eval_count="3")), errors.BadReplyError, "eval_count"),
    Fault("a call without a name", begun(calls([{"function": {}}])), errors.BadReplyError, "without a name"),
    Fault("calls that are no list", begun(calls({"a": 1})), errors.BadReplyError, "no list of objects"),
    Fault(
        "arguments that are a list",
        begun(calls([{"function": {"name": "f", "arguments": [1]}}])),
        errors.BadReplyError,
        "arguments are no object",
    ),
    Fault("probabilities that are no list", begun(line(logprobs={})), errors.BadReplyError, "logprobs"),
]


@twelve
@pytest.mark.parametrize("fault", IN_MID_ANSWER, ids=lambda fault: fault.name)
def test_what_goes_wrong_in_mid_answer_keeps_what_had_come(fault: Fault, endpoint: str) -> None:
    breaks_off(fault, endpoint)


@eight
def test_probabilities_of_another_form_are_no_answer(endpoint: str) -> None:
    """VisionModel gives them as they came, in `raw`."""
    odd = begun(line(text="", logprobs=[{"token": 1, "logprob": "x"}]), last)
    breaks_off(Fault("odd probabilities", odd, errors.BadReplyError, "log probabilities"), endpoint)


def breaks_off(fault: Fault, endpoint: str) -> None:
    script = fault.script(endpoint)
    with WireServer(script) as server:
        outcome = attempt(client(server, **fault.settings), endpoint)
    assert type(outcome.error) is fault.error, repr(outcome.error)
    assert fault.words in str(outcome.error)
    assert isinstance(outcome.error, errors.OllamaMultiModalError)
    assert (outcome.error.partial_text, outcome.error.thinking) == ("A red", "Hm.")
    sent = [step.partition(b"\r\n")[2].strip().decode("utf-8", "replace") for step in script[1:] if type(step) is bytes]
    assert outcome.error.last_line in sent
    assert outcome.error.last_line
    if "stream" in endpoint:
        assert not outcome.raised_by_call
        assert "".join(item.delta for item in outcome.items) == "A red"


@twelve
def test_what_the_server_says_after_done_is_an_error(endpoint: str) -> None:
    with WireServer(stream(last(endpoint, "A red"), part(endpoint, " herring"))) as server:
        outcome = attempt(client(server), endpoint)
    assert type(outcome.error) is errors.BadReplyError
    assert "went on after it had said done" in str(outcome.error)
    assert outcome.error.partial_text == "A red"


@twelve
def test_the_zero_object_of_an_answer_that_never_began_is_an_error(endpoint: str) -> None:
    with WireServer(reply(200, {"model": "", "created_at": "0001-01-01T00:00:00Z", "done": False})) as server:
        outcome = attempt(client(server), endpoint)
    assert type(outcome.error) is errors.StreamInterruptedError
    assert "before any text" in str(outcome.error)
