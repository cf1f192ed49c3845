"""A server of bare sockets: sends exactly these bytes in exactly these pieces, and sees when the peer leaves."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import Gate

SOON = 20.0
"""Seconds that an event may take to come; reached only by a failing test."""


@dataclass(frozen=True)
class Signal:
    name: str


HOLD = Signal("say nothing more until the peer leaves")
CLOSE = Signal("close the connection in good order")
RESET = Signal("close it with a RST")
Step = bytes | Gate | Signal | Callable[[], Any]


@dataclass
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    length: int
    connection: int
    left: threading.Event = field(default_factory=threading.Event)
    """The peer closed the connection before the reply was all sent."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def head(status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


END = b"0\r\n\r\n"
NDJSON = {"content-type": "application/x-ndjson", "transfer-encoding": "chunked"}


def reply(status: int = 200, body: Any = b"", headers: Mapping[str, str] | None = None) -> list[Step]:
    """A whole reply; a body that is neither bytes nor text is JSON."""
    is_json = not isinstance(body, (bytes, str))
    data = json.dumps(body).encode() if is_json else body if isinstance(body, bytes) else body.encode()
    kind = {"content-type": "application/json; charset=utf-8"} if is_json else {}
    return [head(status, {**kind, **(headers or {}), "content-length": str(len(data))}), data]


def stream(*lines: Any, end: Sequence[Step] = (END,)) -> list[Step]:
    """A streamed reply: objects become lines; bytes go as they are; gates and signals stand between them."""
    steps: list[Step] = [head(200, NDJSON)]
    for line in lines:
        if isinstance(line, (Gate, Signal)) or callable(line):
            steps.append(line)
        else:
            steps.append(chunk(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"))
    return [*steps, *end]


def part(endpoint: str, text: str = "", **more: Any) -> dict[str, Any]:
    """One line of an answer, in the endpoint's form."""
    base = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}
    if endpoint.endswith("chat"):
        inner = {name: more.pop(name) for name in ("thinking", "tool_calls") if name in more}
        return {**base, "message": {"role": "assistant", "content": text, **inner}, "done": False, **more}
    return {**base, "response": text, "done": False, **more}


def last(endpoint: str, text: str = "", **more: Any) -> dict[str, Any]:
    """The last line of an answer."""
    ending = {"done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 3}
    return {**part(endpoint, text), **ending, **more}


def answer(endpoint: str, *texts: str) -> list[Step]:
    """A streamed answer in these pieces."""
    return stream(*(part(endpoint, text) for text in texts), last(endpoint))


SHOW = {
    "capabilities": ["completion", "vision", "tools", "thinking", "insert", "audio"],
    "model_info": {"general.architecture": "gemma3", "gemma3.context_length": 131072},
    "details": {},
}
ROUTES: dict[str, Sequence[Step]] = {
    "/api/show": reply(200, SHOW),
    "/api/version": reply(200, {"version": "0.13.0"}),
    "/api/tags": reply(200, {"models": []}),
    "/api/ps": reply(200, {"models": []}),
}
"""What the side questions get unless a test says otherwise."""
Script = Sequence[Step]
Scripted = Iterable[Script] | Callable[[Seen], Script]


class WireServer:
    """Listens on a free port of this machine, one thread for each connection.

    `script` is what requests for an answer get: one script each, the last again and again, or a function.
    """

    def __init__(
        self,
        *script: Script,
        answers: Callable[[Seen], Script] | None = None,
        routes: Mapping[str, Script | Callable[[Seen], Script]] | None = None,
        tls: ssl.SSLContext | None = None,
        prefix: str = "",
        keep_bodies: bool = True,
    ) -> None:
        self._script = list(script)
        self._answers = answers
        self._routes = {**ROUTES, **(routes or {})}
        self._tls = tls
        self._prefix = prefix
        self._keep_bodies = keep_bodies
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}{prefix}"
        self.accepted = 0
        self.requests: list[Seen] = []
        self.all_closed = threading.Condition(self._lock)

    @property
    def asked(self) -> list[Seen]:
        """The requests for an answer."""
        return [seen for seen in self.requests if seen.path.endswith(("/api/chat", "/api/generate"))]

    @property
    def open_connections(self) -> int:
        with self._lock:
            return len(self._sockets)

    def wait_until_closed(self) -> bool:
        """Whether every connection was closed by its peer, soon."""
        with self.all_closed:
            return self.all_closed.wait_for(lambda: not self._sockets, SOON)

    def __enter__(self) -> WireServer:
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in [self._accepting, *self._threads]:
            thread.join(SOON)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.accepted += 1
                number = self.accepted
                self._sockets.add(connection)
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=self._serve, args=(connection, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        raw = connection
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            while (seen := self._read(connection, number)) is not None:
                if not self._answer(connection, seen):
                    return
        except OSError:
            pass
        finally:
            connection.close()
            raw.close()
            with self.all_closed:
                self._sockets.discard(raw)
                self.all_closed.notify_all()

    def _read(self, connection: socket.socket, number: int) -> Seen | None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return None
            data += more
        top, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = top.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        expected = int(headers.get("content-length", "0"))
        pieces, length = [rest] if self._keep_bodies else [], len(rest)
        while length < expected:
            more = connection.recv(65536)
            if not more:
                return None
            length += len(more)
            if self._keep_bodies:
                pieces.append(more)
        seen = Seen(method, path, headers, b"".join(pieces), length, number)
        with self._lock:
            self.requests.append(seen)
        return seen

    def _script_for(self, seen: Seen) -> Script:
        path = seen.path.removeprefix(self._prefix)
        if path in self._routes:
            found = self._routes[path]
            return found(seen) if callable(found) else found
        if self._answers is not None:
            return self._answers(seen)
        with self._lock:
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    def _answer(self, connection: socket.socket, seen: Seen) -> bool:
        """Whether the connection lives on."""
        try:
            for step in self._script_for(seen):
                if isinstance(step, bytes):
                    connection.sendall(step)
                elif isinstance(step, Gate):
                    if not _passes(connection, step):
                        seen.left.set()
                        return False
                elif step is HOLD:
                    select.select([connection], [], [])
                    seen.left.set()
                    return False
                elif step is CLOSE:
                    return False
                elif step is RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return False
                elif callable(step):
                    step()
        except OSError:
            seen.left.set()
            return False
        return True


def _passes(connection: socket.socket, gate: Gate) -> bool:
    """Wait for the gate; `False` when the peer left first."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # Windows' own has no add_reader
        if runner.run(_opens_before_word_comes(connection, gate)):
            return True
    with suppress(OSError):
        return connection.recv(1) != b""
    return False


async def _opens_before_word_comes(connection: socket.socket, gate: Gate) -> bool:
    word = asyncio.Event()
    asyncio.get_running_loop().add_reader(connection, word.set)
    opens, comes = asyncio.create_task(gate.passed()), asyncio.create_task(word.wait())
    try:
        await asyncio.wait([opens, comes], return_when=asyncio.FIRST_COMPLETED)
        return opens.done() and not comes.done()
    finally:
        asyncio.get_running_loop().remove_reader(connection)
        opens.cancel()
        comes.cancel()


def client(server: WireServer | str, **settings: Any) -> OllamaMultiModal:
    """The client on that server, without retries or questions unless a test wants them."""
    url = server if isinstance(server, str) else server.url
    return OllamaMultiModal(
        **{"model": "m", "base_url": url, "check_capabilities": False, "max_retries": 0, **settings}
    )
