"""Fault injection: what can go wrong between a server and a client, each a value that alters one reply."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .pace import Gate, Pause
from .protocol import gojson

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
SendReply = Callable[[Send], Awaitable[None]]
HangUp = Callable[[], None]

_JSON = "application/json; charset=utf-8"


class Fault:
    """A reply that goes wrong. `reply(send)` sends the right one; `hang_up()` closes the connection.

    It speaks as /api/chat and /api/generate do; what OpenAI's routes make of that is said as a real server says it.
    """

    async def serve(self, reply: SendReply, send: Send, hang_up: HangUp) -> None:
        """Send something else."""
        raise NotImplementedError


@dataclass(frozen=True)
class SlowFirstByte(Fault):
    """Nothing comes, not even the status, until the gate opens or the pause is over.

    >>> SlowFirstByte(Gate())
    """

    until: Gate | Pause

    async def serve(self, reply: SendReply, send: Send, hang_up: HangUp) -> None:
        await self.until.passed()
        await reply(send)


@dataclass(frozen=True)
class Status(Fault):
    """Any status with any body: a JSON value, or text or bytes sent as they are.

    >>> Status(401, {"error": "unauthorized"})
    """

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    async def serve(self, reply: SendReply, send: Send, hang_up: HangUp) -> None:
        is_json = not isinstance(self.body, str | bytes)
        text = gojson.dumps(self.body) if is_json else self.body
        data = text.encode() if isinstance(text, str) else text
        headers = {"content-length": str(len(data))} | ({"content-type": _JSON} if is_json else {})
        headers |= {name.lower(): text for name, text in self.headers.items()}
        await send(_start(self.status, headers, as_is=not is_json))
        await send(_body(data, more=False))


def busy(retry_after: int | None = None) -> Status:
    """503, as a server with a full queue says it."""
    text = "server busy, please try again.  maximum pending requests exceeded"
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return Status(503, {"error": text}, headers)


def nested_error(status: int, message: str, kind: str = "invalid_request_error", **more: Any) -> Status:
    """An error of llama-server as Ollama passes it on: JSON inside the `error` string."""
    inner = {"error": {"code": status, "message": message, "type": kind, **more}}
    return Status(status, {"error": json.dumps(inner, separators=(",", ":"))})


def overflow(prompt_tokens: int = 6009, context_length: int = 2048) -> Status:
    """400: the prompt is longer than the context."""
    size = f"request ({prompt_tokens} tokens) exceeds the available context size ({context_length} tokens)"
    more = {"n_prompt_tokens": prompt_tokens, "n_ctx": context_length}
    return nested_error(400, f"{size}, try increasing it", "exceed_context_size_error", **more)


def lost_picture() -> Status:
    """500: llama.cpp of mid 2026 lost track of a picture that it has cached; it says so until the model is unloaded."""
    return nested_error(500, "got exception: Chunk not found", "server_error")


def html(status: int = 200) -> Status:
    """A page in place of JSON: a login wall, or a proxy in the way."""
    page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
    return Status(status, page, {"content-type": "text/html; charset=utf-8"})


def empty_body() -> Status:
    """Status 200 and not one byte."""
    return Status(200, b"", {"content-type": "application/x-ndjson"})


@dataclass(frozen=True)
class HangUpFirst(Fault):
    """The connection is closed before the first byte of a reply."""

    async def serve(self, reply: SendReply, send: Send, hang_up: HangUp) -> None:
        await leave(hang_up)


@dataclass(frozen=True)
class CutStream(Fault):
    """The connection is closed after so many lines, in the middle of the body."""

    after: int = 1

    async def serve(self, reply: SendReply, send: Send, hang_up: HangUp) -> None:
        sent = 0

        async def until_cut(message: Message) -> None:
            nonlocal sent
            if message["type"] == "http.response.body":
                if sent == self.after:
                    await leave(hang_up)
                sent += 1
                await send({**message, "more_body": True})
            else:
                await send(message)

        await reply(until_cut)
        await leave(hang_up)


@dataclass(frozen=True)
class _Rewritten(Fault):
    """The reply's lines (or its one object) go out changed."""

    def rewrite(self, data: bytes, number: int) -> bytes | None:
        """The line to send for line `number`; `None` ends the reply before it."""
        raise NotImplementedError

    async def serve(self, reply: SendReply, send: Send, hang_up: HangUp) -> None:
        number, ended = 0, False

        async def rewritten(message: Message) -> None:
            nonlocal number, ended
            if ended:
                return
            if message["type"] == "http.response.start":
                # The length is about to change.
                headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
                await send({**message, "headers": headers})
                return
            data = message.get("body", b"")
            changed = self.rewrite(data, number) if data else data
            number += 1
            ended = changed is None or not message.get("more_body", False)
            await send(_body(changed or b"", more=not ended))

        await reply(rewritten)


@dataclass(frozen=True)
class NoDone(_Rewritten):
    """The answer stops in silence: a stream without its last line, a whole reply with `done: false`."""

    def rewrite(self, data: bytes, number: int) -> bytes | None:
        reply = json.loads(data)
        if data.endswith(b"\n"):
            return None if reply.get("done") else data
        kept = {name: value for name, value in reply.items() if name in ("model", "created_at", "message")}
        kept |= {"response": reply["response"]} if "response" in reply else {}
        return gojson.dumps({**kept, "done": False})


@dataclass(frozen=True)
class DoneFalse(_Rewritten):
    """All of the answer comes, but its last object says `done: false`."""

    def rewrite(self, data: bytes, number: int) -> bytes | None:
        return data.replace(b'"done":true', b'"done":false')


@dataclass(frozen=True)
class ErrorLine(_Rewritten):
    """After so many lines an error comes as a line, under status 200; the reply ends there."""

    after: int = 1
    error: str = "an error was encountered while running the model: unexpected EOF"

    def rewrite(self, data: bytes, number: int) -> bytes | None:
        if number > self.after:
            return None
        return data if number < self.after else gojson.dumps({"error": self.error}) + b"\n"


@dataclass(frozen=True)
class BadLine(_Rewritten):
    """After so many lines a line comes that is no JSON; the rest follows."""

    after: int = 1
    line: bytes = b'{"model":"shapes","mess\n'

    def rewrite(self, data: bytes, number: int) -> bytes | None:
        return self.line + data if number == self.after else data


@dataclass(frozen=True)
class OnlyThinking(_Rewritten):
    """All that would have been said was thought, and the tokens ran out: no content, `done_reason` "length"."""

    def rewrite(self, data: bytes, number: int) -> bytes | None:
        reply = json.loads(data)
        said, name = (reply["message"], "content") if "message" in reply else (reply, "response")
        if said[name]:
            said["thinking"] = said.get("thinking", "") + said[name]
        said[name] = ""
        if reply.get("done"):
            reply["done_reason"] = "length"
        return gojson.dumps(reply) + (b"\n" if data.endswith(b"\n") else b"")


@dataclass(frozen=True)
class NextLine(_Rewritten):
    """Each text begins with U+0085, raw as Go sends it: a line break to Python's splitlines, none to JSON."""

    def rewrite(self, data: bytes, number: int) -> bytes | None:
        for name in (b'"content":"', b'"response":"'):
            data = data.replace(name, name + "\x85".encode(), 1)
        return data


@dataclass(frozen=True)
class NoFinalNewline(_Rewritten):
    """The last line has no newline."""

    def rewrite(self, data: bytes, number: int) -> bytes | None:
        return data.rstrip(b"\n") if b'"done":true' in data else data


@dataclass(frozen=True)
class BlankLines(_Rewritten):
    """Blank lines stand between the lines, as a proxy's keep-alive puts them."""

    def rewrite(self, data: bytes, number: int) -> bytes | None:
        return data + b"\n"


@dataclass(frozen=True)
class RawReply(Fault):
    """A reply byte for byte and piece by piece; gates and pauses between them set the pace.

    >>> RawReply([b'{"model":"m","message":', Gate(), b'{"content":"hi"},"done":true}'])
    """

    pieces: Sequence[bytes | Gate | Pause] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/x-ndjson"})
    cut: bool = False
    """Close the connection after the last piece, without the end of the body."""

    @classmethod
    def recorded(cls, response: Mapping[str, Any]) -> RawReply:
        """A recorded response: `status`, `headers`, `chunks` of [milliseconds, text], and `error` when it was cut."""
        # Bytes that are no UTF-8 were kept as lone surrogates.
        pieces = [text.encode("utf-8", "surrogateescape") for _, text in response["chunks"]]
        headers, cut = dict(response["headers"]), "error" in response
        if "content-length" in headers and pieces and not cut:
            # A recording may have been edited: what is said to come must come. A reply to HEAD has no pieces.
            headers["content-length"] = str(sum(len(piece) for piece in pieces))
        return cls(pieces, response["status"], headers, cut)

    async def serve(self, reply: SendReply, send: Send, hang_up: HangUp) -> None:
        # The framing is the server's; a length that was recorded stays, so that a cut shows.
        framing = ("transfer-encoding", "connection")
        headers = {name.lower(): text for name, text in self.headers.items() if name.lower() not in framing}
        await send(_start(self.status, headers, as_is=True))
        for piece in self.pieces:
            if isinstance(piece, bytes):
                await send(_body(piece, more=True))
                # Each piece leaves on its own.
                await asyncio.sleep(0)
            else:
                await piece.passed()
        if self.cut:
            await leave(hang_up)
        await send(_body(b"", more=False))


async def leave(hang_up: HangUp) -> NoReturn:
    """Close the connection in the middle of a reply."""
    hang_up()
    # The server notices the closed connection and ends this task.
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


def _start(status: int, headers: Mapping[str, str], *, as_is: bool) -> Message:
    """`as_is`: the body is no reply of Ollama's, and goes out unchanged on OpenAI's routes too."""
    pairs = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs, "as_is": as_is}


def _body(data: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}
