"""LlamaCppEngine: a GGUF model answered by llama.cpp, through the very HTTP server that Ollama runs."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from ..protocol.catalog import ModelFacts
from ..protocol.embeddings import TOO_LONG, UNSUPPORTED, Embedded, EmbedRequest
from ..protocol.options import DEFAULTS, checked
from ..protocol.requests import ChatRequest, GenerateRequest, Message, Request
from . import llama_requests
from .base import Ending, EngineError, Event, Piece, Rendered, ToolCall
from .gguf_facts import facts_of
from .llama_server import LlamaServer
from .scaled_pictures import ScaledPictures

_DEFAULT_CONTEXT = 4096
_LEAST_VISION_CONTEXT = 2048
_LEAST_CONTEXT = 4
# What Ollama reckons for a picture when it decides which old messages to drop.
_TOKENS_PER_PICTURE = 768
_MOST_REPEATS = 30


class LlamaCppEngine:
    """One GGUF model, with its projector; loaded when first needed, and again when `num_ctx` changes."""

    def __init__(
        self,
        model: Path,
        mmproj: Path | None = None,
        *,
        name: str,
        parameters: Mapping[str, Any] | None = None,
        num_parallel: int = 1,
        threads: int | None = None,
    ) -> None:
        self._facts = facts_of(model, mmproj, name=name, parameters=parameters or {})
        self._model, self._mmproj = model, mmproj
        self._scaled = ScaledPictures.for_projector(self._facts.projector_info)
        self._parallel, self._threads = num_parallel, threads
        self._loaded: LlamaServer | None = None
        self._change = asyncio.Condition()
        self._running = 0

    @property
    def models(self) -> Sequence[ModelFacts]:
        return (self._facts,)

    def context_length(self, model: ModelFacts, options: Mapping[str, Any]) -> int:
        """The context that a request gets: never more than trained, never less than a picture needs."""
        least = _LEAST_VISION_CONTEXT if self._mmproj else _LEAST_CONTEXT
        wanted = options.get("num_ctx", self._facts.parameters.get("num_ctx", _DEFAULT_CONTEXT))
        return min(max(int(wanted), least), self._facts.context_length)

    async def load(self, model: ModelFacts, options: Mapping[str, Any]) -> None:
        async with self._ready(self.context_length(model, options)):
            pass

    async def unload(self, model: ModelFacts) -> None:
        async with self._change:
            await self._change.wait_for(lambda: not self._running)
            await self._drop()

    async def close(self) -> None:
        async with self._change:
            await self._drop()
        if self._scaled is not None:
            self._scaled.forget()
        # A server that is started again runs on another event loop.
        self._change = asyncio.Condition()

    async def embed(self, model: ModelFacts, request: EmbedRequest) -> Embedded:
        """Refuse, as a real server does whose model makes none; first what is too long, if it may not be cut."""
        options = {**DEFAULTS, **checked(self._facts.parameters), **checked(request.options)}
        async with self._ready(self.context_length(model, options)) as server:
            for text in request.texts if request.truncate is False else ():
                if self._is_too_long(await server.tokens(text), int(options.get("num_ctx", _DEFAULT_CONTEXT))):
                    raise EngineError(400, TOO_LONG)
        raise EngineError(501, UNSUPPORTED)

    def _is_too_long(self, tokens: Sequence[int], context: int) -> bool:
        """Ollama leaves room for the tokens of the beginning and the end where a text has none."""
        ends = ((0, "tokenizer.ggml.bos_token_id"), (-1, "tokenizer.ggml.eos_token_id"))
        missing = sum(tokens[at:][:1] != [self._facts.model_info.get(name, 0)] for at, name in ends if tokens)
        return len(tokens) > min(context, self._facts.context_length) - missing

    async def answer(self, model: ModelFacts, request: Request) -> AsyncGenerator[Event, None]:
        if self._scaled is not None and request.pictures and not request.render_only:
            request = await _with_scaled_pictures(request, self._scaled)
        began = time.perf_counter_ns()
        asked = checked(request.options)
        options = {**DEFAULTS, **checked(self._facts.parameters), **asked}
        async with self._ready(self.context_length(model, options)) as server:
            load_duration = time.perf_counter_ns() - began
            if isinstance(request, ChatRequest):
                events = self._chat(server, request, options, load_duration)
            elif isinstance(request, GenerateRequest):
                events = self._generate(server, request, options, load_duration)
            else:
                raise TypeError(f"no answer to a {type(request).__name__}")
            async with aclosing(events):
                async for event in events:
                    yield event

    @asynccontextmanager
    async def _ready(self, context: int) -> AsyncIterator[LlamaServer]:
        """Hold the model, loaded with that context, while an answer is made."""
        async with self._change:
            if self._loaded is None or self._loaded.context != context:
                await self._change.wait_for(lambda: not self._running)
                if self._loaded is None or self._loaded.context != context:
                    await self._drop()
                    self._loaded = await LlamaServer.start(
                        self._model, self._mmproj, context=context, parallel=self._parallel, threads=self._threads
                    )
            server = self._loaded
            self._running += 1
        try:
            yield server
        finally:
            self._running -= 1
            async with self._change:
                self._change.notify_all()

    async def _drop(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            await loaded.stop()

    async def _chat(
        self, server: LlamaServer, request: ChatRequest, options: Mapping[str, Any], load_duration: int
    ) -> AsyncGenerator[Event, None]:
        messages = request.messages
        if request.truncate is not False and len(messages) > 1:
            messages = await self._fit_messages(server, request)
        body = llama_requests.chat_body(request, messages, options, server.context)
        if request.render_only:
            prompt = await server.rendered(llama_requests.rendering(request, body["messages"]))
            yield Rendered(prompt, len(request.pictures))
            return
        # An assistant's message at the end is the beginning of the answer, and the reply repeats it.
        begun = messages[-1].content if messages[-1].role == "assistant" else ""
        reason, calls = "", _ToolCalls()
        async with aclosing(server.stream("/v1/chat/completions", body)) as items:
            async for item in items:
                choice: dict[str, Any] = next(iter(item.get("choices") or ()), {})
                delta = choice.get("delta") or {}
                calls.add(delta.get("tool_calls") or ())
                if begun:
                    yield Piece(begun)
                    begun = ""
                entries = (choice.get("logprobs") or {}).get("content") or ()
                piece = Piece(
                    content=delta.get("content") or "",
                    thinking=delta.get("reasoning_content") or "",
                    logprobs=llama_requests.logprobs(entries, request.top_logprobs) if request.logprobs else (),
                )
                if piece != Piece():
                    yield piece
                reason = choice.get("finish_reason") or reason
                if "timings" in item and reason:
                    yield _ending(item["timings"], reason, load_duration, piece=Piece(tool_calls=calls.complete()))

    async def _fit_messages(self, server: LlamaServer, request: ChatRequest) -> tuple[Message, ...]:
        """The messages that fit the context: the oldest are dropped without a word, system messages never."""
        messages = list(request.messages)
        while True:
            shown = llama_requests.chat_body(request, messages, {}, server.context)["messages"]
            prompt = await server.rendered(llama_requests.rendering(request, shown))
            pictures = sum(len(message.images) for message in messages) if self._mmproj else 0
            needed = len(await server.tokens(prompt)) + _TOKENS_PER_PICTURE * pictures
            oldest = next((i for i, m in enumerate(messages[:-1]) if m.role != "system"), None)
            if needed <= server.context or oldest is None:
                return tuple(messages)
            del messages[oldest]

    async def _generate(
        self, server: LlamaServer, request: GenerateRequest, options: Mapping[str, Any], load_duration: int
    ) -> AsyncGenerator[Event, None]:
        prompt = await self._prompt(server, request)
        if request.render_only:
            yield Rendered(prompt, len(request.images))
            return
        if not request.images and request.truncate is not False:
            prompt = await self._cut(server, prompt, options)
        body = llama_requests.completion_body(request, prompt, options, server.context, server.marker)
        said, guard = "", _RepeatGuard()
        async with aclosing(server.stream("/completion", body)) as items:
            async for item in items:
                if item.get("stop"):
                    reason = "length" if item.get("stop_type") == "limit" else "stop"
                    context = () if request.raw else tuple(await server.tokens(prompt + said))
                    yield _ending(item["timings"], reason, load_duration, context=context)
                    return
                content = item.get("content") or ""
                if guard.is_stuck(content):
                    # No last line and no error: so does the real server end.
                    return
                if not content:
                    continue
                said += content
                entries = item.get("completion_probabilities") or ()
                yield Piece(
                    content, logprobs=llama_requests.logprobs(entries, request.top_logprobs) if request.logprobs else ()
                )

    async def _prompt(self, server: LlamaServer, request: GenerateRequest) -> str:
        if request.raw:
            return request.prompt
        before = await server.text(request.context) if request.context else ""
        if request.template:
            shaped = request.template.replace("{{ .System }}", request.system)
            return before + shaped.replace("{{ .Prompt }}", request.prompt)
        body = llama_requests.rendering(request, llama_requests.generate_messages(request))
        if "response_format" not in self._facts.template and request.format and set(request.format) == {"const"}:
            # It changes no prompt then, and a question held to one label after the other is rendered once. Rendering
            # finds bad schemas, too; this one cannot be.
            del body["response_format"]
        return before + await server.rendered(body)

    async def _cut(self, server: LlamaServer, prompt: str, options: Mapping[str, Any]) -> str:
        """A prompt that is too long loses its middle; half the context stays free, as on the real server."""
        tokens = await server.tokens(prompt)
        if len(tokens) <= server.context:
            return prompt
        keep = min(int(options["num_keep"]), server.context // 2)
        tail = server.context // 2 - keep
        return await server.text([*tokens[:keep], *tokens[len(tokens) - tail :]])


async def _with_scaled_pictures(request: Request, pictures: ScaledPictures) -> Request:
    known = [kept for data in request.pictures if (kept := pictures.kept(data)) is not None]
    if len(known) < len(request.pictures):
        known = await asyncio.to_thread(lambda: [pictures.scaled(data) for data in request.pictures])
    return request.with_pictures(known)


class _RepeatGuard:
    """Ollama's guard against a model that repeats one token for ever, spaces around it left out."""

    def __init__(self) -> None:
        self._last: str | None = None
        self._count = 0

    def is_stuck(self, content: str) -> bool:
        token = content.strip()
        self._count = self._count + 1 if token == self._last else 0
        self._last = token
        return self._count > _MOST_REPEATS


class _ToolCalls:
    """Calls that arrive in fragments and leave whole."""

    def __init__(self) -> None:
        self._parts: dict[int, dict[str, str]] = {}

    def add(self, fragments: Sequence[Mapping[str, Any]]) -> None:
        for fragment in fragments:
            part = self._parts.setdefault(fragment.get("index", 0), {"id": "", "name": "", "arguments": ""})
            function = fragment.get("function") or {}
            part["id"] = fragment.get("id") or part["id"]
            part["name"] += function.get("name") or ""
            part["arguments"] += function.get("arguments") or ""

    def complete(self) -> tuple[ToolCall, ...]:
        calls = []
        for part in self._parts.values():
            try:
                arguments = json.loads(part["arguments"] or "{}")
            except ValueError:
                why = "unexpected end of JSON input"
                text = f'llama-server returned invalid tool call arguments for "{part["name"]}": {why}'
                raise EngineError(500, text) from None
            calls.append(ToolCall(part["name"], arguments, part["id"]))
        return tuple(calls)


def _ending(
    timings: Mapping[str, Any],
    reason: str,
    load_duration: int,
    *,
    context: tuple[int, ...] = (),
    piece: Piece | None = None,
) -> Ending:
    return Ending(
        reason="length" if reason == "length" else "stop",
        prompt_tokens=int(timings["prompt_n"]) + int(timings.get("cache_n", 0)),
        prompt_duration=round(timings["prompt_ms"] * 1e6),
        answer_tokens=int(timings["predicted_n"]),
        answer_duration=round(timings["predicted_ms"] * 1e6),
        load_duration=load_duration,
        context=context,
        piece=piece or Piece(),
    )
