"""Connections to one server, of which each carries one request at a time: taken for it, and given back after it."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from . import _http as httpcore2
from . import errors
from ._proxies import Proxy
from ._target import Target
from ._tls import tls_context

_KEPT = 64
"""Idle connections that are kept for the next requests."""
_KEPT_SECONDS = 30.0


class Pool:
    """httpcore2's connections without httpcore2's pool, whose every request looks at every connection.

    The connections are httpcore2's own, to the server itself or through a proxy: blocking ones, or ones of an event
    loop, for which closing is a coroutine. So whoever takes a connection also closes it, when it is told to.
    """

    def __init__(self, target: Target, *, on_loop: bool) -> None:
        from . import _network

        self.target = target
        parts = urlsplit(target.address.url)
        name = parts.hostname or ""
        host = name.encode("ascii" if name.isascii() else "idna")
        self.host = (b"[%b]" % host if b":" in host else host) + (b":%d" % parts.port if parts.port else b"")
        """As the `Host` header has it."""
        self._url = httpcore2.URL(scheme=parts.scheme, host=host, port=parts.port, target=b"/")
        self._path = quote(parts.path, safe="/%!$&'()*+,;=:@~").encode("ascii")
        context = tls_context(target.verify, target.cert) if target.address.is_https else None
        kind = httpcore2.AsyncConnectionPool if on_loop else httpcore2.ConnectionPool
        self._connections: Any = kind(
            ssl_context=context,
            proxy=_proxy(target.proxy),
            keepalive_expiry=_KEPT_SECONDS,
            network_backend=_network.LoopNetwork() if on_loop else _network.BlockingNetwork(),  # type: ignore[arg-type]
        )
        self._open: set[Any] = set()
        self._idle: dict[Any, None] = {}
        self._closed = False
        self._lock = threading.Lock()

    def url(self, path: str) -> httpcore2.URL:
        """The address of one of the server's paths."""
        where = self._url
        return httpcore2.URL(
            scheme=where.scheme, host=where.host, port=where.port, target=self._path + path.encode("ascii")
        )

    def take(self) -> tuple[Any, list[Any]]:
        """A connection for one request, and those that must be closed: their server did so, or they are too old."""
        with self._lock:
            over = [oldest for oldest in list(self._idle)[:1] if oldest.has_expired()]
            for each in over:
                del self._idle[each]
            connection = None
            while connection is None and self._idle:
                newest, _ = self._idle.popitem()
                if newest.has_expired():
                    over.append(newest)
                else:
                    connection = newest
            if connection is None:
                connection = self._connections.create_connection(self._url.origin)
                self._open.add(connection)
            self._open.difference_update(over)
            return connection, over

    def give_back(self, connection: Any) -> bool:
        """Keep a connection for the next request; False: it must be closed."""
        with self._lock:
            if connection.is_idle() and not self._closed and len(self._idle) < _KEPT:
                self._idle[connection] = None
                return True
            self._open.discard(connection)
            return False

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
            "extra: pip install 'llama-index-multi-modal-llms-ollama[socks]'; or go around it with NO_PROXY."
        )
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return httpcore2.Proxy(f"{parts.scheme}://{host}{port}", auth=auth)
