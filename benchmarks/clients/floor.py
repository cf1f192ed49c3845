"""The floor: httpx and a hand-built body, nothing checked, plain dicts out."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx

from . import MODEL, OPTIONS, SECONDS

_HEADERS = {"Content-Type": "application/json"}
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=None)


def body(prompt: str, picture: Path | None, *, stream: bool) -> bytes:
    images = b',"images":["' + base64.b64encode(picture.read_bytes()) + b'"]' if picture else b""
    text = json.dumps(prompt).encode()
    message = b'{"role":"user","content":' + text + images + b"}"
    rest = json.dumps({"model": MODEL, "stream": stream, "options": OPTIONS}).encode()
    return b'{"messages":[' + message + b"]," + rest[1:]


def _text(line: str | bytes) -> str:
    reply: dict[str, Any] = json.loads(line)
    text: str = reply["message"]["content"]
    return text


class Client:
    def __init__(self, url: str) -> None:
        self.url = f"{url}/api/chat"
        self.client = httpx.Client(timeout=SECONDS, limits=_LIMITS, verify=False)
        self.on_loop = httpx.AsyncClient(timeout=SECONDS, limits=_LIMITS, verify=False)

    def ask(self, prompt: str, picture: Path) -> str:
        return _text(self.client.post(self.url, content=body(prompt, picture, stream=False), headers=_HEADERS).content)

    async def aask(self, prompt: str, picture: Path) -> str:
        content = body(prompt, picture, stream=False)
        return _text((await self.on_loop.post(self.url, content=content, headers=_HEADERS)).content)

    def stream(self, prompt: str) -> Iterator[str]:
        content = body(prompt, None, stream=True)
        with self.client.stream("POST", self.url, content=content, headers=_HEADERS) as response:
            for line in response.iter_lines():
                yield _text(line)

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        content = body(prompt, None, stream=True)
        async with self.on_loop.stream("POST", self.url, content=content, headers=_HEADERS) as response:
            async for line in response.aiter_lines():
                yield _text(line)
