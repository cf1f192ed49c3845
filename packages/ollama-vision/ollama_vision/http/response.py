"""An HTTP response that is being read: status and headers at once, its lines as they arrive, its end at any time."""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import httpcore2

from ollama_vision import errors

from .deadline import Deadline, within
from .exceptions import map_exception, raised_by_httpcore
from .lines import LineSplitter
from .target import Target

T = TypeVar("T")
_COMPRESSED = ("gzip", "x-gzip", "deflate")


class Keeper(Protocol):
    """What keeps connections: the pool that this one is of."""

    @property
    def is_closed(self) -> bool: ...

    def give_back(self, connection: Any) -> bool:
        """Keep a connection for the next request; False: it must be closed."""

    def note(self, cause: Exception) -> None:
        """What went wrong with a connection."""


class HttpResponse:
    """A response whose status and headers are here, and whose lines are coming."""

    def __init__(
        self,
        response: httpcore2.Response,
        connection: Any,
        target: Target,
        deadline: Deadline,
        *,
        pool: Keeper,
        held: object,
    ) -> None:
        self.status = response.status
        self.headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        self._stream: Any = response.stream
        self._network_stream: Any = response.extensions["network_stream"]
        self._in_chunks = getattr(self._network_stream, "has_chunks", False)
        self._read_seconds = deadline.timeouts["read"]
        self._taken = [connection]  # a list, because its pop is atomic between threads: one of them releases it
        self._target = target
        self._pool = pool
        self._held = held  # connections close when nobody holds them: not before the response is over
        self._deadline = deadline
        self._splitter = LineSplitter()
        compressed = self.headers.get("content-encoding", "").lower() in _COMPRESSED
        self._decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32) if compressed else None
        self._ended = False
        self._closing = False

    async def lines(self) -> list[bytes] | None:
        """The lines that one more read brings, without their newlines, perhaps none; `None` at the end."""
        if self._ended:
            return None
        chunk = await self._read_chunk()
        if chunk is None:
            if (closed := self._closed_here()) is not None:  # where only the end of a connection ends a body
                raise closed
            self._ended = True
            return self._splitter.end()
        return self._splitter.feed(chunk)

    async def body(self) -> bytes:
        """All that is left, for responses that are one object."""
        chunks = []
        while (chunk := await self._read_chunk()) is not None:
            chunks.append(chunk)
        return b"".join(chunks)

    async def _read_chunk(self) -> bytes | None:
        raise NotImplementedError

    async def close(self) -> None:
        """End the response; a server that is still answering stops. May be called at any time, and again."""
        raise NotImplementedError

    def _decompress(self, chunk: bytes | None) -> bytes | None:
        """We ask for nothing compressed; some proxies do it all the same."""
        if self._decompressor is None or chunk is None:
            return chunk
        try:
            return self._decompressor.decompress(chunk)
        except zlib.error as cause:
            raise errors.BadReplyError(
                f"The reply of {self._target.place} is compressed, and damaged: {cause}"
            ) from cause

    def _map_exception(self, cause: Exception) -> errors.OllamaMultiModalError:
        if (closed := self._closed_here()) is not None:
            return closed
        self._pool.note(cause)
        return map_exception(cause, self._target, self._deadline, began=True)

    def _closed_here(self) -> errors.StreamInterruptedError | None:
        """The error to raise when the caller has closed what is being read: the server did nothing wrong."""
        if self._closing:
            what = "this stream was closed, by close() or aclose(), while another thread or task was reading it"
        elif self._pool.is_closed:
            what = "close() or aclose() of the object that asked closed its connections"
        else:
            return None
        return errors.StreamInterruptedError(
            f"The answer from {self._target.place} was still coming when it was closed on this side: {what}. The text "
            "so far is in partial_text. Read a stream to its end before closing, or leave it unread afterwards."
        )

    def _release(self) -> list[Any]:
        """Return the connection to the pool; gives back what cannot be reused, for the caller to close.

        The pool does no I/O, so that sync and async share it.
        """
        with suppress(IndexError):
            connection = self._taken.pop()
            if not self._pool.give_back(connection):
                return [connection]
        return []


class BlockingResponse(HttpResponse):
    """Read by blocking the thread."""

    def __init__(
        self, response: httpcore2.Response, connection: Any, target: Target, deadline: Deadline, **rest: Any
    ) -> None:
        super().__init__(response, connection, target, deadline, **rest)
        self._chunks: Iterator[bytes] = iter(self._stream)
        self._alarm: threading.Timer | None = None
        if deadline.remaining is not None:
            # A blocked read ends after a silence, not at a time of day: at the deadline its socket is shut.
            self._alarm = threading.Timer(deadline.remaining, self._abort)
            self._alarm.daemon = True
            self._alarm.start()

    async def _read_chunk(self) -> bytes | None:
        self._deadline.check()  # an answer that never falls silent never blocks
        try:
            if self._in_chunks:
                if (content := self._network_stream.read_content(self._read_seconds)) is not None:
                    return self._decompress(content)
                self._in_chunks = False
            return self._decompress(next(self._chunks, None))
        except raised_by_httpcore() as cause:
            raise self._map_exception(cause) from cause

    async def close(self) -> None:
        self._closing = True
        if self._alarm is not None:
            self._alarm.cancel()
        self._stream.close()
        for connection in self._release():
            connection.close()

    def _abort(self) -> None:
        with suppress(OSError):  # it was closed in the same moment
            self._network_stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


class AsyncResponse(HttpResponse):
    """Read on an event loop."""

    def __init__(
        self, response: httpcore2.Response, connection: Any, target: Target, deadline: Deadline, **rest: Any
    ) -> None:
        super().__init__(response, connection, target, deadline, **rest)
        self._chunks: AsyncIterator[bytes] = aiter(self._stream)

    async def _read_chunk(self) -> bytes | None:
        try:
            if self._in_chunks:
                if (content := await self._in_time(self._network_stream.read_content(self._read_seconds))) is not None:
                    return self._decompress(content)
                self._in_chunks = False
            return self._decompress(await self._in_time(anext(self._chunks, None)))
        except raised_by_httpcore() as cause:
            raise self._map_exception(cause) from cause

    def _in_time(self, step: Awaitable[T]) -> Awaitable[T]:
        return step if self._deadline.ends_at is None else within(self._deadline, step)

    async def close(self) -> None:
        self._closing = True
        await self._stream.aclose()
        for connection in self._release():
            await connection.aclose()
