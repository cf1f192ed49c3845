"""OpenAI's routes: an ASGI application that asks Ollama's own, and puts its replies into OpenAI's form."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from ..protocol import gojson, openai_replies
from ..protocol.embeddings import parse_openai_embedding
from ..protocol.openai_completions import CompletionReply, parse_completion
from ..protocol.openai_replies import ChatCompletionReply
from ..protocol.openai_requests import parse_chat_completion
from ..protocol.requests import RequestError
from .middleware import App
from .received import ReceivedRequest
from .replies import GO_BUFFER, json_reply, method_not_allowed
from .routing import Routes

CHAT_COMPLETIONS = "/v1/chat/completions"
COMPLETIONS = "/v1/completions"
_EMBEDDINGS = "/v1/embeddings"
_MODELS = "/v1/models"
_ROUTES: dict[str, frozenset[str]] = {
    CHAT_COMPLETIONS: frozenset({"POST"}),
    COMPLETIONS: frozenset({"POST"}),
    _EMBEDDINGS: frozenset({"POST"}),
    _MODELS: frozenset({"GET"}),
    f"{_MODELS}/*": frozenset({"GET"}),
}
_JSON = b"application/json"
_EVENTS = b"text/event-stream"


class OpenAIRoutes:
    """`app`, and before it the routes under /v1 that clients of OpenAI's API use."""

    def __init__(self, app: App) -> None:
        self._app = app
        served = app.routes.methods if app.routes else {}
        self.routes = Routes({**served, **_ROUTES})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = scope["received"]
        if self.routes.known(received.path) in _ROUTES and not self.routes.takes(received.method, received.path):
            await method_not_allowed(self.routes.allow(received.path))(scope, receive, send)
            return
        try:
            translation = _translation(received)
        except RequestError as fault:
            await json_reply(openai_replies.error(fault.text, fault.status), fault.status)(scope, receive, send)
            return
        if translation is None:
            await self._app(scope, receive, send)
            return
        inner = {**scope, "received": translation.received}
        await self._app(inner, receive, _TranslatedSend(send, translation))

    async def close(self) -> None:
        await self._app.close()


@dataclass(frozen=True)
class _Translation:
    """What to ask in place of a request, and how to say the reply."""

    received: ReceivedRequest
    whole: Callable[[Mapping[str, Any]], dict[str, Any]]
    """Puts a reply that is one object into OpenAI's form."""
    events: Callable[[Mapping[str, Any]], bytes] | None = None
    """Puts one line of a stream into OpenAI's form; `None` when no stream was asked for."""


def _translation(received: ReceivedRequest) -> _Translation | None:
    """`None` for a request that is not for one of these routes."""
    if received.method == "POST":
        return _posted(received)
    folder, _, name = received.path.rpartition("/")
    if received.method != "GET":
        return None
    if received.path == _MODELS:
        return _Translation(replace(received, path="/api/tags"), openai_replies.model_list)
    if folder == _MODELS:
        show = replace(received, method="POST", path="/api/show", raw=gojson.dumps({"model": name}))
        return _Translation(show, partial(openai_replies.model, name))
    return None


def _posted(received: ReceivedRequest) -> _Translation | None:
    if received.path == CHAT_COMPLETIONS:
        chat = parse_chat_completion(received.raw)
        asked = replace(received, path="/api/chat", raw=gojson.dumps(chat.chat))
        chunks = ChatCompletionReply(include_usage=chat.include_usage)
        return _Translation(asked, chunks.whole, chunks.events if chat.stream else None)
    if received.path == COMPLETIONS:
        completion = parse_completion(received.raw)
        asked = replace(received, path="/api/generate", raw=gojson.dumps(completion.generate))
        texts = CompletionReply(include_usage=completion.include_usage)
        return _Translation(asked, texts.whole, texts.events if completion.stream else None)
    if received.path == _EMBEDDINGS:
        embedding = parse_openai_embedding(received.raw)
        return _Translation(replace(received, path="/api/embed", raw=gojson.dumps(embedding.embed)), embedding.whole)
    return None


class _TranslatedSend:
    """An ASGI `send` that takes a reply of Ollama's and passes on OpenAI's.

    What is no reply of Ollama's, such as the page of a proxy that a fault puts in its place, goes on unchanged.
    """

    def __init__(self, send: Send, translation: _Translation) -> None:
        self._send = send
        self._whole, self._events = translation.whole, translation.events
        self._start: Message = {}
        self._pass_on: Send = self._pass_whole
        self._rest = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        else:
            await self._pass_on(message)

    async def _begin(self, start: Message) -> None:
        self._start = start
        if start.get("as_is"):
            self._pass_on = self._send
            await self._send(start)
        elif self._events is not None and start["status"] == 200 and not self._has_length:
            self._pass_on = self._pass_lines
            await self._send(self._start_with(_EVENTS))

    @property
    def _has_length(self) -> bool:
        return any(name.lower() == b"content-length" for name, _ in self._start["headers"])

    async def _pass_lines(self, message: Message) -> None:
        more = message.get("more_body", False)
        *lines, self._rest = (self._rest + message.get("body", b"")).split(b"\n")
        events = b"".join(self._events_of(line + b"\n") for line in lines)
        if not more:
            # A last line whose newline is missing becomes an event whose end is missing.
            events += self._events_of(self._rest).rstrip(b"\n")
        if events or not more:
            await self._send({"type": "http.response.body", "body": events, "more_body": more})

    async def _pass_whole(self, message: Message) -> None:
        """One object goes out once it is there: where a fault cuts the connection, no end of the body comes."""
        more = message.get("more_body", False)
        self._rest += message.get("body", b"")
        value = _object_in(self._rest)
        if value is None and more:
            return
        start, body = (self._start, self._rest) if value is None else self._in_openai_form(value)
        self._pass_on = self._send
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    def _in_openai_form(self, value: Mapping[str, Any]) -> tuple[Message, bytes]:
        status = self._start["status"]
        if status == 200 and self._events is not None:
            body = self._events(value)
            return self._start_with(_EVENTS, len(body)), body
        if status != 200 and not isinstance(value.get("error"), str):
            return self._start, self._rest
        reply = self._whole(value) if status == 200 else openai_replies.error(value["error"], status)
        body = gojson.dumps(reply) + b"\n"
        # An error in place of a stream is flushed before its length is known.
        is_flushed = self._events is not None and not self._has_length
        return self._start_with(_JSON, None if is_flushed else len(body)), body

    def _events_of(self, line: bytes) -> bytes:
        value = _object_in(line)
        return line if value is None or self._events is None else self._events(value)

    def _start_with(self, media_type: bytes, length: int | None = None) -> Message:
        """The start of the reply, with the headers that its new body needs."""
        replaced = (b"content-type", b"content-length")
        headers = [pair for pair in self._start["headers"] if pair[0].lower() not in replaced]
        headers.append((b"content-type", media_type))
        if length is not None and length <= GO_BUFFER:
            headers.append((b"content-length", str(length).encode()))
        return {**self._start, "headers": headers}


def _object_in(data: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
