"""A chunked body that is read past h11: it is what h11 would have made of it, in fewer pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import h11
import httpcore2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_vision.http import run_blocking
from ollama_vision.http.backends import AsyncStream, BlockingStream

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


class Reads(httpcore2.NetworkStream):
    """A connection over which these bytes come, read by read, and then its end."""

    def __init__(self, reads: Iterable[bytes]) -> None:
        self.reads = iter(reads)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return next(self.reads, b"")

    def write(self, buffer: bytes, timeout: float | None = None) -> None: ...

    def close(self) -> None: ...

    def get_extra_info(self, info: str) -> Any:
        return None


class AsyncReads(httpcore2.AsyncNetworkStream):
    """The same on an event loop, which has never to wait."""

    def __init__(self, reads: Iterable[bytes]) -> None:
        self.reads = iter(reads)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - the base has it
        return next(self.reads, b"")

    async def write(self, buffer: bytes, timeout: float | None = None) -> None: ...  # noqa: ASYNC109 - the base has it

    def get_extra_info(self, info: str) -> Any:
        return None


class OnLoop:
    """An async connection, read as a blocking one."""

    def __init__(self, reads: Iterable[bytes]) -> None:
        self.stream = AsyncStream(AsyncReads(reads))

    @property
    def has_chunks(self) -> bool:
        return self.stream.has_chunks

    def read(self, max_bytes: int) -> bytes:
        return run_blocking(self.stream.read(max_bytes))

    def read_content(self, timeout: float | None) -> bytes | None:
        return run_blocking(self.stream.read_content(timeout))


def blocking(reads: Iterable[bytes]) -> BlockingStream:
    return BlockingStream(Reads(reads))


Open = Callable[[Iterable[bytes]], Any]
both = pytest.mark.parametrize("opened", [blocking, OnLoop], ids=["sync", "async"])


def contents(stream: Any) -> Iterator[bytes]:
    """What is read past h11."""
    while stream.has_chunks and (content := stream.read_content(None)) is not None:
        yield content


def past_h11(reads: Iterable[bytes], opened: Open = blocking) -> tuple[bytes, str, int]:
    """As `seen`: what a client makes of it that reads the content past h11, and leaves all else to it."""
    stream, connection, body = opened(reads), asked(), list[bytes]()
    try:
        while True:
            match connection.next_event():
                case h11.NEED_DATA:
                    connection.receive_data(stream.read(1000))
                case h11.Response():
                    body += contents(stream)
                case h11.Data(data=data):
                    body.append(bytes(data))
                case h11.EndOfMessage():
                    return b"".join(body), "whole", len(body)
    except h11.RemoteProtocolError:
        return b"".join(body), "no HTTP", len(body)


def cut(reply: bytes, sizes: list[int]) -> list[bytes]:
    """The reply as reads of these sizes, again and again."""
    reads: list[bytes] = []
    at = 0
    while at < len(reply):
        size = sizes[len(reads) % len(sizes)]
        reads.append(reply[at : at + size])
        at += size
    return reads


@both
def test_the_lines_of_one_read_become_one_piece(opened: Open) -> None:
    lines = [b'{"line": %d}\n' % number for number in range(64)]
    read = HEAD + b"".join(map(chunk, lines)) + END
    assert seen([read])[2] == 64
    assert past_h11([read], opened) == (b"".join(lines), "whole", 1)


def test_what_has_come_of_a_chunk_is_not_held_back() -> None:
    stream = blocking(
        [HEAD + b"5\r\nhel", b"l", b"o", *(bytes([byte]) for byte in b"\r\n3\r\n"), b"abc\r\n0\r", b"\n\r\n"]
    )
    assert stream.read(1000) == HEAD
    assert list(contents(stream)) == [b"hel", b"l", b"o", b"abc"]
    assert stream.read(1000) == END


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
@both
def test_what_is_no_plain_chunk_is_left_to_h11(body: bytes, size: int, opened: Open) -> None:
    reads = cut(HEAD + body, [size])
    assert past_h11(reads, opened)[:2] == seen(reads)[:2]


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
        stream = blocking(cut(reply, [size]))
        for read in cut(reply, [size]):
            assert stream.read(1000) == read
            assert not stream.has_chunks


def test_a_reply_may_be_announced_before_it_comes() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    read = early + HEAD + chunk(b"a") + chunk(b"b") + END
    for size in (1, 10, 1000):
        assert past_h11(cut(read, [size]))[:2] == (b"ab", "whole")
    assert past_h11([read])[2] == 1


def test_each_request_begins_anew() -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
    in_chunks = HEAD + chunk(b"a") + chunk(b"b") + END
    stream = blocking([in_chunks, whole, HEAD + b"5\r\nhe", in_chunks])
    for head, content in ((HEAD, [b"ab"]), (whole, []), (HEAD, [b"he"]), (HEAD, [b"ab"])):
        stream.write(b"")
        assert stream.read(1000) == head
        assert list(islice(contents(stream), len(content))) == content


def test_the_end_of_a_connection_stays_its_end() -> None:
    stream = blocking([HEAD + b"5\r\nhe", b"", b"what is no part of it"])
    assert stream.read(1000) == HEAD
    assert list(contents(stream)) == [b"he"]
    assert [stream.read(1000) for _ in range(2)] == [b"", b""]


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
    for opened in (blocking, OnLoop):
        assert past_h11(reads, opened)[:2] == seen(reads)[:2]
        assert past_h11(reads, opened)[2] <= seen(reads)[2]
