"""Faults on demand: what each does to a reply, byte by byte, and to the requests after it."""

from __future__ import annotations

import json

import httpx2
import pytest

from ollama_embedded import Gate, Reply
from ollama_embedded.faults import (
    BadLine,
    BlankLines,
    CutStream,
    DoneFalse,
    ErrorLine,
    Fault,
    HangUpFirst,
    NextLine,
    NoDone,
    NoFinalNewline,
    OnlyThinking,
    RawReply,
    SlowFirstByte,
    Status,
    busy,
    empty_body,
    html,
    nested_error,
    overflow,
)
from tests.support.scripted_server import CHAT, SOON, lines, serve


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        (busy(), 503, '{"error":"server busy, please try again.  maximum pending requests exceeded"}'),
        (Status(401, {"error": "unauthorized"}), 401, '{"error":"unauthorized"}'),
        (Status(413, {"error": ""}), 413, '{"error":""}'),
        (empty_body(), 200, ""),
        (nested_error(400, "no"), 400, None),
        (overflow(), 400, None),
        (html(), 200, None),
    ],
)
def test_a_status_replaces_the_reply(fault: Fault, status: int, text: str | None, client: httpx2.Client) -> None:
    with serve([fault, "fine"]) as server:
        reply = client.post(f"{server.url}/api/chat", json=CHAT)
        after = client.post(f"{server.url}/api/chat", json=CHAT)
    assert reply.status_code == status
    assert text is None or reply.text == text
    assert after.is_success


def test_overflow_is_nested_as_recorded(client: httpx2.Client) -> None:
    with serve(overflow(6009, 2048)) as server:
        error = json.loads(client.post(f"{server.url}/api/chat", json=CHAT).json()["error"])["error"]
    assert error["type"] == "exceed_context_size_error"
    assert (error["n_prompt_tokens"], error["n_ctx"]) == (6009, 2048)


def test_faults_of_the_server_go_in_order_whatever_the_engine(client: httpx2.Client) -> None:
    with serve("fine", faults=[busy(retry_after=1), None, busy()]) as server:
        replies = [client.post(f"{server.url}/api/chat", json=CHAT) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [503, 200, 503, 200]
    assert replies[0].headers["retry-after"] == "1"


def test_faults_of_other_endpoints(client: httpx2.Client) -> None:
    with serve(faults={"/api/version": [html(502)]}) as server:
        assert client.get(f"{server.url}/api/version").status_code == 502
        assert client.get(f"{server.url}/api/version").json()["version"]


def test_slow_first_byte(client: httpx2.Client) -> None:
    gate = Gate()
    with serve("late", faults=[SlowFirstByte(gate)]) as server:
        with pytest.raises(httpx2.ReadTimeout):
            client.post(f"{server.url}/api/chat", json=CHAT, timeout=0.2)
        assert gate.reached.is_set()
        assert server.asked[0].left.wait(SOON)


@pytest.mark.parametrize("after", [0, 2])
def test_cut_stream(after: int, client: httpx2.Client) -> None:
    with serve(Reply("one two three", fault=CutStream(after=after))) as server:
        got = []
        with client.stream("POST", f"{server.url}/api/chat", json=CHAT) as reply:
            assert reply.status_code == 200
            with pytest.raises(httpx2.RemoteProtocolError):
                got += list(reply.iter_lines())
        assert server.asked[0].ended.wait(SOON)
        assert not server.asked[0].left.is_set(), "the server left, not the client"


def test_hang_up_before_the_first_byte(client: httpx2.Client) -> None:
    with serve(faults=[HangUpFirst()]) as server:
        with pytest.raises(httpx2.RemoteProtocolError):
            client.post(f"{server.url}/api/chat", json=CHAT)
        assert client.post(f"{server.url}/api/chat", json=CHAT).is_success


def test_no_done(client: httpx2.Client) -> None:
    with serve(Reply("one two", fault=NoDone())) as server:
        streamed = client.post(f"{server.url}/api/chat", json=CHAT)
        whole = client.post(f"{server.url}/api/chat", json={**CHAT, "stream": False}).json()
    assert [line["done"] for line in lines(streamed)] == [False, False]
    assert list(whole) == ["model", "created_at", "message", "done"]
    assert whole["message"]["content"] == "one two"
    assert whole["done"] is False


def test_done_false(client: httpx2.Client) -> None:
    with serve(Reply("one", fault=DoneFalse())) as server:
        assert lines(client.post(f"{server.url}/api/chat", json=CHAT))[-1]["done"] is False


def test_error_line(client: httpx2.Client) -> None:
    with serve(Reply("one two three", fault=ErrorLine(after=2, error="broken"))) as server:
        got = lines(client.post(f"{server.url}/api/chat", json=CHAT))
    assert [line.get("error") for line in got] == [None, None, "broken"]


def test_bad_line(client: httpx2.Client) -> None:
    with serve(Reply("one two", fault=BadLine(after=1))) as server:
        text = client.post(f"{server.url}/api/chat", json=CHAT).text
    assert text.split("\n")[1] == '{"model":"shapes","mess'
    assert text.count("\n") == 4


@pytest.mark.parametrize("stream", [True, False])
def test_only_thinking(stream: bool, client: httpx2.Client) -> None:
    with serve("one two", faults=[OnlyThinking()]) as server:
        body = {"model": "scripted", "prompt": "x", "stream": stream}
        text = client.post(f"{server.url}/api/generate", json=body).text
    got = [json.loads(line) for line in text.split("\n") if line]
    assert "".join(line["response"] for line in got) == ""
    assert "".join(line.get("thinking", "") for line in got) == "one two"
    assert got[-1]["done_reason"] == "length"


def test_next_line_as_a_fault(client: httpx2.Client) -> None:
    with serve("one", faults=[NextLine()]) as server:
        reply = client.post(f"{server.url}/api/chat", json=CHAT)
    assert [line["message"]["content"] for line in lines(reply)] == ["\x85one", "\x85"]
    assert len(list(reply.iter_lines())) > reply.text.count("\n"), "a splitter of lines is misled"


def test_blank_lines_and_no_final_newline(client: httpx2.Client) -> None:
    with serve([Reply("one", fault=BlankLines()), Reply("one", fault=NoFinalNewline())]) as server:
        assert "\n\n" in client.post(f"{server.url}/api/chat", json=CHAT).text
        assert client.post(f"{server.url}/api/chat", json=CHAT).text.endswith("}")


def test_a_reply_byte_for_byte(client: httpx2.Client) -> None:
    gate = Gate()
    raw = RawReply([b'{"half":', gate, b"1}"], status=207, headers={"Content-Type": "text/odd", "X-Odd": "1"})
    with serve(raw) as server, client.stream("POST", f"{server.url}/api/chat", json=CHAT) as reply:
        pieces = reply.iter_raw()
        assert next(pieces) == b'{"half":'
        gate.open()
        assert next(pieces) == b"1}"
        assert reply.status_code == 207
        assert (reply.headers["content-type"], reply.headers["x-odd"]) == ("text/odd", "1")


def test_a_reply_byte_for_byte_that_is_cut(client: httpx2.Client) -> None:
    with serve(RawReply([b"x"], cut=True)) as server, pytest.raises(httpx2.RemoteProtocolError):
        client.post(f"{server.url}/api/chat", json=CHAT)


def test_no_ending_is_a_silent_end(client: httpx2.Client) -> None:
    with serve(empty_body()) as server:
        assert client.post(f"{server.url}/api/chat", json=CHAT).content == b""
