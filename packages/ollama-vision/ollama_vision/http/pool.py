"""A connection pool of one server; each connection carries one request at a time.

The only opener of httpcore2, which costs 15 ms to import: `io` imports this module with the first request.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

import httpcore2

from ollama_vision import errors
from ollama_vision.extras import install_hint

from .backends import AsyncBackend, BlockingBackend
from .deadline import Deadline, within
from .exceptions import map_exception, raised_by_httpcore
from .limits import LoopLimits, executors, in_thread
from .losses import Losses
from .proxies import GO_AROUND, Proxy
from .response import AsyncResponse, BlockingResponse
from .target import Target
from .tls import tls_context

_KEPT = 64
"""Idle connections that are kept for the next requests."""
_KEPT_SECONDS = 30.0
_CODED_IN_PLACE = 192 * 1024
"""Bytes of pictures in memory, of which pybase64 makes text in 15 us: a fifth of what a thread that does it costs."""
_HEADERS = (
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
    ("Content-Type", "application/json"),
    ("User-Agent", "ollama-vision"),
)
"""Sent with each request, unless the caller gives others."""


class Body(Protocol):
    """What is sent to one of the server's paths; the content is made while it is sent, anew for each attempt."""

    @property
    def path(self) -> str: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def content_length(self) -> int: ...
    @property
    def media_bytes(self) -> int:
        """Bytes of pictures and sounds, which have to be coded."""

    @property
    def in_memory(self) -> bool:
        """Whether nothing has to be read for it."""

    def pieces(self) -> Iterator[bytes]: ...


class Pool:
    """httpcore2's connections without httpcore2's pool, whose every request looks at every connection.

    The connections are httpcore2's own, to the server itself or through a proxy: blocking ones, or ones of an event
    loop, for which closing is a coroutine. So whoever takes a connection also closes it, when it is told to. What
    httpx2 adds (cookies, redirects, authentication, an address parsed anew for each request) is what no question to
    Ollama needs, and 0.17 ms of each.
    """

    def __init__(self, target: Target, losses: Losses, *, on_loop: bool) -> None:
        self.target = target
        parts = urlsplit(target.address.url)
        name = parts.hostname or ""
        host = name.encode("ascii" if name.isascii() else "idna")
        host_line = (b"[%b]" % host if b":" in host else host) + (b":%d" % parts.port if parts.port else b"")
        self._url = httpcore2.URL(scheme=parts.scheme, host=host, port=parts.port, target=b"/")
        self._headers = _header_lines(target, host_line)
        """By their names in small letters; the last of a name counts, and a server reads `Host` first."""
        self._path = quote(parts.path, safe="/%!$&'()*+,;=:@~").encode("ascii")
        context = tls_context(target.verify, target.cert) if target.address.is_https else None
        settings: dict[str, Any] = {
            "ssl_context": context,
            "proxy": _proxy(target.proxy),
            "keepalive_expiry": _KEPT_SECONDS,
        }
        self._connections: Any = (
            httpcore2.AsyncConnectionPool(network_backend=AsyncBackend(), **settings)
            if on_loop
            else httpcore2.ConnectionPool(network_backend=BlockingBackend(), **settings)
        )
        self._losses = losses
        self._open: set[Any] = set()
        self._idle: dict[Any, None] = {}
        self._closed = False
        self._lock = threading.Lock()

    def send(self, method: str, body: Body, deadline: Deadline, held: object) -> BlockingResponse:
        """Send a request to one of the server's paths, and wait for status and headers.

        `held` lives as long as the response does.
        """
        pieces = body.pieces()
        content = pieces if deadline.ends_at is None else _with_deadline(pieces, deadline)
        try:
            connection, expired = self._take()
            for each in expired:
                each.close()
            try:
                response = connection.handle_request(self._request(method, body, content, deadline))
            except BaseException:
                self._discard(connection)
                connection.close()
                raise
        except raised_by_httpcore() as cause:
            self.note(cause)
            raise map_exception(cause, self.target, deadline, began=False) from cause
        return BlockingResponse(response, connection, self.target, deadline, pool=self, held=held)

    async def asend(self, method: str, body: Body, deadline: Deadline, held: object) -> AsyncResponse:
        """`send` on an event loop, where nothing is read, and coded only what takes no time (`_CODED_IN_PLACE`).

        Few bodies with larger pictures leave at a time.
        """
        try:
            with ExitStack() as turn:
                content: AsyncIterator[bytes] | bytes
                if body.media_bytes > _CODED_IN_PLACE or not body.in_memory:
                    limits = LoopLimits.this_loop()
                    await within(deadline, limits.uploading.acquire())
                    turn.callback(limits.uploading.release)
                    content = _encode_in_thread(body.pieces(), executors().base64, turn)
                else:
                    content = b"".join(body.pieces())
                connection, expired = self._take()
                try:
                    for each in expired:
                        await each.aclose()
                    request = self._request(method, body, content, deadline)
                    response = await within(deadline, connection.handle_async_request(request))
                except BaseException:
                    self._discard(connection)
                    await connection.aclose()
                    raise
        except raised_by_httpcore() as cause:
            self.note(cause)
            raise map_exception(cause, self.target, deadline, began=False) from cause
        return AsyncResponse(response, connection, self.target, deadline, pool=self, held=held)

    def _request(
        self, method: str, body: Body, content: Iterator[bytes] | AsyncIterator[bytes] | bytes, deadline: Deadline
    ) -> httpcore2.Request:
        length = body.content_length
        named = dict(self._headers)
        for name, value in body.headers.items():
            named[name.lower()] = (name.encode("ascii"), value.encode("ascii"))
        named["content-length"] = (b"Content-Length", b"%d" % length)
        where = self._url
        target = self._path + body.path.encode("ascii")
        return httpcore2.Request(
            method,
            httpcore2.URL(scheme=where.scheme, host=where.host, port=where.port, target=target),
            headers=list(named.values()),
            content=content if length else None,
            extensions={"timeout": deadline.timeouts},
        )

    def _take(self) -> tuple[Any, list[Any]]:
        """A connection for one request, and those that must be closed: their server did so, or they are too old."""
        with self._lock:
            expired = [oldest for oldest in list(self._idle)[:1] if oldest.has_expired()]
            for each in expired:
                del self._idle[each]
            connection = None
            while connection is None and self._idle:
                newest, _ = self._idle.popitem()
                if newest.has_expired():
                    expired.append(newest)
                else:
                    connection = newest
            if connection is None:
                connection = self._connections.create_connection(self._url.origin)
                self._open.add(connection)
            self._open.difference_update(expired)
            if any(_was_cut(each) for each in expired):
                self._losses.add()
            return connection, expired

    def take_lost(self) -> list[Any]:
        """Idle connections that their server has closed, counted as lost; the caller closes them."""
        with self._lock:
            lost = [each for each in self._idle if _was_cut(each)]
            for each in lost:
                del self._idle[each]
            self._open.difference_update(lost)
            if lost:
                self._losses.add()
            return lost

    def note(self, cause: Exception) -> None:
        """Count the connection as lost, if that is what went wrong; a server that is slow is still there."""
        if not isinstance(cause, httpcore2.TimeoutException):
            self._losses.add()

    def give_back(self, connection: Any) -> bool:
        """Keep a connection for the next request; False: it must be closed."""
        with self._lock:
            if connection.is_idle() and not self._closed and len(self._idle) < _KEPT:
                self._idle[connection] = None
                return True
            self._open.discard(connection)
            return False

    @property
    def is_closed(self) -> bool:
        """Whether whoever asked has closed it."""
        return self._closed

    def _discard(self, connection: Any) -> None:
        """Forget a connection over which no response came; the caller closes it."""
        with self._lock:
            self._open.discard(connection)

    def close(self) -> list[Any]:
        """All connections, which must be closed, also those in use; none is kept from now on."""
        with self._lock:
            self._closed = True
            connections, self._open, self._idle = list(self._open), set(), {}
            return connections


def _was_cut(connection: Any) -> bool:
    """Whether an idle connection was closed by its server: `has_expired` says it of ones that are merely old, too."""
    stream = getattr(getattr(connection, "_connection", None), "_network_stream", None)
    return stream is not None and bool(stream.get_extra_info("is_readable"))


def _header_lines(target: Target, host: bytes) -> dict[str, tuple[bytes, bytes]]:
    lines = {"host": (b"Host", host)}
    for name, value in (*_HEADERS, *target.headers):
        lines[name.lower()] = (name.encode("ascii"), value.encode("ascii"))
    return lines


def _with_deadline(pieces: Iterator[bytes], deadline: Deadline) -> Iterator[bytes]:
    for piece in pieces:
        deadline.check()
        yield piece


async def _encode_in_thread(pieces: Iterator[bytes], threads: Executor, turn: ExitStack) -> AsyncIterator[bytes]:
    """Reading and coding a piece of a picture takes about a millisecond: not on the loop. Ends its turn at the gate
    when the last piece is out; the answer may take minutes."""
    while (piece := await in_thread(threads, lambda: next(pieces, None))) is not None:
        yield piece
    turn.close()


def _proxy(proxy: Proxy | None) -> httpcore2.Proxy | None:
    if proxy is None:
        return None
    parts = urlsplit(proxy.url)
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise errors.ConnectionFailedError(
            f"{proxy.first_words} speaks SOCKS, for which a package is not there. Install the "
            f"extra: {install_hint('socks')}; {GO_AROUND}"
        )
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return httpcore2.Proxy(f"{parts.scheme}://{host}{port}", auth=auth)
