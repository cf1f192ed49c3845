"""Open connections to Ollama: re-used, one set for each event loop, none of them in a copy, a pickle or a fork."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import urllib.request
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import _http as httpx
from . import errors
from ._address import Address

if TYPE_CHECKING:
    _Kept = tuple[httpx.AsyncClient, AsyncGenerator[None, None]]

_closing: dict[httpx.AsyncClient, tuple[object, ...]] = {}
"""Clients that are being closed, with keeper and task, which a loop holds weakly only. A loop that ends cancels the
task, perhaps before its first step, and then ends the keeper."""


@dataclass(frozen=True)
class Target:
    """Where to send, as whom, and which certificates to trust."""

    address: Address
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    verify: bool | str = True


class Connections:
    """Open connections of one object: re-used, one set for each event loop; copies and pickles start with none."""

    def __init__(self) -> None:
        self._blocking: dict[Target, httpx.Client] = {}
        self._loops: dict[asyncio.AbstractEventLoop, dict[Target, _Kept]] = {}
        self._start_afresh()

    def __reduce__(self) -> tuple[type[Connections], tuple[()]]:
        return Connections, ()

    def __deepcopy__(self, memo: dict[int, Any]) -> Connections:
        return Connections()

    def __del__(self) -> None:
        if getattr(self, "_pid", None) == os.getpid():
            self.close()

    def blocking(self, target: Target) -> httpx.Client:
        self._notice_fork()
        with self._lock:
            if target not in self._blocking:
                self._blocking[target] = httpx.Client(**_client_settings(target))
            return self._blocking[target]

    async def on_loop(self, target: Target) -> httpx.AsyncClient:
        self._notice_fork()
        loop = asyncio.get_running_loop()
        with self._lock:
            for other in [known for known in self._loops if known.is_closed()]:
                del self._loops[other]
            clients = self._loops.setdefault(loop, {})
            if target in clients:
                return clients[target][0]
            client = httpx.AsyncClient(**_client_settings(target))
            keeper = _keep(client)
            clients[target] = client, keeper
        await anext(keeper)
        return client

    def close(self) -> None:
        """Close every connection; those of other event loops as soon as these come to it."""
        with self._lock:
            blocking, loops = self._blocking, self._loops
            self._blocking, self._loops = {}, {}
        for client in blocking.values():
            client.close()
        for loop, clients in loops.items():
            for kept, keeper in clients.values():
                if not loop.is_closed():
                    _closing[kept] = (keeper,)
                    with suppress(RuntimeError):  # the loop was closed in the same moment, and they with it
                        loop.call_soon_threadsafe(_begin_to_end, loop, kept)

    async def aclose(self) -> None:
        """Close every connection, and wait for those of the running event loop."""
        with self._lock:
            mine = self._loops.pop(asyncio.get_running_loop(), {})
        for _, keeper in mine.values():
            await keeper.aclose()
        self.close()

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():  # the sockets, and perhaps a held lock, belong to the parent
            self._start_afresh()

    def _start_afresh(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._blocking = {}
        self._loops = {}


async def _keep(client: httpx.AsyncClient) -> AsyncGenerator[None, None]:
    """Closes a client with its loop: `asyncio.run` ends the generators that were begun on it, and so does dropping."""
    try:
        yield
    finally:
        await _end(client)


def _begin_to_end(loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient) -> None:
    _closing[client] = (*_closing.get(client, ()), loop.create_task(_end(client)))


async def _end(client: httpx.AsyncClient) -> None:
    await client.aclose()
    _closing.pop(client, None)


def _client_settings(target: Target) -> dict[str, Any]:
    """A TLS context costs 20 ms: none for plain http, unless a proxy may want one. Loopback never goes through one."""
    trust_env = not target.address.is_loopback
    verify: bool | ssl.SSLContext = False
    if target.address.is_https or (trust_env and urllib.request.getproxies()):
        verify = _context(target.verify) if isinstance(target.verify, str) else target.verify
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=30.0)
    return {"verify": verify, "trust_env": trust_env, "limits": limits, "follow_redirects": False}


def _context(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as cause:
        raise errors.ConnectionFailedError(
            f"verify is {ca_file!r}, which is no file of certificates ({cause}). It takes the path of a CA file in PEM."
        ) from cause
