"""Which request gets which reply: Ollama's HTTP API as an ASGI application."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HTTPRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from . import catalog, wire
from .arrivals import Arrival
from .catalog import ModelFacts
from .engine import Engine, EngineError, Event
from .framing import Framer
from .names import BadName, ModelName
from .options import checked
from .replies import Lines, error_reply, json_reply, plain_text, replied
from .residency import Residency
from .wire import Refusal, Request


class OllamaApp:
    """The routes of a server with an engine behind them; `Reception` stands in front."""

    def __init__(
        self,
        engine: Engine,
        *,
        aliases: Iterable[str] = (),
        num_parallel: int = 1,
        version: str,
    ) -> None:
        self._engine = engine
        self._version = version
        self._models = _with_aliases(engine.models, aliases)
        self._slots = asyncio.Semaphore(num_parallel)
        self._residency = Residency(engine.unload)
        routes = [
            _route("/", self._root, "GET"),
            _route("/api/version", self._show_version, "GET"),
            _route("/api/status", self._status, "GET"),
            _route("/api/tags", self._tags, "GET"),
            _route("/api/ps", self._ps, "GET"),
            _route("/api/show", self._show, "POST"),
            _route("/api/pull", self._pull, "POST"),
            _route("/api/chat", self._chat, "POST"),
            _route("/api/generate", self._generate, "POST"),
        ]
        self._routes = Starlette(routes=routes, exception_handlers=_HANDLERS)
        self._routes.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._routes(scope, receive, send)

    async def close(self) -> None:
        """Give the models back."""
        await self._residency.close()
        await self._engine.close()

    async def _root(self, request: HTTPRequest) -> Response:
        return PlainTextResponse("Ollama is running")

    async def _show_version(self, request: HTTPRequest) -> Response:
        return json_reply({"version": self._version})

    async def _status(self, request: HTTPRequest) -> Response:
        return json_reply({"cloud": {"disabled": True, "source": "env"}})

    async def _tags(self, request: HTTPRequest) -> Response:
        return json_reply(catalog.tags(list(self._models.values())))

    async def _ps(self, request: HTTPRequest) -> Response:
        return json_reply(catalog.running(self._residency.loaded))

    async def _show(self, request: HTTPRequest) -> Response:
        name, _, verbose = wire.parse_named(_body(request))
        if not name:
            raise Refusal(400, "model is required")
        model = self._find(name)
        if model is None:
            raise Refusal(404, f"model '{ModelName.parse(name).short}' not found")
        return json_reply(catalog.show(model, verbose=verbose))

    async def _pull(self, request: HTTPRequest) -> Response:
        name, stream, _ = wire.parse_named(_body(request))
        if not name:
            raise Refusal(400, "invalid model name")
        model = self._find(name)
        error = {"error": "pull model manifest: file does not exist"}
        if not stream:
            reply, status = ({"status": "success"}, 200) if model else (error, 500)
            return json_reply(reply, status, media_type="application/json")
        return Lines(_pull_lines(model) if model else [{"status": "pulling manifest"}, error])

    async def _chat(self, request: HTTPRequest) -> Response:
        return await self._answer(wire.parse_chat(_body(request)))

    async def _generate(self, request: HTTPRequest) -> Response:
        return await self._answer(wire.parse_generate(_body(request)))

    async def _answer(self, request: Request) -> Response:
        arrived = time.perf_counter_ns()
        wire.check_request(request)
        model = self._find(request.model)
        if model is None:
            raise Refusal(404, f"model '{request.model}' not found")
        framer = Framer(request)
        if request.is_empty and request.keep_alive == 0:
            self._residency.leave(model)
            return json_reply(framer.marker("unload"))
        wire.check_raw(request)
        wire.check_abilities(request, model.abilities, model.full_name)
        options = checked(request.options)
        if request.is_empty:
            await self._engine.load(model, options)
            self._used(model, request)
            return json_reply(framer.marker("load"))
        events = self._events(model, request)
        try:
            wire.check_format(request)
            return await replied(events, request, framer, arrived)
        except (Refusal, EngineError) as fault:
            return error_reply(fault.text, fault.status, streaming=request.stream)
        except asyncio.CancelledError:
            await events.aclose()
            raise

    async def _events(self, model: ModelFacts, request: Request) -> AsyncGenerator[Event, None]:
        """The engine's answer, when it is this request's turn."""
        async with self._slots:
            if request.keep_alive != 0:
                self._used(model, request)
            try:
                async with aclosing(self._engine.answer(model, request)) as answer:
                    async for event in answer:
                        yield event
            finally:
                self._used(model, request)

    def _used(self, model: ModelFacts, request: Request) -> None:
        context = self._engine.context_length(model, checked(request.options))
        self._residency.used(model, request.keep_alive, context)

    def _find(self, name: str) -> ModelFacts | None:
        if not name:
            return None
        try:
            return self._models.get(ModelName.parse(name).key)
        except BadName as fault:
            raise Refusal(400, str(fault)) from None


def _route(path: str, endpoint: Callable[[HTTPRequest], Awaitable[Response]], method: str) -> Route:
    return Route(path, endpoint, methods=[method])


def _body(request: HTTPRequest) -> bytes:
    arrival: Arrival = request.scope["arrival"]
    return arrival.raw


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


async def _refused(request: HTTPRequest, fault: Exception) -> Response:
    known = cast(Refusal | EngineError, fault)
    return error_reply(known.text, known.status)


async def _plain_text_error(request: HTTPRequest, fault: Exception) -> Response:
    known = cast(HTTPException, fault)
    if known.status_code == 405:
        return plain_text("405 method not allowed", 405, known.headers)
    return plain_text("404 page not found", 404)


_HANDLERS = {Refusal: _refused, EngineError: _refused, HTTPException: _plain_text_error}
