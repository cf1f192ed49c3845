"""What a mutated reply may become is a right answer or an error of the tree, nothing else."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ollama_vision import errors
from tests.support.endpoints import text_of
from tests.support.replies_read import ENDPOINTS, dumped, outcome
from tests.support.wire_attempts import attempt
from tests.support.wire_server import CLOSE, END, NDJSON, SOON, Step, WireServer, chunk, client, head, last, part

CASES = 10_000
"""Mutated replies in memory; a few hundred more go through a socket."""
DAMAGED_EACH = 5
THROUGH_A_SOCKET = 300


NASTY_TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["", " ", "\u0085", "\u2028", "\ud83d\ude00", "\x00", "[img-0]", "{}", '"', "\\", "\n", "\r\n"]
)
NASTY_VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.just(-(10**30)),
    st.floats(),
    NASTY_TEXT,
    st.just([]),
    st.just({}),
    st.just([[[[]]]]),
    st.just([None]),
    st.just({"function": None}),
    st.just([{"function": {"name": "f", "arguments": "{"}}]),
    st.just([{"id": 7, "function": {"name": "f", "arguments": None}}]),
    st.just([{"token": None, "logprob": "x"}]),
    st.just([{"token": "a", "logprob": -1.5, "bytes": [300], "top_logprobs": [{}]}]),
)
NAMES = st.sampled_from(
    [
        *("model", "message", "response", "done", "done_reason", "thinking", "tool_calls", "logprobs", "error"),
        *("content", "prompt_eval_count", "eval_count", "total_duration", "context", "role", "images", "usage"),
    ]
)


@st.composite
def replies(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """A valid reply: some text, perhaps thinking, calls and probabilities, and an end."""
    endpoint = draw(st.sampled_from(ENDPOINTS))
    lines = []
    for text in draw(st.lists(NASTY_TEXT, max_size=4)):
        more: dict[str, Any] = {}
        if draw(st.booleans()):
            more["thinking"] = draw(NASTY_TEXT)
        if draw(st.integers(0, 3)) == 0:
            more["tool_calls"] = [{"id": draw(NASTY_TEXT), "function": {"name": "f", "arguments": {"a": text}}}]
        if draw(st.integers(0, 3)) == 0:
            more["logprobs"] = [{"token": text, "logprob": -0.5, "bytes": [65]}]
        lines.append(part(endpoint, text, **more))
    lines.append(last(endpoint, draw(NASTY_TEXT), done_reason=draw(st.sampled_from(["stop", "length", "load"]))))
    return endpoint, lines


def set_somewhere(line: dict[str, Any], name: str, value: Any, inside: bool) -> dict[str, Any]:
    message = line.get("message")
    if inside and isinstance(message, dict):
        return {**line, "message": {**message, name: value}}
    return {**line, name: value}


DAMAGES: list[Callable[[bytes, int], bytes]] = [
    lambda line, at: line[:at],
    lambda line, at: line[:at] + b"\xff\xfe" + line[at:],
    lambda line, at: line[:at] + b"\n" + line[at:],
    lambda line, at: line[:at] + b"\x00" + line[at:],
    lambda line, at: b"\xef\xbb\xbf" + line,
    lambda line, at: line.replace(b'"content": "', b'"content": "\\ud800', 1),
    lambda line, at: line.replace(b'"response": "', b'"response": "\xed\xa0\x80', 1),
    lambda line, at: line[:-1] + b',"done":false,"done":true}',
    lambda line, at: line[:-1] + b',"a":' + b"[" * 300 + b"]" * 300 + b"}",
    lambda line, at: line[:-1] + b',"a":' + b"9" * 5000 + b"}",
    lambda line, at: line[:-1] + b',"eval_count":NaN}',
    lambda line, at: line[:-1] + b',"eval_count":1e999}',
    lambda line, at: line + line,
    lambda line, at: b"",
]


Case = tuple[str, bytes, list[int]]
"""An endpoint, the bytes of a reply, and where its pieces end."""


@st.composite
def mutated(draw: st.DrawFn) -> list[Case]:
    """A reply with other values in other places, and some ways in which its bytes are damaged on their way."""
    endpoint, lines = draw(replies())
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(lines) - 1))
        lines[at] = set_somewhere(lines[at], draw(NAMES), draw(NASTY_VALUE), draw(st.booleans()))
    chance = random.Random(draw(st.integers(0, 2**32)))
    return [damaged(endpoint, lines, chance) for _ in range(DAMAGED_EACH)]


def damaged(endpoint: str, lines: list[dict[str, Any]], chance: random.Random) -> Case:
    if chance.random() < 0.2:  # fields in another order
        lines = [dict(chance.sample(list(line.items()), len(line))) for line in lines]
    if chance.random() < 0.2:  # lines in another order, or missing, or twice
        lines = chance.choices(lines, k=chance.randrange(len(lines) + 2))
    encoded = [dumped(line) for line in lines]
    if encoded and chance.random() < 0.5:  # other bytes
        at = chance.randrange(len(encoded))
        encoded[at] = chance.choice(DAMAGES)(encoded[at], chance.randrange(len(encoded[at]) + 1))
    data = chance.choice([b"\n", b"\n", b"\r\n", b"\n\n"]).join(encoded) + chance.choice([b"\n", b"", b"\n \n"])
    return endpoint, data, sorted(chance.choices(range(len(data) + 1), k=chance.randrange(7)))


def expected_text(endpoint: str, data: bytes) -> str | None:
    """What a plain reader makes of an undamaged reply; `None` when it is not one."""
    texts, done = [], False
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            reply = json.loads(line)
            piece = reply["message"]["content"] if endpoint == "chat" else reply["response"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        if done or not isinstance(piece, str):
            return None
        texts.append(piece)
        done = reply.get("done") is True
    return "".join(texts) if done else None


def check_items(endpoint: str, data: bytes, items: list[Any]) -> None:
    """An answer that came must be the one that was sent, and one that can be kept and shown."""
    wanted = expected_text(endpoint, data)
    if wanted is not None:
        assert text_of(items[-1]) == wanted
    assert "".join(item.delta for item in items) == text_of(items[-1])
    final = items[-1]
    assert final.raw["done"] is True
    assert set(final.raw["usage"]) == {"prompt_tokens", "completion_tokens", "total_tokens"}
    ids = [call["id"] for call in final.additional_kwargs.get("tool_calls", [])]
    assert len(ids) == len(set(ids))
    final.model_dump()
    str(final)


def pieces_of(case: Case) -> list[bytes]:
    _, data, cuts = case
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def check_error(error: errors.OllamaMultiModalError) -> None:
    assert str(error)
    again = pickle.loads(pickle.dumps(error))
    for name in ("partial_text", "thinking", "last_line"):
        assert isinstance(getattr(error, name), str)
        assert getattr(again, name) == getattr(error, name)


FUZZ = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)


def check_case(case: Case) -> None:
    endpoint, data, _ = case
    streamed = outcome(endpoint, pieces_of(case))
    whole = outcome(endpoint, [data], every_line=False)
    if isinstance(streamed, errors.OllamaMultiModalError):
        check_error(streamed)
        assert isinstance(whole, errors.OllamaMultiModalError)
    else:
        check_items(endpoint, data, streamed)
        assert not isinstance(whole, errors.OllamaMultiModalError), repr(whole)
        assert text_of(whole[-1]) == text_of(streamed[-1])


@settings(FUZZ, max_examples=CASES // DAMAGED_EACH)
@given(mutated())
def test_a_mutated_reply_is_a_right_answer_or_an_error_of_the_tree(cases: list[Case]) -> None:
    for case in cases:
        check_case(case)


@pytest.mark.parametrize(
    "line",
    [
        b'{"message":{"content":"a"},"done":true,"eval_count":1e999}',
        b'{"message":{"content":"a"},"done":true,"eval_count":NaN}',
        b'{"message":{"content":"a"},"done":true,"eval_count":' + b"9" * 5000 + b"}",
        b'{"message":{"content":"a"},"done":true,"eval_count":true}',
        b'{"message":{"content":"a"},"done":true,"eval_count":1.5}',
        b'\xef\xbb\xbf{"message":{"content":"a"},"done":true}',
        b'{"message":{"content":"\\ud800"},"done":true}',
        b'{"done":true}{"done":true}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda line: line[:60].decode("utf-8", "replace"),
)
def test_what_cannot_be_read_is_an_error_of_the_tree(line: bytes) -> None:
    check_case(("chat", line, []))
    assert type(outcome("chat", [line])) is errors.BadReplyError


class Scripted:
    """A server whose next reply a test sets."""

    def __init__(self) -> None:
        self.steps: list[Step] = []


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[WireServer, Scripted]]:
    script = Scripted()
    with WireServer(answers=lambda seen: script.steps) as server:
        yield server, script


@settings(FUZZ, max_examples=THROUGH_A_SOCKET)
@given(mutated().map(lambda cases: cases[0]), st.sampled_from(["", "stream_", "a", "astream_"]), st.booleans())
def test_a_mutated_reply_through_a_socket_ends_the_same_way(
    wire: tuple[WireServer, Scripted], case: Case, prefix: str, is_cut: bool
) -> None:
    server, script = wire
    endpoint, pieces = case[0], pieces_of(case)
    script.steps = [head(200, NDJSON), *(chunk(piece) for piece in pieces if piece), CLOSE if is_cut else END]
    name = prefix + ("chat" if endpoint == "chat" else "complete")
    found = attempt(client(server, request_timeout=SOON), name)
    wanted = outcome(endpoint, pieces, every_line=bool(prefix.endswith("stream_")))
    if found.error is None:
        if isinstance(wanted, errors.OllamaMultiModalError):
            assert is_cut, repr(wanted)  # what came after `done`, without its newline, was lost with the connection
        else:
            assert text_of(found.items[-1]) == text_of(wanted[-1])
    else:
        assert isinstance(found.error, errors.OllamaMultiModalError), repr(found.error)
        assert not isinstance(found.error, TimeoutError)
        assert is_cut or isinstance(wanted, errors.OllamaMultiModalError), repr(found.error)
