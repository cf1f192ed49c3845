"""llama.cpp's own HTTP server in this process, on a loopback port that only this process has the key to."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .base import EngineError
from .loopback import ConnectionLost, LoopbackClient

MOST_BYTES = 100 * 1024 * 1024
"""What llama.cpp takes in one request: about 75 MiB of pictures."""
_NO_PROGRAMS = str(Path(os.devnull) / "none")
"""A folder that nobody can make: nothing lies below what is no folder, on POSIX and on Windows."""
_PROMPTS_KEPT, _MOST_RENDERED = 16, 64 * 1024
"""Prompts whose rendering is kept, and characters of each at the most."""
_GONE = "an error was encountered while running the model: unexpected EOF"


class LlamaServer:
    """A loaded model."""

    def __init__(self, server: Any, client: LoopbackClient, context: int, marker: str) -> None:
        self._server = server
        self._client = client
        self.context = context
        self.marker = marker
        self._rendered: dict[str, str] = {}

    @classmethod
    async def start(
        cls, model: Path, mmproj: Path | None, *, context: int, parallel: int, threads: int | None
    ) -> LlamaServer:
        """Load a model, off the event loop."""
        key = secrets.token_hex(16)
        server = await asyncio.to_thread(_load, model, mmproj, context, parallel, threads, key)
        client = LoopbackClient(server.listening_address, {"Authorization": f"Bearer {key}"})
        _, props = await client.ask("GET", "/props")
        return cls(server, client, context, str(json.loads(props).get("media_marker", "")))

    async def stop(self) -> None:
        # Letting go of it joins llama.cpp's threads: not on the event loop.
        holder = [self._server]
        self._server = None
        await asyncio.to_thread(holder.clear)

    async def rendered(self, body: Mapping[str, Any]) -> str:
        """The prompt that the model's chat template makes."""
        key = json.dumps(body)
        if len(key) > _MOST_RENDERED:
            return await self._render(body)
        if key not in self._rendered:
            while len(self._rendered) >= _PROMPTS_KEPT:
                del self._rendered[next(iter(self._rendered))]
            self._rendered[key] = await self._render(body)
        return self._rendered[key]

    async def _render(self, body: Mapping[str, Any]) -> str:
        return str((await self._ask("/apply-template", body))["prompt"])

    async def tokens(self, text: str) -> list[int]:
        body = {"content": text, "add_special": True, "parse_special": True}
        return list((await self._ask("/tokenize", body))["tokens"])

    async def text(self, tokens: Sequence[int]) -> str:
        return str((await self._ask("/detokenize", {"tokens": list(tokens)}))["content"])

    async def stream(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """The events of an answer; leaving early closes the connection, which stops llama.cpp."""
        content = json.dumps(body).encode()
        if len(content) > MOST_BYTES:
            # llama.cpp would close the connection while the body is still being sent.
            raise EngineError(413, "")
        try:
            async with self._client.stream("POST", path, content) as reply:
                if reply.status >= 400:
                    raise EngineError(reply.status, (await reply.read()).decode("utf-8", "replace"))
                async for line in _lines(reply.pieces()):
                    if line.startswith(b"error:"):
                        raise EngineError(500, f"llama-server chat error: {line[6:].strip().decode()}")
                    if line.startswith(b"data:") and line[5:].strip() != b"[DONE]":
                        yield _event(line[5:])
        except ConnectionLost:
            raise EngineError(500, _GONE) from None

    async def _ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            status, reply = await self._client.ask("POST", path, json.dumps(body).encode())
        except ConnectionLost:
            raise EngineError(500, _GONE) from None
        if status >= 400:
            raise EngineError(status, reply.decode("utf-8", "replace"))
        answer: dict[str, Any] = json.loads(reply)
        return answer


def _load(model: Path, mmproj: Path | None, context: int, parallel: int, threads: int | None, key: str) -> Any:
    import xllamacpp  # type: ignore[import-untyped]

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    if mmproj:
        params.mmproj.path = str(mmproj)
    params.n_ctx = context * parallel
    params.n_parallel = parallel
    params.verbosity = -1  # llama.cpp would write to the user's terminal
    params.warmup = False
    params.ui = False
    # It would pipe all bytes that it cannot read itself into the ffprobe and ffmpeg of PATH: other programs on what a
    # stranger sent, and other answers wherever they are installed. Ollama's build of it cannot.
    params.video_ffmpeg_bin_dir = _NO_PROGRAMS
    # Its port reflects any Origin: without a key, any web page could talk to the model.
    params.api_keys = [key]
    if threads:
        params.cpuparams.n_threads = threads
        params.cpuparams_batch.n_threads = threads
    try:
        return xllamacpp.Server(params)
    except Exception as fault:
        raise EngineError(500, f"llama-server process has terminated: exit status 1: {fault}") from fault


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for data in pieces:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line


def _event(data: bytes) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(data)
    if "error" in event:
        shown = " ".join(f"{name}:{value}" for name, value in sorted(event["error"].items()))
        raise EngineError(500, f"llama-server chat error: map[{shown}]")
    return event
