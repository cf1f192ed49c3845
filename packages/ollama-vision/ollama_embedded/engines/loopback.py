"""A small HTTP/1.1 client for a server on the loopback: a connection for each request, asyncio's streams and h11.

A general client costs this server more than llama.cpp's own work on a short answer. No connection is used again:
llama.cpp closes idle ones, now and then while the next request is on its way, and each holds one of its threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import h11

_PIECE = 64 * 1024


class ConnectionLost(Exception):
    """The server is gone, or went before its reply was whole."""


class LoopbackReply:
    """A reply whose body is still coming."""

    def __init__(self, status: int, events: AsyncGenerator[h11.Event, None]) -> None:
        self.status = status
        self._events = events

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        async for event in self._events:
            if isinstance(event, h11.Data):
                yield bytes(event.data)

    async def read(self) -> bytes:
        """All of the body."""
        return b"".join([piece async for piece in self.pieces()])


class LoopbackClient:
    """Asks one server, at the address of a URL."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        place = urlsplit(url)
        self._host, self._port = place.hostname or "127.0.0.1", place.port or 80
        self._headers = {"Host": place.netloc, "Connection": "close", **headers}

    async def ask(self, method: str, path: str, content: bytes = b"") -> tuple[int, bytes]:
        """Status and body of a reply; raises `ConnectionLost`."""
        async with self.stream(method, path, content) as reply:
            return reply.status, await reply.read()

    @asynccontextmanager
    async def stream(self, method: str, path: str, content: bytes = b"") -> AsyncIterator[LoopbackReply]:
        """The reply from its headers on. Leaving it closes the connection; raises `ConnectionLost`, inside too."""
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port)
            try:
                http = h11.Connection(h11.CLIENT)
                writer.write(self._request(http, method, path, content))
                events = _events(http, reader)
                head = await anext(events)
                if not isinstance(head, h11.Response):
                    raise ConnectionLost(f"no reply to {path}")
                yield LoopbackReply(head.status_code, events)
            finally:
                writer.transport.abort()
        except (OSError, h11.ProtocolError) as fault:
            raise ConnectionLost(str(fault)) from fault

    def _request(self, http: h11.Connection, method: str, path: str, content: bytes) -> bytes:
        """All of it, for one write."""
        headers = {**self._headers, "Content-Type": "application/json", "Content-Length": str(len(content))}
        request = h11.Request(method=method, target=path, headers=list(headers.items()))
        sent = (http.send(request), http.send(h11.Data(content)), http.send(h11.EndOfMessage()))
        return b"".join(each for each in sent if each)


async def _events(http: h11.Connection, reader: asyncio.StreamReader) -> AsyncGenerator[h11.Event, None]:
    """The reply's headers, then its body, until its end."""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(_PIECE))
        elif isinstance(event, h11.EndOfMessage):
            return
        elif isinstance(event, h11.Response | h11.Data):
            yield event
        elif isinstance(event, h11.ConnectionClosed):
            raise ConnectionLost("closed before the reply")
