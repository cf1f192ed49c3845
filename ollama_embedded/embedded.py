"""EmbeddedOllama: the application on a socket, in a thread of its own."""

from __future__ import annotations

import asyncio
import atexit
import logging
import re
import socket
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .app import OllamaApp
from .arrivals import Arrival
from .doorkeeper import is_loopback
from .engine import Engine
from .faults import Fault

DEMO_FOLDER = Path(__file__).parent / "demo_model"
DEMO_MODEL = DEMO_FOLDER / "shapes-q8_0.gguf"
DEMO_PROJECTOR = DEMO_FOLDER / "shapes-q8_0.mmproj.gguf"
DEMO_NAME = "shapes"
VERSION = "0.12.11"
"""The version that the server says it is, unless told otherwise."""
KEPT_REQUESTS = 1000
_ANSWERING = ("/api/chat", "/api/generate")
_LOG = logging.getLogger("ollama_embedded")

Faults = Iterable[Fault | None] | Mapping[str, Iterable[Fault | None]]


class EmbeddedOllama:
    """A small Ollama in this process, for trying out and for tests.

    >>> with EmbeddedOllama() as server:
    ...     print(server.url, server.model)

    Without arguments it answers with the demo model; `model` and `mmproj` are any GGUF pair, `engine` is any
    engine, `ScriptedEngine` for one. `faults` go one to a request for an answer, in order, `None` for none;
    when they are used up, all is well. A mapping from paths gives other endpoints their own. `aliases` are
    further names of the model. `version` is what /api/version says, `keep_requests` how many `requests`
    remembers.
    """

    def __init__(
        self,
        *,
        model: str | Path | None = None,
        mmproj: str | Path | None = None,
        engine: Engine | None = None,
        faults: Faults = (),
        aliases: Iterable[str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        num_parallel: int = 1,
        version: str = VERSION,
        keep_requests: int = KEPT_REQUESTS,
    ) -> None:
        if engine is not None and model is not None:
            raise TypeError("give EmbeddedOllama a model or an engine, not both")
        if mmproj is not None and model is None:
            raise TypeError("mmproj is the projector of a model: give model as well")
        self._engine = engine or _llama_cpp(model, mmproj, num_parallel)
        self._aliases = tuple(aliases)
        self._faults = _Faults(faults)
        self._host, self._port = host, port
        self._num_parallel, self._version = num_parallel, version
        self._requests: deque[Arrival] = deque(maxlen=keep_requests)
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        """Where it listens. An error before `start()`."""
        if self._running is None:
            raise RuntimeError("the embedded server is not running: use it in a `with` statement, or call start()")
        return self._running.url

    @property
    def model(self) -> str:
        """The name to ask for: "shapes" for the demo model."""
        return self._engine.models[0].name

    @property
    def requests(self) -> list[Arrival]:
        """What arrived, oldest first."""
        return list(self._requests)

    @property
    def asked(self) -> list[Arrival]:
        """What arrived that asks for an answer: at /api/chat and /api/generate."""
        return [request for request in self.requests if request.path in _ANSWERING]

    def start(self) -> EmbeddedOllama:
        """Listen; returns when requests are served."""
        if self._running is None:
            app = OllamaApp(
                self._engine,
                aliases=self._aliases,
                num_parallel=self._num_parallel,
                version=self._version,
                arrived=self._requests.append,
                fault=self._faults.next,
                local_only=is_loopback(self._host),
            )
            self._running = _Running(app, self._host, self._port)
            atexit.register(self.close)
        return self

    def close(self) -> None:
        """Stop every answer, close every connection, give the memory back. May be called twice."""
        running, self._running = self._running, None
        if running is not None:
            atexit.unregister(self.close)
            running.stop()

    def __enter__(self) -> EmbeddedOllama:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Faults:
    """Which request gets which fault."""

    def __init__(self, faults: Faults) -> None:
        scripts = faults if isinstance(faults, Mapping) else dict.fromkeys(_ANSWERING, iter(faults))
        self._scripts = {path: iter(each) for path, each in scripts.items()}

    def next(self, arrival: Arrival) -> Fault | None:
        return next(self._scripts.get(arrival.path, iter(())), None)


class _Running:
    """A listening server and its thread."""

    def __init__(self, app: OllamaApp, host: str, port: int) -> None:
        self._socket = _listening(host, port)
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

    def __init__(self, config: uvicorn.Config, app: OllamaApp) -> None:
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


def _listening(host: str, port: int) -> socket.socket:
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


def _llama_cpp(model: str | Path | None, mmproj: str | Path | None, num_parallel: int) -> Engine:
    from .llama_cpp import LlamaCppEngine

    if model is None:
        # Greedy, as the demo model is meant to be used; one thread is enough for three million weights.
        return LlamaCppEngine(
            DEMO_MODEL,
            DEMO_PROJECTOR,
            name=DEMO_NAME,
            parameters={"temperature": 0},
            num_parallel=num_parallel,
            threads=1,
        )
    path = Path(model)
    projector = None if mmproj is None else Path(mmproj)
    return LlamaCppEngine(path, projector, name=_name_of(path), num_parallel=num_parallel)


def _name_of(path: Path) -> str:
    """A model name from a file name."""
    return re.sub(r"[^a-z0-9_.-]+", "-", path.stem.lower()).strip("-.") or "model"
