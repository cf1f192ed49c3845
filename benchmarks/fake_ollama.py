"""A fake Ollama that is never the slow part: it reads and hashes every picture, and answers as the prompt says.

Prompts:  `answer`               the hashes of the pictures, as the text
          `wait 0.2`             the same, so many seconds later
          `stream 2000`          2,000 pieces of text, `w0 w1 w2 ...`
          `stream 2000 thinking` as many pieces of thinking before as many of text
          `stream 2000 tools`    as many pieces of text with a tool call after every hundredth
          `stream 1000 apart`    each line in a write of its own, a millisecond after the one before

The hash is that of the base64 text, which has one spelling: the same hash is the same picture.
As on the real server, each line of a stream is an HTTP chunk of its own.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from typing import Any, Literal

PIECES_AT_ONCE = 64
"""Lines of a stream that are written in one go: the server must not be the limit."""
APART = 0.001
"""Seconds between two lines that come one at a time; a real server takes 5 to 100 ms for each."""
_PICTURES = re.compile(rb'"images"\s*:\s*\[')
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_SHOW = {
    "capabilities": ["completion", "vision", "tools", "thinking"],
    "details": {"family": "fake", "families": ["fake"], "format": "gguf", "parameter_size": "1B"},
    "model_info": {"general.architecture": "fake", "fake.context_length": 131072},
}
_ENDING = {
    "done": True,
    "done_reason": "stop",
    "total_duration": 5_000_000,
    "load_duration": 1_000_000,
    "prompt_eval_count": 26,
    "prompt_eval_duration": 2_000_000,
    "eval_count": 10,
    "eval_duration": 2_000_000,
}


def hash_of(picture: bytes | memoryview) -> str:
    """The hash of a picture's base64 text."""
    return hashlib.sha256(picture).hexdigest()


def expected_stream(count: int) -> str:
    """The text of a streamed answer."""
    return "".join(f"w{number} " for number in range(count))


class Connection(asyncio.BufferedProtocol):
    """One connection; the body is received into one buffer of its very size."""

    def __init__(self) -> None:
        self.head = bytearray()
        self.small = bytearray(256 * 1024)
        self.body = memoryview(b"")
        self.filled = 0
        self.reading_body = False
        self.answering: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answering is not None:
            self.answering.cancel()

    def get_buffer(self, sizehint: int) -> Any:
        return self.body[self.filled :] if self.reading_body else self.small

    def buffer_updated(self, nbytes: int) -> None:
        if self.reading_body:
            self.filled += nbytes
        else:
            self.head += memoryview(self.small)[:nbytes]
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self.head, 0, end + 2)
            self.body = memoryview(bytearray(int(length[1]) if length else 0))
            rest = memoryview(self.head)[end + 4 :]
            self.filled = len(rest)
            self.body[: self.filled] = rest
            rest.release()
            self.request_line = bytes(self.head[: self.head.find(b"\r\n")]).decode()
            self.head.clear()
            self.reading_body = True
        if self.filled == len(self.body):
            body, self.body, self.reading_body = self.body, memoryview(b""), False
            path = self.request_line.split()[1]
            self.answering = asyncio.get_running_loop().create_task(self.answer(path, body))

    async def answer(self, path: str, body: memoryview) -> None:
        if path == "/api/version":
            return self.whole({"version": "0.31.2"})
        if path == "/api/tags":
            return self.whole({"models": [{"name": "fake", "model": "fake", "size": 1, "details": {}}]})
        if path == "/api/ps":
            return self.whole({"models": []})
        if path == "/api/show":
            return self.whole(_SHOW)
        if path not in ("/api/chat", "/api/generate"):
            return self.whole({"error": f"no {path} here"}, status="404 Not Found")
        asked, hashes = read_body(body)
        kind: Literal["chat", "generate"] = "chat" if path == "/api/chat" else "generate"
        prompt = asked["messages"][-1]["content"] if kind == "chat" else asked["prompt"]
        command, *details = prompt.split()
        if command == "wait":
            await asyncio.sleep(float(details[0]))
        if command == "stream":
            return await self.stream(kind, int(details[0]), details[1:])
        text = " ".join(hashes)
        if asked.get("stream", True):
            return self.transport.write(  # type: ignore[no-any-return]
                _CHUNKED + _chunk(_line(kind, content=text)) + _chunk(_line(kind, **_ENDING)) + b"0\r\n\r\n"
            )
        return self.whole(json.loads(_line(kind, content=text, **_ENDING)))

    async def stream(self, kind: Literal["chat", "generate"], count: int, extras: list[str]) -> None:
        self.transport.write(_CHUNKED)
        apart = "apart" in extras
        for block in _blocks(kind, count, tuple(extras), 1 if apart else PIECES_AT_ONCE):
            self.transport.write(block)
            await asyncio.sleep(APART if apart else 0)
        self.transport.write(b"0\r\n\r\n")

    def whole(self, reply: dict[str, Any], status: str = "200 OK") -> None:
        body = json.dumps(reply).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


_CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"


def read_body(body: memoryview) -> tuple[dict[str, Any], list[str]]:
    """The request as JSON without its pictures, and the hashes of these."""
    raw = body.obj
    assert isinstance(raw, bytearray)
    kept, hashes, at = [], [], 0
    while match := _PICTURES.search(raw, at):
        kept.append(bytes(body[at : match.end()]) + b"]")
        end = raw.index(b"]", match.end())
        start = raw.find(b'"', match.end(), end)
        while start >= 0:
            stop = raw.index(b'"', start + 1, end)
            hashes.append(hash_of(body[start + 1 : stop]))
            start = raw.find(b'"', stop + 1, end)
        at = end + 1
    asked: dict[str, Any] = json.loads(b"".join([*kept, bytes(body[at:])]))
    return asked, hashes


@functools.lru_cache(maxsize=32)
def _blocks(kind: Literal["chat", "generate"], count: int, extras: tuple[str, ...], at_once: int) -> list[bytes]:
    """The stream as it is written; made once, for its making is no work of the client's."""
    chunks = [_chunk(line) for line in _lines(kind, count, extras)]
    return [b"".join(chunks[at : at + at_once]) for at in range(0, len(chunks), at_once)]


def _lines(kind: Literal["chat", "generate"], count: int, extras: tuple[str, ...]) -> Iterator[bytes]:
    if "thinking" in extras:
        yield from (_line(kind, thinking=f"t{number} ") for number in range(count))
    for number in range(count):
        yield _line(kind, content=f"w{number} ")
        if "tools" in extras and number % 100 == 99:
            call = {"id": f"call_{number}", "function": {"name": "look", "arguments": {"number": number}}}
            yield _line(kind, tool_calls=[call])
    yield _line(kind, **_ENDING)


def _line(kind: Literal["chat", "generate"], content: str = "", **fields: Any) -> bytes:
    reply: dict[str, Any] = {"model": "fake", "created_at": "2026-01-01T00:00:00.000000000Z", "done": False}
    part = {name: fields.pop(name) for name in ("thinking", "tool_calls") if name in fields}
    reply |= {"message": {"role": "assistant", "content": content, **part}} if kind == "chat" else {"response": content}
    if kind == "generate":
        reply |= part
    return json.dumps({**reply, **fields}, separators=(",", ":")).encode() + b"\n"


def _chunk(line: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(line), line)


async def serve() -> None:
    """Serve until standard input ends; the address is the first line of standard output."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
