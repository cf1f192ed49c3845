"""Network backends: sockets for httpcore2 from which the content of a chunked reply is read directly.

httpcore2 sends the request and reads the head of its reply; a body that is chunked is read past it and h11, and what
is no plain chunk, the last one among it, they get to read again. They know nothing of it: to them the body is empty.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, TypeVar

import httpcore2

from .chunks import ChunkedBody, HeadWatcher

T = TypeVar("T")
_READ_BYTES = 64 * 1024
"""As httpcore2 reads."""


class BlockingBackend(httpcore2.SyncBackend):
    """Sockets that block the thread."""

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        return BlockingStream(super().connect_tcp(*args, **kwargs))


class AsyncBackend(httpcore2.AnyIOBackend):
    """Sockets of the running event loop."""

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        return AsyncStream(await super().connect_tcp(*args, **kwargs))


class _Reading:
    """What is being read of a reply: its head, its chunks, or what is left to h11."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A request goes out: what comes next is the head of its reply."""
        self._head: HeadWatcher | None = None
        self._watches = True  # for the end of the head
        self._raw = b""  # what was read and nobody has had
        self._has_ended = False  # the other side sends no more
        self.body: ChunkedBody | None = None

    def raw(self) -> bytes | None:
        """What was read already, if there is such."""
        raw, self._raw = self._raw, b""
        return raw or (b"" if self._has_ended else None)

    def for_h11(self, data: bytes) -> bytes:
        """What h11 is to have of the bytes of one read."""
        if not self._watches:
            return data
        self._head = self._head or HeadWatcher()
        at = self._head.feed(data)
        self._watches = not self._head.is_over
        if at is None:
            return data
        self.body, self._raw = ChunkedBody(), data[at:]
        return data[:at]

    def content(self, body: ChunkedBody, data: bytes) -> bytes:
        """The content in the bytes of one read; afterwards `body` is `None` if the rest is h11's."""
        content = body.take(data)
        if body.rest or not data:
            self._raw, self._has_ended, self.body = body.rest, not data, None
        return content


class BlockingStream(httpcore2.NetworkStream):
    """A connection that blocks the thread."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        self._reading = _Reading()
        sock = stream.get_extra_info("socket")
        # httpcore2's own stream makes a context manager and a table of exceptions for each read.
        self._socket: socket.socket | None = sock if type(sock) is socket.socket else None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """For h11: the head, and whatever is no plain chunk."""
        raw = self._reading.raw()
        return self._reading.for_h11(self._stream.read(max_bytes, timeout)) if raw is None else raw

    @property
    def has_chunks(self) -> bool:
        """Whether a chunked body follows the head that was read."""
        return self._reading.body is not None

    def read_content(self, timeout: float | None) -> bytes | None:
        """Content of the chunked body; `None` when the rest is h11's to read."""
        reading = self._reading
        while (body := reading.body) is not None:
            data = reading.raw()
            if data is None:
                data = self._receive(timeout)
            if content := reading.content(body, data):
                return content
        return None

    def _receive(self, timeout: float | None) -> bytes:
        if self._socket is None:
            return self._stream.read(_READ_BYTES, timeout)
        try:
            return self._socket.recv(_READ_BYTES)  # with the timeout that reading the head has set
        except TimeoutError as cause:
            raise httpcore2.ReadTimeout(cause) from cause
        except OSError as cause:
            raise httpcore2.ReadError(cause) from cause

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._reading.begin()
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        # A thread that waits in a read goes on waiting when its socket is closed, but not when it is shut.
        with suppress(OSError):
            self.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._stream.close()

    def start_tls(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        return BlockingStream(self._stream.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class AsyncStream(httpcore2.AsyncNetworkStream):
    """The same on an event loop."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._reading = _Reading()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - the base has it
        """For h11: the head, and whatever is no plain chunk."""
        raw = self._reading.raw()
        return self._reading.for_h11(await self._receive(max_bytes, timeout)) if raw is None else raw

    @property
    def has_chunks(self) -> bool:
        """Whether a chunked body follows the head that was read."""
        return self._reading.body is not None

    async def read_content(self, timeout: float | None) -> bytes | None:  # noqa: ASYNC109 - as `read`
        """Content of the chunked body; `None` when the rest is h11's to read."""
        reading = self._reading
        while (body := reading.body) is not None:
            data = reading.raw()
            if data is None:
                data = await self._receive(_READ_BYTES, timeout)
            if content := reading.content(body, data):
                return content
        return None

    async def _receive(self, max_bytes: int, timeout: float | None) -> bytes:  # noqa: ASYNC109 - as `read`
        return await _with_read_error(self._stream.read(max_bytes, timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the base has it
        self._reading.begin()
        await _with_read_error(self._stream.write(buffer, timeout))

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        return AsyncStream(await self._stream.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


async def _with_read_error(step: Awaitable[T]) -> T:
    """What TLS says in mid-connection, such as that a client certificate is missing; httpcore2 lets it through bare."""
    try:
        return await step
    except ssl.SSLError as cause:
        raise httpcore2.ReadError(str(cause)) from cause
