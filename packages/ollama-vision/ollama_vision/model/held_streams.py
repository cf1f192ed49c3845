"""Streams in another library's wrapper: closing what the caller holds closes the request within, read or unread.

A generator around a `ReplyStream` does not close it when it was never read, nor when something keeps its traceback.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence
from typing import Any, TypeAlias

from ollama_vision.http import admit

from .hidden_headers import with_hidden_headers
from .streams import AsyncReplyStream, ReplyStream, opened

Given: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]
"""What a call was given: positions and keywords."""


class OwnedStream(Generator[Any, None, None]):
    """What the caller holds: another library's generator outside, ours inside, closed together."""

    def __init__(self, source: Generator[Any, None, None], opened: Sequence[ReplyStream]) -> None:
        self._source = source
        self._opened = opened

    def __next__(self) -> Any:
        return next(self._source)

    def send(self, value: None) -> Any:
        return next(self._source)

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        try:
            return self._source.throw(typ if val is None else val)
        finally:
            self.close()

    def close(self) -> None:
        try:
            self._source.close()
        finally:
            for stream in self._opened:
                stream.close()

    def __del__(self) -> None:
        self.close()


class HeldAsyncStream(AsyncGenerator[Any, None]):
    """The same on an event loop. One that is dropped is closed by that generator and ours, each in its own way."""

    def __init__(self, source: AsyncGenerator[Any, None], opened: Sequence[AsyncReplyStream]) -> None:
        self._source = source
        self._opened = opened

    def __anext__(self) -> Coroutine[Any, Any, Any]:
        return self.asend(None)

    async def asend(self, value: None) -> Any:
        return await anext(self._source)

    async def athrow(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        try:
            return await self._source.athrow(typ if val is None else val)
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        try:
            await self._source.aclose()
        finally:
            for stream in self._opened:
                await stream.aclose()

    def __del__(self) -> None:
        for stream in self._opened:
            stream.__del__()


def with_held_streams(method: Any, rework: Callable[[Given], Callable[[], Given] | None] | None = None) -> Any:
    """The wrapper outside another library's: hides a call's headers from it, and holds the stream that it gives.

    The other library's wrapper is called as a bound method: otherwise it inspects a partial's signature, 0.1 ms each
    time.

    Args:
        method: an endpoint as the other library has wrapped it.
        rework: of what a call was given, the work that makes something else of it, done away from an event loop;
            `None` where nothing is to be done.
    """
    if inspect.iscoroutinefunction(method):
        return _on_loop(method, rework)

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if rework is not None and (work := rework((args, kwargs))) is not None:
            args, kwargs = work()
        if kwargs.get("extra_headers"):
            kwargs = with_hidden_headers(kwargs)
        made: list[Any] = []
        token = opened.set(made)
        try:
            result = method.__get__(self)(*args, **kwargs)
        finally:
            opened.reset(token)
        return OwnedStream(result, made) if isinstance(result, Generator) else result

    return wrapper


def _on_loop(method: Any, rework: Callable[[Given], Callable[[], Given] | None] | None) -> Any:
    @functools.wraps(method)
    async def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        await admit()
        if rework is not None and (work := rework((args, kwargs))) is not None:
            args, kwargs = await asyncio.to_thread(work)
        if kwargs.get("extra_headers"):
            kwargs = with_hidden_headers(kwargs)
        made: list[Any] = []
        token = opened.set(made)
        try:
            result = await method.__get__(self)(*args, **kwargs)
        finally:
            opened.reset(token)
        return HeldAsyncStream(result, made) if isinstance(result, AsyncGenerator) else result

    return wrapper
