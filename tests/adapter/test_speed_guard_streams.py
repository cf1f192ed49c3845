"""What a line of a stream costs, in calls of Python."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import h11
import pytest
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock

from llama_index.multi_modal_llms.ollama import responses as _responses
from ollama_vision.http import backends
from ollama_vision.protocol.error_context import ErrorContext
from ollama_vision.protocol.reply import Accumulator
from tests.support.counted_calls import calls_in
from tests.support.wire_server import END, NDJSON, WireServer, chunk, client, head, last

HELLO = [ChatMessage(role="user", content="hello")]


def line(text: str = "", **more: Any) -> bytes:
    message = {"role": "assistant", "content": text, **more}
    return json.dumps({"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": False}).encode()


def accumulator(**settings: Any) -> Accumulator[Any]:
    return Accumulator(
        "chat", ErrorContext("http://localhost:11434", "m"), _responses.ChatMaker(), headers={}, **settings
    )


def test_the_thousandth_line_of_a_stream_takes_as_many_calls_as_the_tenth() -> None:
    reply, word = accumulator(), line("word ")
    costs = [calls_in(lambda: reply.add_line(word)) for _ in range(1000)]
    assert costs[999] == costs[9]
    assert costs[999] <= 40


def lines_of(count: int) -> list[bytes]:
    """Chunks of the same length, a line in each, and the last."""
    lines = [*(line(f"w{number:03} ") + b"\n" for number in range(count)), json.dumps(last("chat")).encode() + b"\n"]
    return [chunk(each) for each in lines]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def calls_of(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """Calls of functions, all in all, for a stream of so many lines and the last."""

    def calls(count: int) -> int:
        reply = head(200, NDJSON) + b"".join(lines_of(count)) + END
        with WireServer([reply]) as server, closing(asyncio.new_event_loop()) as loop:
            llm = client(server)

            async def read() -> int:
                return len([item async for item in await llm.astream_chat(HELLO)])

            def ask() -> int:
                return loop.run_until_complete(read()) if request.param else len(list(llm.stream_chat(HELLO)))

            assert ask() == count + 1
            cost = calls_in(ask)
            loop.run_until_complete(llm.aclose())
            return cost

    return calls


def test_a_line_that_came_with_others_takes_few_calls(calls_of: Callable[[int], int]) -> None:
    """The call's own part is left out: the difference that 400 more lines make."""
    assert (calls_of(450) - calls_of(50)) / 400 <= 60


def read_lines(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """Let each read bring as many bytes as so many chunks have."""
    size = at_once * len(lines_of(1)[0])
    monkeypatch.setattr(backends, "_READ_BYTES", size)
    for stream in (backends.BlockingStream, backends.AsyncStream):
        read: Any = stream.read
        monkeypatch.setattr(stream, "read", lambda self, _, timeout=None, read=read: read(self, size, timeout))


def test_a_line_that_comes_alone_takes_few_calls(
    calls_of: Callable[[int], int], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Each read brings one line, as from a server that is slower than its reader."""
    read_lines(monkeypatch, 1)
    most = 225 if request.node.callspec.params["calls_of"] else 90
    assert (calls_of(450) - calls_of(50)) / 400 <= most, "of which anyio takes about 130, to read on an event loop"


@pytest.mark.parametrize("at_once", [1, 64])
def test_h11_reads_no_line(at_once: int, calls_of: Callable[[int], int], monkeypatch: pytest.MonkeyPatch) -> None:
    read_lines(monkeypatch, at_once)
    asked = [0]
    next_event = h11.Connection.next_event

    def counted(connection: h11.Connection) -> Any:
        asked[0] += 1
        return next_event(connection)

    monkeypatch.setattr(h11.Connection, "next_event", counted)
    costs = []
    for count in (50, 450):
        asked[0] = 0
        calls_of(count)
        costs.append(asked[0])
    assert costs[0] == costs[1]


def test_a_tool_call_is_made_into_a_block_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(**fields: Any) -> ToolCallBlock:
        made.append(fields["tool_call_id"])
        return ToolCallBlock(**fields)

    monkeypatch.setattr(_responses, "ToolCallBlock", counted)
    reply = accumulator(tools_offered=True)
    for number in range(20):
        reply.add_line(line(tool_calls=[{"id": f"c{number}", "function": {"name": "f", "arguments": {}}}]))
        reply.add_line(line("word "))
    assert made == [f"c{number}" for number in range(20)]
