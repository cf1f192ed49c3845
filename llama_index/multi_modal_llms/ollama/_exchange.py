"""A reply that is coming in: its status and headers at once, its lines as they arrive, and its end at any time."""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from . import _http as httpcore2
from . import errors
from ._clock import Clock, within
from ._connections import Connections
from ._faults import translation

if TYPE_CHECKING:
    from ._pool import Pool

_UNPACKED = ("gzip", "x-gzip", "deflate")


class LineSplitter:
    """Bytes as they arrive -> lines, split on `\\n` only: Ollama sends U+0085 and U+2028 raw, inside of strings."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._rest:
            lines[0] = b"".join(self._rest) + lines[0]
            self._rest.clear()
        if rest:
            self._rest.append(rest)
        return lines

    def end(self) -> list[bytes]:
        """What came after the last newline: a whole reply, or the last line of some servers."""
        rest = b"".join(self._rest)
        self._rest.clear()
        return [rest] if rest else []


class Exchange:
    """A reply whose status and headers are here, and whose lines are coming."""

    def __init__(
        self, response: httpcore2.Response, connection: Any, pool: Pool, connections: Connections, clock: Clock
    ) -> None:
        self.status = response.status
        self.headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        self._stream: Any = response.stream
        self._taken = [connection]
        self._pool = pool
        self._connections = connections  # they close when nobody holds them: not before the reply is over
        self._clock = clock
        self._splitter = LineSplitter()
        packed = self.headers.get("content-encoding", "").lower() in _UNPACKED
        self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None
        self._ended = False

    async def lines(self) -> list[bytes] | None:
        """The lines that one more read brings, without their newlines, perhaps none; `None` at the end."""
        if self._ended:
            return None
        piece = await self._piece()
        if piece is None:
            self._ended = True
            return self._splitter.end()
        return self._splitter.feed(piece)

    async def body(self) -> bytes:
        """All that is left, for replies that are one object."""
        pieces = []
        while (piece := await self._piece()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    async def _piece(self) -> bytes | None:
        raise NotImplementedError

    async def close(self) -> None:
        """End the reply; on a server that is still answering, this stops it. May be called at any time, and again."""
        raise NotImplementedError

    def _unpacked(self, piece: bytes | None) -> bytes | None:
        """We ask for nothing compressed; some proxies do it all the same."""
        if self._unpacker is None or piece is None:
            return piece
        try:
            return self._unpacker.decompress(piece)
        except zlib.error as cause:
            raise errors.BadReplyError(
                f"The reply of {self._pool.target.place} is compressed, and damaged: {cause}"
            ) from cause

    def _lost(self, cause: Exception) -> errors.OllamaMultiModalError:
        return translation(cause, self._pool.target, self._clock, began=True)

    def _unwanted(self) -> list[Any]:
        """The connection, if it cannot be used again: the caller closes it."""
        with suppress(IndexError):
            connection = self._taken.pop()
            if not self._pool.give_back(connection):
                return [connection]
        return []


class BlockingExchange(Exchange):
    def __init__(
        self, response: httpcore2.Response, connection: Any, pool: Pool, connections: Connections, clock: Clock
    ) -> None:
        super().__init__(response, connection, pool, connections, clock)
        self._pieces: Iterator[bytes] = iter(self._stream)
        self._socket_of = response.extensions["network_stream"]
        self._alarm: threading.Timer | None = None
        if clock.remaining is not None:
            # A blocked read ends after a silence, not at a time of day: at the deadline its socket is shut.
            self._alarm = threading.Timer(clock.remaining, self._shut)
            self._alarm.daemon = True
            self._alarm.start()

    async def _piece(self) -> bytes | None:
        self._clock.check()  # an answer that never falls silent never blocks
        try:
            return self._unpacked(next(self._pieces, None))
        except httpcore2.faults() as cause:
            raise self._lost(cause) from cause

    async def close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._stream.close()
        for connection in self._unwanted():
            connection.close()

    def _shut(self) -> None:
        with suppress(OSError):  # it was closed in the same moment
            self._socket_of.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


class LoopExchange(Exchange):
    def __init__(
        self, response: httpcore2.Response, connection: Any, pool: Pool, connections: Connections, clock: Clock
    ) -> None:
        super().__init__(response, connection, pool, connections, clock)
        self._pieces: AsyncIterator[bytes] = aiter(self._stream)

    async def _piece(self) -> bytes | None:
        try:
            if self._clock.ends_at is None:
                return self._unpacked(await anext(self._pieces, None))
            return self._unpacked(await within(self._clock, anext(self._pieces, None)))
        except httpcore2.faults() as cause:
            raise self._lost(cause) from cause

    async def close(self) -> None:
        await self._stream.aclose()
        for connection in self._unwanted():
            await connection.aclose()
