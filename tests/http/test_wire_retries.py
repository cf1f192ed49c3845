"""Tried again: what had no answer and may pass. Never a timeout, never once an answer has begun."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Any

import pytest

from ollama_vision import errors
from ollama_vision.http.io import AsyncIO, BlockingIO
from ollama_vision.server import api as _api
from tests.support.endpoints import twelve
from tests.support.wire_attempts import attempt
from tests.support.wire_server import (
    CLOSE,
    END,
    HOLD,
    NDJSON,
    RESET,
    Script,
    WireServer,
    answer,
    client,
    head,
    part,
    reply,
    stream,
)

BUSY = reply(503, {"error": "server busy, please try again.  maximum pending requests exceeded"})


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited between tries; none really are."""
    seconds: list[float] = []

    async def sleep(io: Any, wanted: float) -> None:
        seconds.append(wanted)

    monkeypatch.setattr(BlockingIO, "sleep", sleep)
    monkeypatch.setattr(AsyncIO, "sleep", sleep)
    return seconds


PASSING: dict[str, Callable[[str], Script]] = {
    "503": lambda e: BUSY,
    "503 of a proxy": lambda e: reply(503, "<html>", {"content-type": "text/html"}),
    "429": lambda e: reply(429, {"error": "slow down"}),
    "502": lambda e: reply(502, {"error": "dial tcp: refused"}),
    "502 of a proxy": lambda e: reply(502, "<html>", {"content-type": "text/html"}),
    "closed unanswered": lambda e: [CLOSE],
    "reset unanswered": lambda e: [RESET],
}


@twelve
@pytest.mark.parametrize("fault", PASSING)
def test_what_may_pass_is_tried_again(fault: str, endpoint: str, waits: list[float]) -> None:
    script = PASSING[fault](endpoint)
    with WireServer(script, script, answer(endpoint, "A red circle.")) as server:
        outcome = attempt(client(server, max_retries=2), endpoint)
        assert outcome.text == "A red circle."
        assert len(server.asked) == 3
        bodies = [seen.body for seen in server.asked]
    assert bodies[0] == bodies[1] == bodies[2]
    assert len(waits) == 2


@twelve
@pytest.mark.parametrize(("field", "call", "tries"), [(2, None, 3), (0, None, 1), (0, 4, 5), (5, 0, 1)])
def test_max_retries_of_the_call_beats_that_of_the_object(
    endpoint: str, field: int, call: int | None, tries: int, waits: list[float]
) -> None:
    with WireServer(BUSY) as server:
        outcome = attempt(client(server, max_retries=field), endpoint, max_retries=call)
        assert type(outcome.error) is errors.ServerBusyError
        assert outcome.raised_by_call
        assert len(server.asked) == tries
    assert len(waits) == tries - 1


HOPELESS: dict[str, Callable[[str], Script]] = {
    "400": lambda e: reply(400, {"error": "invalid model name"}),
    "401": lambda e: reply(401, {"error": "unauthorized"}),
    "403": lambda e: reply(403),
    "404": lambda e: reply(404, {"error": "model 'm' not found"}),
    "413": lambda e: reply(413, {"error": ""}),
    "499": lambda e: reply(499, {"error": "request canceled"}),
    "500": lambda e: reply(500, {"error": "it broke"}),
    "504": lambda e: reply(504, "<html>"),
    "302": lambda e: reply(302, b"", {"location": "/elsewhere"}),
    "another protocol": lambda e: [b"hello\r\n\r\n", CLOSE],
    "a page": lambda e: reply(200, "<html>"),
    "cut after the status": lambda e: [head(200, NDJSON), CLOSE],
    "no line at all": lambda e: [head(200, NDJSON), END],
    "an error line first": lambda e: stream({"error": "server busy, please try again."}),
    "cut in mid-answer": lambda e: stream(part(e, "A"), end=[CLOSE]),
    "reset in mid-answer": lambda e: stream(part(e, "A"), end=[RESET]),
    "error in mid-answer": lambda e: stream(part(e, "A"), {"error": "server busy, please try again."}),
    "no done": lambda e: stream(part(e, "A")),
}


@twelve
@pytest.mark.parametrize("fault", HOPELESS)
def test_all_else_is_tried_once(fault: str, endpoint: str, waits: list[float]) -> None:
    with WireServer(HOPELESS[fault](endpoint)) as server:
        outcome = attempt(client(server, max_retries=3), endpoint)
        assert isinstance(outcome.error, errors.OllamaMultiModalError)
        assert not outcome.error.transient
        assert len(server.asked) == 1
    assert waits == []


@twelve
@pytest.mark.parametrize("settings", [{"request_timeout": 0.2}, {"deadline": 0.3}], ids=str)
@pytest.mark.parametrize("begun", [False, True])
def test_a_timeout_is_never_tried_again(
    settings: dict[str, float], begun: bool, endpoint: str, waits: list[float]
) -> None:
    """It would abort the loading of the model that the next try waits for."""
    with WireServer(stream(part(endpoint, "A"), end=[HOLD]) if begun else [HOLD]) as server:
        outcome = attempt(client(server, max_retries=3, **settings), endpoint)
        assert isinstance(outcome.error, TimeoutError)
        assert len(server.asked) == 1
    assert waits == []


@twelve
def test_a_refused_connection_is_tried_again(endpoint: str, waits: list[float]) -> None:
    with WireServer(answer(endpoint, "x")) as server:
        url = server.url
    outcome = attempt(client(url, max_retries=2), endpoint)
    assert type(outcome.error) is errors.ConnectionFailedError
    assert len(waits) == 2


@pytest.mark.parametrize(
    ("said", "waited"), [("7", 7.0), ("0", 0.0), ("60", 60.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0)]
)
def test_retry_after_is_honoured(said: str, waited: float, waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_api, "_back_off", lambda attempt: 0.0)
    with WireServer(reply(429, {"error": "slow"}, {"retry-after": said}), answer("chat", "A")) as server:
        assert attempt(client(server, max_retries=1), "chat").text == "A"
    assert waits == [waited]


@twelve
@pytest.mark.parametrize(("said", "deadline"), [("61", None), ("30", 20.0)])
def test_a_wait_that_is_too_long_is_the_callers_to_decide(
    said: str, deadline: float | None, endpoint: str, waits: list[float]
) -> None:
    with WireServer(reply(503, {"error": "busy"}, {"retry-after": said})) as server:
        outcome = attempt(client(server, max_retries=3, deadline=deadline), endpoint)
        assert len(server.asked) == 1
    assert type(outcome.error) is errors.ServerBusyError
    assert outcome.error.retry_after == float(said)
    assert waits == []


def test_no_wait_outlasts_the_deadline(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_api, "_back_off", lambda attempt: 50.0)
    with WireServer(BUSY) as server:
        attempt(client(server, max_retries=1, deadline=20.0), "chat")
    assert 0 < waits[0] <= 20.0


def test_the_back_off_grows_and_varies() -> None:
    drawn = {attempt: {_api._back_off(attempt) for _ in range(50)} for attempt in (1, 4, 40)}
    assert max(drawn[1]) <= 0.25 < max(drawn[4]) <= 2.0 < max(drawn[40]) <= 8.0
    assert all(len(seconds) > 40 for seconds in drawn.values())


@pytest.mark.parametrize(
    ("attempt", "limit"), [(1, 0.25), (2, 0.5), (3, 1.0), (5, 4.0), (6, 8.0), (7, 8.0), (4000, 8.0)]
)
def test_the_back_off_is_drawn_from_the_whole_of_a_doubling_span(attempt: int, limit: float) -> None:
    """Full jitter, as AWS describes it; by Python's generator, which a seed repeats."""
    random.seed(7)
    drawn = [_api._back_off(attempt) for _ in range(3)]
    same = random.Random(7)
    assert drawn == [same.uniform(0.0, limit) for _ in range(3)]


def test_each_try_is_logged(waits: list[float], caplog: pytest.LogCaptureFixture) -> None:
    with WireServer(BUSY) as server, caplog.at_level(logging.WARNING):
        attempt(client(server, max_retries=2), "chat")
    lines = [record.getMessage() for record in caplog.records if record.name == _api.__name__]
    assert [line.partition(",")[0] for line in lines] == ["Attempt 1 failed", "Attempt 2 failed"]
    assert all("server busy" in line for line in lines)


@twelve
def test_the_question_about_the_model_is_tried_again_as_the_call_is(endpoint: str, waits: list[float]) -> None:
    with WireServer(routes={"/api/show": BUSY}) as server:
        llm = client(server, check_capabilities=True, max_retries=0)
        outcome = attempt(llm, endpoint, max_retries=2, think=True)
        assert type(outcome.error) is errors.ServerBusyError
        assert [seen.path for seen in server.requests] == ["/api/show"] * 3
