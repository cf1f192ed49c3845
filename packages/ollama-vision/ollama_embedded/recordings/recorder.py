"""Recorder: a recording reverse proxy between a client and a real server; every byte goes through, and is kept."""

from __future__ import annotations

import codecs
import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx2
from starlette.types import Receive, Scope, Send

from ..faults import leave
from ..http.cors import Origins
from ..http.host_check import is_loopback
from ..http.middleware import Middleware
from ..http.received import ReceivedRequest
from ..http.replies import json_reply
from ..http.service import Service
from ..protocol.openai_replies import DONE
from .transcripts import ANY_BYTES, Exchange, write

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
# The client says where the real server is, how long the body is, and what it can read: text, so that it can be kept.
_NOT_PASSED_UP = _HOP_BY_HOP | {"host", "content-length", "accept-encoding", "expect", "proxy-authorization"}
_NOT_PASSED_DOWN = _HOP_BY_HOP | {"date"}
# Named one by one: a header that nobody thought of may be a cookie or a key.
_KEPT = ("content-type", "content-length", "content-encoding", "transfer-encoding", "allow", "retry-after", "location")
_CONNECT_SECONDS = 10.0


class Recorder(Service):
    """A proxy that records, for `EmbeddedOllama(replay=folder)` to play back.

    >>> with Recorder("http://localhost:11434", "tests/recordings") as recorder:
    ...     OllamaMultiModal(model="gemma3:4b", base_url=recorder.url).complete("Hello")

    Every exchange becomes a file of its own, numbered on from those that are there. Request headers, and with them
    keys and cookies, are passed on and never written down, save a page's Origin: another page is answered otherwise.
    `told` gets a line about each exchange.
    """

    def __init__(
        self,
        server: str,
        folder: str | Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        told: Callable[[str], None] = lambda line: None,
    ) -> None:
        super().__init__(host, port)
        try:
            url = httpx2.URL(server if "://" in server else f"http://{server}")
        except httpx2.InvalidURL as fault:
            raise ValueError(f"{server!r} is not the address of a server: {fault}") from fault
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(f"{server!r} is not the address of a server, such as http://localhost:11434")
        self._server, self._folder, self._told = url, Path(folder), told

    @property
    def server(self) -> str:
        """The real server's address, without the password that it may hold."""
        return _shown(self._server)

    def _middleware(self) -> Middleware:
        self._folder.mkdir(parents=True, exist_ok=True)
        forwarding = _Forwarding(self._server, self._folder, self._told)
        return Middleware(forwarding, local_only=is_loopback(self._host), origins=Origins.of(None), forwards=True)


class _Forwarding:
    """The application: one request up, its reply down, piece by piece."""

    def __init__(self, server: httpx2.URL, folder: Path, told: Callable[[str], None]) -> None:
        self._server, self._folder, self._told = server, folder, told
        self.routes = None
        # A real model may be silent for minutes; a server that is not there shows at once.
        timeout = httpx2.Timeout(None, connect=_CONNECT_SECONDS)
        self._client = httpx2.AsyncClient(timeout=timeout, trust_env=not is_loopback(server.host))
        self._number = max((_number_of(file) for file in folder.glob("*.json")), default=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received: ReceivedRequest = scope["received"]
        request = self._request(received, scope["raw_path"].decode("latin-1"))
        # Numbers are given when requests come: the order of the files is that of the questions.
        self._number += 1
        name = f"{self._number:04d}{re.sub(r'[^a-z0-9]+', '-', received.path.lower()).rstrip('-')}"
        began = time.perf_counter()
        try:
            reply = await self._client.send(request, stream=True)
        except httpx2.TransportError as fault:
            text = f"the recorder gets no answer from {_shown(self._server)}: {fault!r}"
            self._told(text)
            await json_reply({"error": text}, 502)(scope, receive, send)
            return
        async with aclosing(reply):
            kept = _Kept(reply, began)
            try:
                await kept.passed_on(send)
            finally:
                # Also when the client leaves, which cancels this.
                self._keep(name, received, kept.response())
        if kept.error:
            await leave(scope["hang_up"])
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _keep(self, name: str, received: ReceivedRequest, response: dict[str, Any]) -> None:
        path = f"{received.path}?{received.query}" if received.query else received.path
        page = {"origin": received.headers["origin"]} if "origin" in received.headers else {}
        file = write(self._folder, Exchange(name, received.method, path, received.raw, response, page))
        self._told(f"{received.method} {path}: {response['status']}, kept as {file}")

    async def close(self) -> None:
        await self._client.aclose()

    def _request(self, received: ReceivedRequest, path: str) -> httpx2.Request:
        query = f"?{received.query}" if received.query else ""
        url = self._server.copy_with(raw_path=f"{self._server.path.rstrip('/')}{path}{query}".encode("latin-1"))
        made = self._client.build_request(received.method, url, content=received.raw or None)
        headers = {name: text for name, text in received.headers.items() if name not in _NOT_PASSED_UP}
        own = {name: made.headers[name] for name in ("host", "content-length") if name in made.headers}
        made.headers = httpx2.Headers({**own, **headers, "accept-encoding": "identity"})
        return made


class _Kept:
    """A reply on its way down, and what has been seen of it."""

    def __init__(self, reply: httpx2.Response, began: float) -> None:
        self._reply, self._began = reply, began
        self._pieces: list[tuple[float, bytes]] = []
        self._ended = False
        self.error = ""
        """How the server broke off; "" when it did not."""

    async def passed_on(self, send: Send) -> None:
        """Send it on as it comes. A server that breaks off leaves its error behind."""
        # As pairs, not as a mapping: a header may come several times.
        headers = [
            (name, value) for name, value in self._reply.headers.raw if name.lower().decode() not in _NOT_PASSED_DOWN
        ]
        await send({"type": "http.response.start", "status": self._reply.status_code, "headers": headers})
        try:
            async for data in self._reply.aiter_raw():
                self._pieces.append((round((time.perf_counter() - self._began) * 1000, 1), data))
                await send({"type": "http.response.body", "body": data, "more_body": True})
        except httpx2.TransportError as fault:
            self.error = f"{type(fault).__name__}: {fault}"
        self._ended = True

    def response(self) -> dict[str, Any]:
        """The reply as a recording keeps it."""
        recorded: dict[str, Any] = {
            "status": self._reply.status_code,
            "headers": {name: self._reply.headers[name] for name in _KEPT if name in self._reply.headers},
            "chunks": _as_texts(self._pieces),
        }
        error = self.error or ("" if self._is_whole() else "the client left before the end")
        return {**recorded, "error": error} if error else recorded

    def _is_whole(self) -> bool:
        """Whether the client has all there is: it may leave on the last line, before the body's end is seen."""
        body = b"".join(data for _, data in self._pieces)
        length = self._reply.headers.get("content-length")
        return self._ended or length == str(len(body)) or _says_done(body)


def _says_done(body: bytes) -> bool:
    *_, last = body.rstrip(b"\n").split(b"\n")
    if last == DONE.rstrip(b"\n"):
        return True
    try:
        value = json.loads(last)
    except ValueError:
        return False
    return isinstance(value, Mapping) and value.get("done") is True


def _as_texts(pieces: list[tuple[float, bytes]]) -> list[list[Any]]:
    """Pieces as text; a character cut in two goes to the later piece, bytes that are no UTF-8 stay what they are."""
    decoder = codecs.getincrementaldecoder("utf-8")(ANY_BYTES)
    texts: list[list[Any]] = [[moment, decoder.decode(data)] for moment, data in pieces]
    rest = decoder.decode(b"", final=True)
    if rest:
        texts[-1][1] += rest
    return texts


def _number_of(file: Path) -> int:
    digits = re.match(r"\d+", file.name)
    return int(digits.group()) if digits else 0


def _shown(url: httpx2.URL) -> str:
    return str(url.copy_with(userinfo=b""))
