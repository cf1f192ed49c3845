"""Chunks that are joined: h11 says the same of them as of those that came, and has fewer of them to look at."""

from __future__ import annotations

from collections.abc import Iterable

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_vision.http.coalescing import ChunkJoiner

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def chunk(content: bytes, *, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(content), extension, content)


def asked() -> h11.Connection:
    connection = h11.Connection(our_role=h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    return connection


def seen(reads: Iterable[bytes]) -> tuple[bytes, str, int]:
    """What h11 makes of a reply: its body, how it ended, and how many pieces it came in."""
    connection, body = asked(), []
    try:
        for read in [*reads, b""]:
            connection.receive_data(read)
            while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Data):
                    body.append(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    return b"".join(body), "whole", len(body)
    except h11.RemoteProtocolError:
        return b"".join(body), "no HTTP", len(body)
    raise AssertionError("h11 says of every end what it is")


def joined(reads: Iterable[bytes]) -> list[bytes]:
    """What is not empty: that would be the end of the connection."""
    joiner = ChunkJoiner()
    return [out for read in reads if (out := joiner.feed(read))]


def cut(reply: bytes, sizes: list[int]) -> list[bytes]:
    """The reply as reads of these sizes, again and again."""
    reads: list[bytes] = []
    at = 0
    while at < len(reply):
        size = sizes[len(reads) % len(sizes)]
        reads.append(reply[at : at + size])
        at += size
    return reads


def test_the_lines_of_one_read_become_one_piece() -> None:
    lines = [b'{"line": %d}\n' % number for number in range(64)]
    read = HEAD + b"".join(map(chunk, lines)) + END
    assert seen([read])[2] == 64
    assert seen(joined([read])) == (b"".join(lines), "whole", 1)


def test_what_has_come_of_a_chunk_is_not_held_back() -> None:
    joiner = ChunkJoiner()
    assert joiner.feed(HEAD + b"5\r\nhel") == HEAD + b"3\r\nhel\r\n"
    assert joiner.feed(b"l") == b"1\r\nl\r\n"
    assert joiner.feed(b"o") == b"1\r\no\r\n"
    assert [joiner.feed(bytes([byte])) for byte in b"\r\n3\r\n"] == [b""] * 5
    assert joiner.feed(b"abc\r\n0\r") == b"3\r\nabc\r\n"
    assert joiner.feed(b"\n\r\n") == b"0\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [
        chunk(b"a") + chunk(b"b", extension=b";name=value") + chunk(b"c") + END,
        chunk(b"a") + b"0\r\nTrailer: yes\r\n\r\n",
        chunk(b"a") + b"0000\r\n\r\n",
        b"00001\r\na\r\nA\r\n0123456789\r\n" + END,
        chunk(b"a") + b"+1\r\nb\r\n" + END,
        chunk(b"a") + b"1_0\r\nb\r\n" + END,
        chunk(b"a") + b"\r\n" + END,
        b"1\r\nab\r\n" + END,
        b"2\r\nab5\r\nhello\r\n" + END,
        b"5\nhello\n0\n\n",
        b"no chunk",
        chunk(b"a"),
        b"",
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_what_is_no_plain_chunk_is_left_to_h11(body: bytes, size: int) -> None:
    reads = cut(HEAD + body, [size])
    assert seen(joined(reads))[:2] == seen(reads)[:2]


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n5\r\nhe",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"<html>no HTTP at all</html>\r\n\r\n",
    ],
)
def test_other_replies_go_through_as_they_came(reply: bytes) -> None:
    for size in (1, 5, 1000):
        assert joined(cut(reply, [size])) == cut(reply, [size])


def test_a_reply_may_be_announced_before_it_comes() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    read = early + HEAD + chunk(b"a") + chunk(b"b") + END
    for size in (1, 10, 1000):
        assert seen(joined(cut(read, [size])))[:2] == (b"ab", "whole")
    assert seen(joined([read]))[2] == 1


def test_each_request_begins_anew() -> None:
    joiner = ChunkJoiner()
    read = HEAD + chunk(b"a") + chunk(b"b") + END
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
    cut_off = HEAD + b"5\r\nhe"
    for reply, wanted in (
        (read, HEAD + b"2\r\nab\r\n" + END),
        (whole, whole),
        (cut_off, HEAD + b"2\r\nhe\r\n"),
        (read, HEAD + b"2\r\nab\r\n" + END),
    ):
        joiner.begin()
        assert joiner.feed(reply) == wanted


replies = st.lists(st.binary(min_size=1, max_size=40), max_size=6).map(
    lambda contents: HEAD + b"".join(map(chunk, contents)) + END
)
damage = st.tuples(
    st.integers(0, 400), st.integers(0, 2), st.sampled_from([b"", b"x", b"\r", b"\n", b"\r\n", b"0", b";"])
)


@given(replies, st.none() | damage, st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_h11_says_the_same_of_any_reply(reply: bytes, broken: tuple[int, int, bytes] | None, sizes: list[int]) -> None:
    if broken is not None:
        at, taken, put = len(HEAD) + broken[0] % (len(reply) - len(HEAD)), broken[1], broken[2]
        reply = reply[:at] + put + reply[at + taken :]
    reads = cut(reply, sizes)
    assert seen(joined(reads))[:2] == seen(reads)[:2]
    assert seen(joined(reads))[2] <= seen(reads)[2]
