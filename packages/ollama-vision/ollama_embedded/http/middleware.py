"""ASGI middleware: Host check, CORS, redirects, request recording, cancelling when a client disconnects."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from .cors import Origins, answered, foreign_origin, with_headers
from .host_check import is_allowed
from .received import ReceivedRequest
from .routing import Routes, redirect


class App(Protocol):
    """An ASGI application that replies. It finds the request, read whole, as `scope["received"]`."""

    @property
    def routes(self) -> Routes | None:
        """What it serves; `None` when that is not known before."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reply; it is cancelled when the client leaves."""

    async def close(self) -> None:
        """Give everything back; no reply is being made any more."""


class Middleware:
    """The outermost application; `replying` is the one that knows what to say."""

    def __init__(
        self,
        app: App,
        *,
        record: Callable[[ReceivedRequest], None] = lambda received: None,
        local_only: bool = True,
        origins: Origins,
        forwards: bool = False,
    ) -> None:
        """`forwards`: what a page may do beyond asking is said by the server that the requests go on to."""
        self._app = app
        self._record = record
        self._local_only = local_only
        self._origins, self._forwards = origins, forwards
        self._own_names = frozenset({socket.gethostname().lower()})
        self._running: dict[asyncio.Task[None], asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _whole_body(receive)
        query = scope["query_string"].decode("latin-1")
        received = ReceivedRequest(scope["method"], scope["path"], headers, body, query)
        self._record(received)
        task = asyncio.ensure_future(self._serve(scope, received, _yield_after_each(send)))
        self._running[task] = ended = asyncio.Event()
        try:
            await _run_while_connected(task, receive, received)
            if task.cancelled() and not received.left.is_set():
                # The server closes: the client gets a closed connection, not half a reply.
                scope["hang_up"]()
                await _wait_for_disconnect(receive)
        finally:
            del self._running[task]
            received.ended.set()
            ended.set()

    async def close(self) -> None:
        """Stop every answer and give everything back."""
        running = dict(self._running)
        for task in running:
            task.cancel()
        for ended in running.values():
            await ended.wait()
        await self._app.close()

    async def _serve(self, scope: Scope, received: ReceivedRequest, send: Send) -> None:
        origin = foreign_origin(received.headers)
        reply = self._early_reply(received, origin)
        if reply is not None:
            await reply(scope, _receive_nothing, send)
            return
        if origin and not self._forwards:
            send = with_headers(send, self._origins.headers(origin))
        if self._local_only and not is_allowed(received.headers, self._own_names):
            await Response(status_code=403)(scope, _receive_nothing, send)
            return
        await self._reply(scope, received, send)

    def _early_reply(self, received: ReceivedRequest, origin: str) -> Response | None:
        """A redirect or CORS's answer, which need no application. Redirects come first, as in the real server."""
        routes, method, path = self._app.routes, received.method, received.path
        moved = routes.moved(method, path) if routes else None
        if moved:
            return redirect(method, *moved, received.query)
        if not origin:
            return None
        # gin sets `Allow` for a method that it does not know before it looks at the page.
        allow = routes.allow(path) if routes and not routes.takes(method, path) else ""
        if not self._origins.include(origin):
            return answered(403, [], allow)
        if method == "OPTIONS" and not self._forwards:
            return answered(204, self._origins.preflight(origin), allow)
        return None

    async def _reply(self, scope: Scope, received: ReceivedRequest, send: Send) -> None:
        close_connection = scope["hang_up"]

        def hang_up() -> None:
            received.hung_up.set()
            close_connection()

        scope.update(received=received, hang_up=hang_up)
        await self._app(scope, _receive_nothing, send)


async def _whole_body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _yield_after_each(send: Send) -> Send:
    """A `send` that yields to the event loop: a reply that never waits for anything, such as a long scripted one, would
    hold up every other and not notice that its client has left."""

    async def send_in_turn(message: Message) -> None:
        await send(message)
        await asyncio.sleep(0)

    return send_in_turn


async def _run_while_connected(task: asyncio.Task[None], receive: Receive, received: ReceivedRequest) -> None:
    """Let the reply be made; a client that leaves ends it at once, a stream as well as a whole reply."""
    gone = asyncio.ensure_future(_wait_for_disconnect(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done() and not received.hung_up.is_set():
            received.left.set()
    finally:
        gone.cancel()
        if not task.done():
            task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.result()


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _receive_nothing() -> Message:
    """The receive() of the inner application: its body was read already."""
    return {"type": "http.request", "body": b"", "more_body": False}
