"""The client for llama.cpp's own server: replies of a length, in chunks, until the end; cut ones; leaving early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from ollama_embedded.engines.loopback import ConnectionLost, LoopbackClient

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[LoopbackClient]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield LoopbackClient(f"http://127.0.0.1:{port}", {"Authorization": "Bearer key"})


def says(reply: bytes, heard: list[bytes]) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        heard.extend((head, await reader.readexactly(length)))
        writer.write(reply)
        await writer.drain()
        writer.close()

    return serve


@pytest.mark.parametrize(
    ("reply", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 200, b"hello"),
        (b"HTTP/1.1 500 No\r\nConnection: close\r\n\r\nhello", 500, b"hello"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\n\r\n", 204, b""),
    ],
)
async def test_a_reply_is_read_to_its_end(reply: bytes, status: int, body: bytes) -> None:
    heard: list[bytes] = []
    async with listening(says(reply, heard)) as client:
        assert await client.ask("POST", "/completion", b'{"a": 1}') == (status, body)
    head, sent = heard
    assert head.startswith(b"POST /completion HTTP/1.1\r\n")
    assert b"authorization: bearer key\r\n" in head.lower()
    assert b"connection: close\r\n" in head.lower()
    assert sent == b'{"a": 1}'


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n",
        b"no HTTP at all\r\n\r\n",
    ],
)
async def test_a_reply_that_is_not_whole_is_a_lost_connection(reply: bytes) -> None:
    async with listening(says(reply, [])) as client:
        with pytest.raises(ConnectionLost):
            await client.ask("POST", "/completion", b"{}")


async def test_nobody_there_is_a_lost_connection() -> None:
    async with listening(says(b"", [])) as client:
        pass
    with pytest.raises(ConnectionLost):
        await client.ask("GET", "/props")


async def test_a_reply_is_there_before_its_end_and_leaving_it_closes_the_connection() -> None:
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        with suppress(ConnectionResetError):
            await reader.read()
        left.set()
        writer.close()

    async with listening(serve) as client:
        async with client.stream("POST", "/completion") as reply:
            assert await anext(aiter(reply.pieces())) == b"first"
            assert not left.is_set()
        await asyncio.wait_for(left.wait(), 10)
