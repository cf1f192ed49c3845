"""What a page in a browser may do: CORS (cross-origin resource sharing) as Ollama's `gin-contrib/cors` does it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Message, Send

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104 - names to compare with, nothing is bound to them
_SHELLS = ("app://*", "file://*", "tauri://*", "vscode-webview://*", "vscode-file://*")
_LOCAL = tuple(
    f"{scheme}://{host}{port}" for host in _LOCAL_HOSTS for scheme in ("http", "https") for port in ("", ":*")
)
_METHODS = "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS"
# A fixed list, whatever the browser asks for; it then refuses a header that is not in it by itself.
_HEADERS = (
    "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta,X-Stainless-Arch,X-Stainless-Async,"
    "X-Stainless-Custom-Poll-Interval,X-Stainless-Helper-Method,X-Stainless-Lang,X-Stainless-Os,"
    "X-Stainless-Package-Version,X-Stainless-Poll-Helper,X-Stainless-Retry-Count,X-Stainless-Runtime,"
    "X-Stainless-Runtime-Version,X-Stainless-Timeout"
)
_MAX_AGE = "43200"
_PREFLIGHT_VARY = ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers")

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Origins:
    """Whose pages may ask. A `*` inside one stands for anything, a `*` alone for everyone."""

    patterns: tuple[str, ...]

    @classmethod
    def of(cls, more: Iterable[str] | None) -> Origins:
        """Pages of this machine, shells of desktop programs, and more; `None`: those of OLLAMA_ORIGINS."""
        if more is None:
            more = os.environ.get("OLLAMA_ORIGINS", "").strip().strip("\"'").split(",")
        elif isinstance(more, str):
            raise TypeError(f"give origins as a list, such as [{more!r}]")
        added = [origin.strip().lower() for origin in more if origin.strip()]
        for origin in added:
            if "*" not in origin and "://" not in origin:
                raise ValueError(f'{origin!r} is no origin: write it as "https://{origin}", or "*" for every page')
        return cls((*added, *_LOCAL, *_SHELLS))

    @property
    def are_all(self) -> bool:
        return "*" in self.patterns

    def include(self, origin: str) -> bool:
        return any(_matches(origin, pattern) for pattern in self.patterns)

    def headers(self, origin: str) -> Headers:
        """What every reply to a page carries, so that the browser lets the page read it."""
        return self._with_origin(origin, [] if self.are_all else [("vary", "Origin")])

    def preflight(self, origin: str) -> Headers:
        """The answer to the browser's question whether the page may ask."""
        vary = [] if self.are_all else [("vary", name) for name in _PREFLIGHT_VARY]
        told = [
            ("access-control-allow-methods", _METHODS),
            ("access-control-allow-headers", _HEADERS),
            ("access-control-max-age", _MAX_AGE),
        ]
        return self._with_origin(origin, [*told, *vary])

    def _with_origin(self, origin: str, headers: list[tuple[str, str]]) -> Headers:
        named = [("access-control-allow-origin", "*" if self.are_all else origin), *headers]
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named]


def foreign_origin(headers: Mapping[str, str]) -> str:
    """The page that asks; "" when no page does, or one of this very server."""
    origin, host = headers.get("origin", ""), headers.get("host", "")
    return "" if origin in (f"http://{host}", f"https://{host}") else origin


def answered(status: int, headers: Headers, allow: str) -> Response:
    """A reply without a body that CORS gives in place of the application."""
    reply = Response(status_code=status)
    reply.raw_headers += [*headers, *([(b"allow", allow.encode())] if allow else [])]
    return reply


def with_headers(send: Send, added: Headers) -> Send:
    """A `send` that puts headers on the reply, in place of those of the same names."""
    names = {name for name, _ in added}

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [pair for pair in message["headers"] if pair[0].lower() not in names]
            message = {**message, "headers": [*others, *added]}
        await send(message)

    return send_with_headers


def _matches(origin: str, pattern: str) -> bool:
    before, star, after = pattern.partition("*")
    return origin.startswith(before) and origin.endswith(after) if star else origin == pattern
