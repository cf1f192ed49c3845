"""Odd forms of whole answers, which are answers all the same."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.support.endpoints import twelve
from tests.support.wire_attempts import attempt
from tests.support.wire_bodies import HTML_KIND, compressed
from tests.support.wire_server import (
    CLOSE,
    NDJSON,
    RESET,
    Script,
    WireServer,
    answer,
    chunk,
    client,
    head,
    last,
    part,
    reply,
    stream,
)


def lines_of(endpoint: str, separator: str = "\n", end: str = "\n") -> bytes:
    return (separator.join(map(json.dumps, (part(endpoint, "A red"), last(endpoint, " circle.")))) + end).encode()


ODD_BUT_RIGHT: dict[str, Callable[[str], Script]] = {
    "compressed all the same": compressed,
    "as text/html": lambda e: reply(200, lines_of(e), HTML_KIND),
    "without a content type": lambda e: reply(200, lines_of(e)),
    "blank lines between": lambda e: reply(200, lines_of(e, "\n\n \n")),
    "CRLF": lambda e: reply(200, lines_of(e, "\r\n")),
    "no last newline": lambda e: reply(200, lines_of(e, end="")),
    "not streamed": lambda e: reply(200, last(e, "A red circle.")),
    "until the connection closes": lambda e: [head(200), lines_of(e), CLOSE],
    "cut after done": lambda e: [head(200, NDJSON), chunk(lines_of(e)), CLOSE],
    "reset after done": lambda e: [head(200, NDJSON), chunk(lines_of(e)), RESET],
    "an early hint first": lambda e: [
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n",
        *answer(e, "A red", " circle."),
    ],
}


@twelve
@pytest.mark.parametrize("oddity", ODD_BUT_RIGHT)
def test_an_odd_form_of_a_whole_answer_is_an_answer(oddity: str, endpoint: str) -> None:
    with WireServer(ODD_BUT_RIGHT[oddity](endpoint)) as server:
        assert attempt(client(server), endpoint).text == "A red circle."


@twelve
def test_lines_end_at_newlines_only(endpoint: str) -> None:
    """Ollama sends U+0085 as it is; a client that takes it for the end of a line breaks there."""
    text = "a\u0085b\u2028c\u2029d\x0b\x0c\x1c e"
    lines = [json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in (part(endpoint, text), last(endpoint))]
    with WireServer(stream(*lines)) as server:
        assert attempt(client(server), endpoint).text == text
