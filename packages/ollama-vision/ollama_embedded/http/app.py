"""Ollama's HTTP API as an ASGI application: each route's handler, from the request to the reply."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Any

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from ..engines.base import Embeds, Engine, EngineError, Event
from ..protocol import catalog, embeddings, openai_replies, requests
from ..protocol.catalog import ModelFacts
from ..protocol.embeddings import Embedded, EmbedRequest
from ..protocol.names import BadName, ModelName
from ..protocol.options import checked
from ..protocol.requests import Request, RequestError
from .keep_alive import KeepAlive
from .lines import ReplyBuilder
from .received import ReceivedRequest
from .replies import Lines, error_reply, json_reply, make_reply, method_not_allowed, plain_text
from .routing import Routes

Endpoint = Callable[[ReceivedRequest], Awaitable[Response]]

_POST = frozenset({"POST"})
_NOT_SERVED: dict[str, frozenset[str]] = {
    **dict.fromkeys(("/api/push", "/api/create", "/api/copy"), _POST),
    "/api/delete": frozenset({"DELETE"}),
    "/api/blobs/*": frozenset({"HEAD", "POST"}),
    **dict.fromkeys(("/v1/responses", "/v1/messages"), _POST),
}
"""Paths of a real server that this one leaves out, and their methods."""


class OllamaApp:
    """The routes of a server with an engine behind them; `Middleware` stands in front."""

    def __init__(
        self,
        engine: Engine,
        *,
        aliases: Iterable[str] = (),
        num_parallel: int = 1,
        version: str,
        unloads: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._version = version
        self._models = _with_aliases(engine.models, aliases)
        self._slots = asyncio.Semaphore(num_parallel)
        self._keep_alive = KeepAlive(engine.unload, unloads)
        self._endpoints: dict[tuple[str, str], Endpoint] = {
            ("GET", "/"): self._root,
            ("HEAD", "/"): self._root,
            ("GET", "/api/version"): self._show_version,
            ("HEAD", "/api/version"): self._show_version,
            ("GET", "/api/status"): self._status,
            ("GET", "/api/tags"): self._tags,
            ("HEAD", "/api/tags"): self._tags,
            ("GET", "/api/ps"): self._ps,
            ("POST", "/api/show"): self._show,
            ("POST", "/api/pull"): self._pull,
            ("POST", "/api/chat"): self._chat,
            ("POST", "/api/generate"): self._generate,
            ("POST", "/api/embed"): self._embed,
            ("POST", "/api/embeddings"): self._embeddings,
        }
        taken: dict[str, frozenset[str]] = dict(_NOT_SERVED)
        for method, path in self._endpoints:
            taken[path] = taken.get(path, frozenset()) | {method}
        self.routes = Routes(taken)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = await self._dispatch(scope["received"])
        await reply(scope, receive, send)

    async def _dispatch(self, received: ReceivedRequest) -> Response:
        endpoint = self._endpoints.get((received.method, received.path))
        if endpoint is not None:
            try:
                return await endpoint(received)
            except (RequestError, EngineError) as fault:
                return error_reply(fault.text, fault.status)
        if self.routes.takes(received.method, received.path):
            return _not_served_reply(received.path)
        allow = self.routes.allow(received.path)
        if allow:
            return method_not_allowed(allow)
        return plain_text("404 page not found", 404)

    async def close(self) -> None:
        """Give the models back."""
        await self._keep_alive.close()
        await self._engine.close()

    async def _root(self, received: ReceivedRequest) -> Response:
        return PlainTextResponse("Ollama is running")

    async def _show_version(self, received: ReceivedRequest) -> Response:
        return json_reply({"version": self._version})

    async def _status(self, received: ReceivedRequest) -> Response:
        return json_reply({"cloud": {"disabled": True, "source": "env"}})

    async def _tags(self, received: ReceivedRequest) -> Response:
        return json_reply(catalog.tags(list(self._models.values())))

    async def _ps(self, received: ReceivedRequest) -> Response:
        return json_reply(catalog.running(self._keep_alive.loaded))

    async def _show(self, received: ReceivedRequest) -> Response:
        name, _, verbose = requests.parse_named(received.raw)
        if not name:
            raise RequestError(400, "model is required")
        model = self._find(name)
        if model is None:
            raise RequestError(404, f"model '{ModelName.parse(name).short}' not found")
        return json_reply(catalog.show(model, verbose=verbose))

    async def _pull(self, received: ReceivedRequest) -> Response:
        name, stream, _ = requests.parse_named(received.raw)
        if not name:
            raise RequestError(400, "invalid model name")
        model = self._find(name)
        error = {"error": "pull model manifest: file does not exist"}
        if not stream:
            reply, status = ({"status": "success"}, 200) if model else (error, 500)
            return json_reply(reply, status, media_type="application/json")
        return Lines(_pull_lines(model) if model else [{"status": "pulling manifest"}, error])

    async def _chat(self, received: ReceivedRequest) -> Response:
        return await self._answer(requests.parse_chat(received.raw))

    async def _generate(self, received: ReceivedRequest) -> Response:
        return await self._answer(requests.parse_generate(received.raw))

    async def _embed(self, received: ReceivedRequest) -> Response:
        arrived = time.perf_counter_ns()
        request = embeddings.parse_embed(received.raw)
        if not request.model:
            raise RequestError(404, "model '' not found")
        embedded, loaded = await self._embedded(request)
        total = time.perf_counter_ns() - arrived
        return json_reply(embeddings.embed_reply(request, embedded, total, max(loaded - arrived, 1)))

    async def _embeddings(self, received: ReceivedRequest) -> Response:
        request = embeddings.parse_embeddings(received.raw)
        if not request.model:
            raise RequestError(400, "model is required")
        try:
            return json_reply(embeddings.embeddings_reply((await self._embedded(request))[0]))
        except EngineError as fault:
            raise EngineError(500, fault.text) from fault

    async def _embedded(self, request: EmbedRequest) -> tuple[Embedded, int]:
        """The vectors of its texts, and when the model was loaded, in nanoseconds; it is loaded for no texts, too."""
        model = self._find(request.model)
        if model is None:
            raise RequestError(404, f'model "{request.model}" not found, try pulling it first')
        options = checked(request.options)
        async with self._slots:
            try:
                await self._engine.load(model, options)
                loaded = time.perf_counter_ns()
                if not request.texts:
                    return Embedded(()), loaded
                if not isinstance(self._engine, Embeds):
                    raise EngineError(501, embeddings.UNSUPPORTED)
                return await self._engine.embed(model, request), loaded
            finally:
                self._note_use(model, request)

    async def _answer(self, request: Request) -> Response:
        arrived = time.perf_counter_ns()
        requests.check_request(request)
        model = self._find(request.model)
        if model is None:
            raise RequestError(404, f"model '{request.model}' not found")
        builder = ReplyBuilder(request)
        if request.is_empty and request.keep_alive == 0:
            self._keep_alive.leave(model)
            return json_reply(builder.marker("unload"))
        requests.check_raw(request)
        requests.check_abilities(request, model.abilities, model.full_name)
        options = checked(request.options)
        if request.is_empty:
            await self._engine.load(model, options)
            self._note_use(model, request)
            return json_reply(builder.marker("load"))
        events = self._events(model, request)
        try:
            requests.check_format(request)
            return await make_reply(events, request, builder, arrived)
        except (RequestError, EngineError) as fault:
            return error_reply(fault.text, fault.status, streaming=request.stream)
        except asyncio.CancelledError:
            await events.aclose()
            raise

    async def _events(self, model: ModelFacts, request: Request) -> AsyncGenerator[Event, None]:
        """The engine's answer, when it is this request's turn."""
        async with self._slots:
            if request.keep_alive != 0:
                self._note_use(model, request)
            try:
                async with aclosing(self._engine.answer(model, request)) as answer:
                    async for event in answer:
                        yield event
            finally:
                self._note_use(model, request)

    def _note_use(self, model: ModelFacts, request: Request | EmbedRequest) -> None:
        context = self._engine.context_length(model, checked(request.options))
        self._keep_alive.used(model, request.keep_alive, context)

    def _find(self, name: str) -> ModelFacts | None:
        if not name:
            return None
        try:
            return self._models.get(ModelName.parse(name).key)
        except BadName as fault:
            raise RequestError(400, str(fault)) from None


def _not_served_reply(path: str) -> Response:
    """What a real server has and this one has not: a 404 that says so, in the form that clients of the path read."""
    text = (
        f"the embedded server has no {path}: it serves chat, generate, embed, show, tags, ps, version and pull under"
        " /api, and chat/completions, completions, embeddings and models under /v1"
    )
    if path == "/v1/messages":
        error = {"type": "not_found_error", "message": text}
        return json_reply({"type": "error", "error": error, "request_id": f"req_{secrets.token_hex(12)}"}, 404)
    if path.startswith("/v1/"):
        return json_reply(openai_replies.error(text, 404), 404)
    return json_reply({"error": text}, 404)


def _with_aliases(models: Iterable[ModelFacts], aliases: Iterable[str]) -> dict[str, ModelFacts]:
    """Models by the key of their name; an alias is another name for the first one."""
    known = list(models)
    named = known + [known[0].under(alias) for alias in aliases]
    return {ModelName.parse(model.name).key: model for model in named}


def _pull_lines(model: ModelFacts) -> Iterator[dict[str, Any]]:
    """What a pull of a model says that is there already."""
    yield {"status": "pulling manifest"}
    layer = {"digest": f"sha256:{model.digest}", "total": model.size, "completed": model.size}
    yield {"status": f"pulling {model.digest[:12]}", **layer}
    for status in ("verifying sha256 digest", "writing manifest", "success"):
        yield {"status": status}
