"""Runs an ASGI application on uvicorn, in a thread of its own."""

from __future__ import annotations

import asyncio
import atexit
import logging
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .middleware import Middleware

_LOG = logging.getLogger("ollama_embedded")
Self = TypeVar("Self", bound="Service")


class Service:
    """Something that listens from `start()` to `close()`, or inside a `with` statement."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._running: RunningServer | None = None

    def _middleware(self) -> Middleware:
        """The application for one time of listening."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """Where it listens. An error before `start()`."""
        if self._running is None:
            raise RuntimeError("the embedded server is not running: use it in a `with` statement, or call start()")
        return self._running.url

    def start(self: Self) -> Self:
        """Listen; returns when requests are served."""
        if self._running is None:
            self._running = RunningServer(self._middleware(), self._host, self._port)
            atexit.register(self.close)
        return self

    def close(self) -> None:
        """Stop every answer, close every connection, give the memory back. May be called twice."""
        running, self._running = self._running, None
        if running is not None:
            atexit.unregister(self.close)
            running.stop()

    def __enter__(self: Self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RunningServer:
    """A listening server and its thread."""

    def __init__(self, app: Middleware, host: str, port: int) -> None:
        self._socket = _listen(host, port)
        address, number = self._socket.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        self.url = f"http://{shown}:{number}"
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
        )
        self._server = _Server(config, app)
        self._thread = threading.Thread(target=self._serve, name="ollama-embedded", daemon=True)
        self._thread.start()
        self._server.ready.wait()

    def stop(self) -> None:
        self._server.leave()
        self._thread.join()

    def _serve(self) -> None:
        try:
            asyncio.run(self._server.serve([self._socket]))
        finally:
            self._socket.close()
            self._server.ready.set()


class _Server(uvicorn.Server):
    """A uvicorn that says when it is ready and leaves at once when told to."""

    def __init__(self, config: uvicorn.Config, app: Middleware) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._app = app
        self._leaving = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def leave(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leaving.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        counter = 0
        while not self._leaving.is_set() and not await self.on_tick(counter):
            # Ten ticks of uvicorn are a second: then it renews the Date header.
            counter += 10
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), timeout=1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Nothing is worth waiting for: uvicorn's own way down takes a tenth of a second at least.
        for listener in self.servers:
            listener.close()
        await self._app.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class _Protocol(H11Protocol):
    """HTTP whose faults may close the connection under the application."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _LOG
        inner = self.app

        async def with_hang_up(scope: Any, receive: Any, send: Any) -> None:
            scope["hang_up"] = lambda: self.transport.close()
            await inner(scope, receive, send)

        self.app = with_hang_up


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that the port is known, or taken, before any thread starts."""
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, proto)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener
