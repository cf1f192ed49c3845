"""HTTP responses: one JSON object, or newline-delimited JSON (NDJSON) of which each line leaves at once."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..engines.base import Ending, EngineError, Event, Piece, Rendered
from ..faults import Fault
from ..protocol import gojson
from ..protocol.requests import Request
from .lines import ReplyBuilder, line

JSON = "application/json; charset=utf-8"
NDJSON = "application/x-ndjson"
GO_BUFFER = 2048
"""Go announces the length of a body only if the body fits its buffer."""


def json_reply(value: Any, status: int = 200, *, media_type: str = JSON) -> Response:
    """One JSON object, without a newline."""
    reply = Response(gojson.dumps(value), status, media_type=media_type)
    if len(reply.body) > GO_BUFFER:
        del reply.headers["content-length"]
    return reply


def error_reply(text: str, status: int, *, streaming: bool = False) -> Response:
    """An error. The real server labels one that comes in place of a stream in its own way."""
    reply = json_reply({"error": text}, status, media_type="application/json" if streaming else JSON)
    if streaming:
        del reply.headers["content-length"]
    return reply


def plain_text(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Text without a charset: how the real server says 404 and 405."""
    return Response(text, status, {**(headers or {}), "content-type": "text/plain"})


def method_not_allowed(allow: str) -> Response:
    """A path that there is, asked by a method that it does not take: `allow` lists those that it does."""
    return plain_text("405 method not allowed", 405, {"allow": allow})


class Lines(Response):
    """A stream of JSON lines."""

    def __init__(self, objects: Iterable[dict[str, Any]]) -> None:
        super().__init__(media_type=NDJSON)
        del self.headers["content-length"]
        self._objects = objects

    async def lines(self) -> AsyncGenerator[bytes, None]:
        for value in self._objects:
            yield line(value)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self.lines()) as lines:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for data in lines:
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class StreamedReply(Lines):
    """An answer as it is made; an error in the middle becomes the last line."""

    def __init__(
        self, first: Event | None, rest: AsyncGenerator[Event, None], builder: ReplyBuilder, arrived: int
    ) -> None:
        super().__init__(())
        self._first, self._rest = first, rest
        self._builder, self._arrived = builder, arrived

    async def lines(self) -> AsyncGenerator[bytes, None]:
        try:
            async for event in _prepended_to(self._first, self._rest):
                if isinstance(event, Piece):
                    yield line(self._builder.chunk(event))
                elif isinstance(event, Ending):
                    yield line(self._builder.last(event, _since(self._arrived)))
                    # A client may close on this line: the body ends with it, the engine is let go of after.
                    return
        except EngineError as fault:
            yield line({"error": fault.text})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._rest):
            await super().__call__(scope, receive, send)


class FaultyReply(Response):
    """A reply that goes out through a fault; the right one is made only when the fault asks for it."""

    def __init__(
        self, fault: Fault, events: AsyncGenerator[Event, None], request: Request, builder: ReplyBuilder, arrived: int
    ) -> None:
        super().__init__()
        self._fault, self._events = fault, events
        self._request, self._builder, self._arrived = request, builder, arrived

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def reply(send: Send) -> None:
            right = await make_reply(self._events, self._request, self._builder, self._arrived)
            await right(scope, receive, send)

        # A fault may never ask for the right reply: the engine is let go of all the same.
        async with aclosing(self._events):
            await self._fault.serve(reply, send, scope["hang_up"])


async def make_reply(
    events: AsyncGenerator[Event, None], request: Request, builder: ReplyBuilder, arrived: int
) -> Response:
    """The reply that events make. It waits for the first: what fails before that gets its real status."""
    first = await anext(events, None)
    if isinstance(first, Fault):
        return FaultyReply(first, events, request, builder, arrived)
    if isinstance(first, Rendered):
        await events.aclose()
        return json_reply(builder.rendered(first))
    if request.stream:
        return StreamedReply(first, events, builder, arrived)
    return await _whole(first, events, builder, arrived)


async def _whole(
    first: Event | None, rest: AsyncGenerator[Event, None], builder: ReplyBuilder, arrived: int
) -> Response:
    pieces: list[Piece] = []
    ending = None
    async with aclosing(rest):
        async for event in _prepended_to(first, rest):
            if isinstance(event, Piece):
                pieces.append(event)
            elif isinstance(event, Ending):
                ending = event
    return json_reply(builder.whole(pieces, ending, _since(arrived)))


async def _prepended_to(first: Event | None, rest: AsyncIterator[Event]) -> AsyncIterator[Event]:
    if first is not None:
        yield first
        async for event in rest:
            yield event


def _since(arrived: int) -> int:
    return time.perf_counter_ns() - arrived
