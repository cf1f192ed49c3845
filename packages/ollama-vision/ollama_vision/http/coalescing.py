"""Network backends (sockets) that coalesce HTTP chunks: the small chunks of one read reach h11 as one.

Ollama sends each line of an answer as a chunk of its own. h11, with what stands on it, takes 8 us for a chunk: more
than parsing the line and making a response of it. Joined before h11 sees them, the lines of one read are one chunk.
It pays when the reader is slower than the server, or behind a proxy that buffers; a line that comes alone costs 1.5 us
more.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

import httpcore2

T = TypeVar("T")

_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE)
_INTERIM: Final = re.compile(rb"HTTP/1\.[01] 1\d\d")
_SIZE: Final = re.compile(rb"\r\n([0-9A-Fa-f]{1,15})\r\n")
"""The end of the chunk before, and the size of this one."""
_PART_OF_A_SIZE: Final = re.compile(rb"(?:\r(?:\n(?:[0-9A-Fa-f]{1,15}\r?)?)?)?")
_LONGEST_HEAD: Final = 64 * 1024


class ChunkJoiner:
    """Stands between a socket and h11.

    The last chunk, and whatever is no plain chunk, goes through as it came, and so does all that follows: whether
    that is HTTP, h11 alone decides.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A request goes out: what comes next is the head of its reply."""
        self._head = b""
        self._step = self._through_head
        self._left = 0  # bytes of a chunk that are still to come
        self._rest = b"\r\n"  # framing that came without what follows it; as if a chunk had ended before the first

    def feed(self, data: bytes) -> bytes:
        """What h11 is to have of the bytes of one read; perhaps nothing yet."""
        return self._step(data)

    def _through_head(self, data: bytes) -> bytes:
        held = self._head + data
        end = held.find(b"\r\n\r\n")
        while end >= 0 and _INTERIM.match(held):
            held = held[end + 4 :]
            end = held.find(b"\r\n\r\n")
        if end < 0:
            self._head = held
            if len(held) > _LONGEST_HEAD:
                self._step = _pass_through
            return data
        if not _CHUNKED.search(held, 0, end + 4):
            self._step = _pass_through
            return data
        self._step = self._coalesce
        body = held[end + 4 :]
        return data[: len(data) - len(body)] + self._coalesce(body)

    def _coalesce(self, data: bytes) -> bytes:
        contents = []
        if self._left:
            at = min(self._left, len(data))
            contents.append(data[:at])
            self._left -= at
        else:
            data = self._rest + data
            at = 0
        self._rest = b""
        while not self._left:
            size = _SIZE.match(data, at)
            length = int(size[1], 16) if size else 0
            if not size or not length:
                return _chunk(contents) + self._pass_framing(data[at:])
            start = size.end()
            at = start + length
            contents.append(data[start:at])
            self._left = max(0, at - len(data))
        return _chunk(contents)

    def _pass_framing(self, rest: bytes) -> bytes:
        """What stands where a chunk begins and is none yet, or no plain one."""
        if _PART_OF_A_SIZE.fullmatch(rest):
            self._rest = rest
            return b""
        self._step = _pass_through
        # The chunk before has been ended already. One that has no end shall be an error still: an empty size is.
        return rest[2:] if rest.startswith(b"\r\n") else b"\r\n" + rest


def _pass_through(data: bytes) -> bytes:
    return data


def _chunk(contents: list[bytes]) -> bytes:
    body = b"".join(contents)
    return b"%x\r\n%b\r\n" % (len(body), body) if body else b""


class BlockingBackend(httpcore2.SyncBackend):
    """Sockets that block the thread."""

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        return _BlockingStream(super().connect_tcp(*args, **kwargs))


class AsyncBackend(httpcore2.AnyIOBackend):
    """Sockets of the running event loop."""

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        return _AsyncStream(await super().connect_tcp(*args, **kwargs))


class _BlockingStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        self._joiner = ChunkJoiner()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while data := self._stream.read(max_bytes, timeout):
            if joined := self._joiner.feed(data):
                return joined
        return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._joiner.begin()
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        return _BlockingStream(self._stream.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _AsyncStream(httpcore2.AsyncNetworkStream):
    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._joiner = ChunkJoiner()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - the base has it
        while data := await _with_read_error(self._stream.read(max_bytes, timeout)):
            if joined := self._joiner.feed(data):
                return joined
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the base has it
        self._joiner.begin()
        await _with_read_error(self._stream.write(buffer, timeout))

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        return _AsyncStream(await self._stream.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


async def _with_read_error(step: Awaitable[T]) -> T:
    """What TLS says in mid-connection, such as that a client certificate is missing; httpcore2 lets it through bare."""
    try:
        return await step
    except ssl.SSLError as cause:
        raise httpcore2.ReadError(str(cause)) from cause
