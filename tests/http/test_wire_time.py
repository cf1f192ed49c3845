"""`request_timeout` is silence, `deadline` is total time: both close the request, and keep what had come."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage

from llama_index.multi_modal_llms.ollama import OllamaServer
from ollama_vision import errors
from ollama_vision import pictures as _images
from ollama_vision.http import deadline as _deadline
from ollama_vision.http.deadline import CONNECT_SECONDS, Deadline, within
from ollama_vision.http.io import AsyncIO, Connections
from tests.support.endpoints import twelve
from tests.support.wire_attempts import attempt
from tests.support.wire_server import HOLD, NDJSON, SOON, Step, WireServer, answer, chunk, client, head, part, stream

PICTURE = b"\x89PNG\r\n\x1a\n"
ENOUGH = 1.5
"""Seconds within which a request arrives, on a busy machine too: what a deadline of so much finds has begun."""


class Endless:
    """An answer that never ends, and never falls silent."""

    def __init__(self, endpoint: str) -> None:
        self.line = chunk(json.dumps(part(endpoint, "A", thinking="B")).encode() + b"\n")

    def __iter__(self) -> Iterator[Step]:
        yield head(200, NDJSON)
        while True:
            yield self.line


@twelve
def test_silence_before_the_first_line_names_its_likely_reasons(endpoint: str) -> None:
    with WireServer([HOLD]) as server:
        outcome = attempt(client(server, request_timeout=0.2), endpoint)
        assert type(outcome.error) is errors.SilenceTimeoutError
        assert outcome.raised_by_call
        assert "loading" in str(outcome.error)
        assert "request_timeout" in str(outcome.error)
        assert server.asked[0].left.wait(SOON)


@twelve
def test_silence_in_mid_answer_keeps_what_had_come(endpoint: str) -> None:
    with WireServer(stream(part(endpoint, "A red", thinking="Hm."), end=[HOLD])) as server:
        outcome = attempt(client(server, request_timeout=0.2), endpoint)
        assert type(outcome.error) is errors.SilenceTimeoutError
        assert "in mid-answer" in str(outcome.error)
        assert (outcome.error.partial_text, outcome.error.thinking) == ("A red", "Hm.")
        assert server.asked[0].left.wait(SOON)


@twelve
@pytest.mark.parametrize("of_the_call", [False, True])
def test_a_deadline_before_the_first_line(endpoint: str, of_the_call: bool) -> None:
    field, call = (None, ENOUGH) if of_the_call else (ENOUGH, None)
    with WireServer([HOLD]) as server:
        outcome = attempt(client(server, deadline=field), endpoint, deadline=call)
        assert type(outcome.error) is errors.DeadlineError
        assert outcome.raised_by_call
        assert f"{ENOUGH:g} seconds" in str(outcome.error)
        assert server.asked[0].left.wait(SOON)


@twelve
def test_a_deadline_in_mid_answer_of_a_silent_server(endpoint: str) -> None:
    with WireServer(stream(part(endpoint, "A red", thinking="Hm."), end=[HOLD])) as server:
        outcome = attempt(client(server, deadline=ENOUGH), endpoint)
        assert type(outcome.error) is errors.DeadlineError
        assert (outcome.error.partial_text, outcome.error.thinking) == ("A red", "Hm.")
        assert server.asked[0].left.wait(SOON)


@twelve
def test_a_deadline_ends_an_answer_that_never_falls_silent(endpoint: str) -> None:
    with WireServer(Endless(endpoint)) as server:  # type: ignore[arg-type]
        outcome = attempt(client(server, deadline=ENOUGH, request_timeout=60.0), endpoint)
        assert type(outcome.error) is errors.DeadlineError
        assert set(outcome.error.partial_text) == {"A"}
        assert set(outcome.error.thinking) == {"B"}
        assert outcome.error.last_line
        assert server.asked[0].left.wait(SOON)
        if "stream" in endpoint:
            assert len(outcome.error.partial_text) >= len(outcome.items) > 0


@twelve
def test_a_deadline_counts_the_question_about_the_model(endpoint: str) -> None:
    with WireServer(routes={"/api/show": [HOLD]}) as server:
        outcome = attempt(client(server, deadline=ENOUGH, check_capabilities=True), endpoint, think=True)
        assert type(outcome.error) is errors.DeadlineError
        assert [seen.path for seen in server.requests] == ["/api/show"]


@pytest.mark.parametrize("endpoint", ["complete", "stream_complete", "acomplete", "astream_complete"])
def test_a_deadline_counts_the_preparing_of_pictures(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def slow(*args: Any, **more: Any) -> list[Any]:
        released.wait(0.5)
        return []

    monkeypatch.setattr(_images, "prepare_documents", slow)
    with WireServer(answer(endpoint, "late")) as server:
        outcome = attempt(client(server, deadline=0.3), endpoint, "hello", [PICTURE])
        released.set()
        assert type(outcome.error) is errors.DeadlineError
        assert outcome.raised_by_call
        assert server.asked == []


def test_silence_is_counted_anew_for_each_piece() -> None:
    clock = Deadline(30.0, None)
    assert clock.timeouts["read"] == 30.0
    assert clock.timeouts["write"] == 30.0
    assert clock.timeouts["connect"] == CONNECT_SECONDS


def test_a_near_deadline_shortens_every_wait() -> None:
    for seconds in Deadline(30.0, 5.0).timeouts.values():
        assert seconds is not None
        assert 0 < seconds <= 5.0
    assert Deadline(None, None).timeouts["read"] is None


def test_no_timeout_at_all_is_possible() -> None:
    with WireServer(answer("chat", "A")) as server:
        assert attempt(client(server, request_timeout=None), "chat").text == "A"


def test_a_deadline_that_was_met_leaves_nothing_behind() -> None:
    """The alarm of a blocked read must not shut the connection that the next call uses."""
    before = threading.active_count()
    with WireServer(answer("chat", "A")) as server:
        llm = client(server, deadline=SOON)
        for _ in range(5):
            assert attempt(llm, "chat").text == "A"
        assert server.accepted == 1
        llm.close()
    assert threading.active_count() <= before + 1


async def test_a_timeout_of_the_callers_own_closes_the_request() -> None:
    with WireServer(stream(part("chat", "A"), end=[HOLD])) as server:
        llm = client(server)
        with pytest.raises(asyncio.TimeoutError) as caught:
            await asyncio.wait_for(llm.achat([ChatMessage(role="user", content="hello")]), ENOUGH)
        assert not isinstance(caught.value, errors.OllamaMultiModalError)
        assert await asyncio.to_thread(server.asked[0].left.wait, SOON)


async def test_a_timeout_of_the_steps_own_is_not_the_deadline() -> None:
    async def times_out() -> None:
        raise TimeoutError("a disk's")

    with pytest.raises(TimeoutError, match="a disk's") as caught:
        await within(Deadline(None, SOON), times_out())
    assert not isinstance(caught.value, errors.DeadlineError)


@pytest.mark.parametrize("prefix", ["", "a"])
def test_a_server_that_says_nothing_to_a_side_question(prefix: str) -> None:
    with WireServer(routes={"/api/tags": [HOLD]}) as wire:
        server = OllamaServer(wire.url, request_timeout=0.2)
        with pytest.raises(errors.SilenceTimeoutError):
            asyncio.run(_amodels(server)) if prefix else server.models()


async def _amodels(server: OllamaServer) -> Any:
    return await server.amodels()


@twelve
def test_a_deadline_in_an_error_that_drips(endpoint: str) -> None:
    with WireServer([head(500, {"content-length": "100"}), b'{"err', HOLD]) as server:
        outcome = attempt(client(server, deadline=0.3), endpoint)
        assert type(outcome.error) is errors.DeadlineError
        assert outcome.raised_by_call


def test_a_silent_error_body_is_a_timeout() -> None:
    with WireServer([head(500, {"content-length": "100"}), HOLD]) as server:
        outcome = attempt(client(server, request_timeout=0.2), "chat")
        assert type(outcome.error) is errors.SilenceTimeoutError


@twelve
@pytest.mark.parametrize(("deadline", "error"), [(None, errors.ConnectionFailedError), (0.3, errors.DeadlineError)])
def test_a_server_that_does_not_even_accept(
    endpoint: str, deadline: float | None, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_deadline, "CONNECT_SECONDS", 0.3 if deadline is None else 10.0)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(3):  # more than its queue holds, so that no further connection is made
            each = waiting.enter_context(socket.socket())
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        outcome = attempt(client(url, deadline=deadline, max_retries=2), endpoint)
    assert type(outcome.error) is error, repr(outcome.error)
    assert outcome.raised_by_call


async def test_an_error_of_the_tree_is_no_deadline_even_if_it_is_a_timeout() -> None:
    def fail() -> None:
        raise errors.SilenceTimeoutError("mine")

    with pytest.raises(errors.SilenceTimeoutError, match="mine"):
        await AsyncIO(Connections()).run(fail, Deadline(None, SOON))
