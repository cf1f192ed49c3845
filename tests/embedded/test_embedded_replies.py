"""A script's replies: what is no answer is refused where it is written, and a long one holds up nobody."""

from __future__ import annotations

import json
import logging
import socket
import struct
from typing import Any
from urllib.parse import urlsplit

import pytest

from ollama_embedded import EmbeddedOllama, Gate, Pause, Piece, Reply, ScriptedEngine, ToolCall
from ollama_embedded.engines.base import Ending
from tests.support.scripted_server import SOON


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"said": None}, "said of a Reply is None"),
        ({"said": b"A cat."}, "said of a Reply is b'A cat.'"),
        ({"said": {"a": 1}}, r"said of a Reply is \{'a': 1\}"),
        ({"said": ["A", 1]}, "said of a Reply holds 1: give texts, Pieces, Gates and Pauses"),
        ({"said": (text for text in "A")}, "said of a Reply is <generator"),
        ({"thinking": 5}, "thinking of a Reply is 5"),
        ({"thinking": [Piece("Hm.")]}, "thinking of a Reply holds Piece"),
        ({"tool_calls": [{"name": "look"}]}, "tool_calls of a Reply holds .* give ToolCalls"),
        ({"tool_calls": "look"}, "give a list of ToolCalls"),
        ({"fault": 500}, "fault of a Reply is 500"),
        ({"ending": "stop"}, "ending of a Reply is 'stop'"),
    ],
)
def test_what_is_no_answer_is_refused_at_once(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        Reply(**fields)


def test_all_that_is_an_answer_is_taken() -> None:
    Reply(["A ", Piece("cat"), Gate(), Pause(0)], thinking=["Hm."], tool_calls=(ToolCall("look", {}),), ending=Ending())
    Reply("", thinking="Hm.")
    Reply([])


def test_a_client_that_leaves_a_long_stream_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    """asyncio warns of each further write to a closed connection: once a line of the answer, 80,000 times."""
    caplog.set_level(logging.WARNING)
    with EmbeddedOllama(engine=ScriptedEngine(Reply(["word "] * 50_000))) as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port)) as leaving:
            body = json.dumps({"model": server.model, "prompt": "Talk."}).encode()
            head = f"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
            leaving.sendall(head.encode() + body)
            assert leaving.recv(100).startswith(b"HTTP/1.1 200")
            leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes with a RST
        assert server.asked[0].ended.wait(SOON)
        assert server.asked[0].left.is_set()
    assert "socket.send()" not in caplog.text
