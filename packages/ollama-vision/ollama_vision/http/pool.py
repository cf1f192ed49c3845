"""A connection pool of one server; each connection carries one request at a time.

The only opener of httpcore2, which costs 15 ms to import: `_connections` imports this room with the first request.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpcore2

from ollama_vision import errors
from ollama_vision.extras import install_hint

from .coalescing import AsyncBackend, BlockingBackend
from .deadline import Deadline
from .exceptions import map_exceptions
from .proxies import GO_AROUND, Proxy
from .response import AsyncResponse, BlockingResponse, HttpResponse
from .target import Target
from .tls import tls_context

_KEPT = 64
"""Idle connections that are kept for the next requests."""
_KEPT_SECONDS = 30.0
_HEADERS = (
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
    ("Content-Type", "application/json"),
    ("User-Agent", "ollama-vision"),
)
"""Sent with each request, unless the caller gives others."""


class Pool:
    """httpcore2's connections without httpcore2's pool, whose every request looks at every connection.

    The connections are httpcore2's own, to the server itself or through a proxy: blocking ones, or ones of an event
    loop, for which closing is a coroutine. So whoever takes a connection also closes it, when it is told to. What
    httpx2 adds (cookies, redirects, authentication, an address parsed anew for each request) is what no question to
    Ollama needs, and 0.17 ms of each.
    """

    def __init__(self, target: Target, *, on_loop: bool) -> None:
        self.target = target
        parts = urlsplit(target.address.url)
        name = parts.hostname or ""
        host = name.encode("ascii" if name.isascii() else "idna")
        self._host = (b"[%b]" % host if b":" in host else host) + (b":%d" % parts.port if parts.port else b"")
        """As the `Host` header has it."""
        self._url = httpcore2.URL(scheme=parts.scheme, host=host, port=parts.port, target=b"/")
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
        self._response = AsyncResponse if on_loop else BlockingResponse
        self._open: set[Any] = set()
        self._idle: dict[Any, None] = {}
        self._closed = False
        self._lock = threading.Lock()

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        length: int,
        content: Iterator[bytes] | AsyncIterator[bytes] | bytes,
        deadline: Deadline,
    ) -> httpcore2.Request:
        """A request to one of the server's paths; `length` is the content's, in bytes."""
        own = ("Content-Length", str(length))
        named = {
            name.lower(): (name, value) for name, value in (*_HEADERS, *self.target.headers, *headers.items(), own)
        }
        lines = [(name.encode("ascii"), value.encode("ascii")) for name, value in named.values()]
        if "host" not in named:
            lines.insert(0, (b"Host", self._host))
        where = self._url
        return httpcore2.Request(
            method,
            httpcore2.URL(
                scheme=where.scheme, host=where.host, port=where.port, target=self._path + path.encode("ascii")
            ),
            headers=lines,
            content=content if length else None,
            extensions={"timeout": deadline.timeouts()},
        )

    def response(self, response: httpcore2.Response, connection: Any, deadline: Deadline, held: object) -> HttpResponse:
        """What has begun to come over a connection that was taken; `held` lives as long as it does."""
        return self._response(response, connection, self.target, deadline, give_back=self.give_back, held=held)

    def map_exceptions(self, deadline: Deadline) -> AbstractContextManager[None]:
        """httpcore2's exceptions -> ours, until there is a response."""
        return map_exceptions(self.target, deadline)

    def take(self) -> tuple[Any, list[Any]]:
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
            return connection, expired

    def give_back(self, connection: Any) -> bool:
        """Keep a connection for the next request; False: it must be closed."""
        with self._lock:
            if connection.is_idle() and not self._closed and len(self._idle) < _KEPT:
                self._idle[connection] = None
                return True
            self._open.discard(connection)
            return False

    def discard(self, connection: Any) -> None:
        """Forget a connection over which no response came; the caller closes it."""
        with self._lock:
            self._open.discard(connection)

    def close(self) -> list[Any]:
        """All connections, which must be closed, also those in use; none is kept from now on."""
        with self._lock:
            self._closed = True
            connections, self._open, self._idle = list(self._open), set(), {}
            return connections


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
