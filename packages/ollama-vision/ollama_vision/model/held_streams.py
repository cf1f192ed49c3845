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
    """What the caller holds: another library's generator outside, ours inside, closed together.

    As long as nobody hears what the other generator tells of each item, the items come past it.
    """

    def __init__(
        self, source: Generator[Any, None, None], opened: Sequence[ReplyStream], is_heard: Callable[[], bool]
    ) -> None:
        self._source = source
        self._opened = opened
        self._is_heard = is_heard
        self._missed = False
        """Items went past the source."""

    def __next__(self) -> Any:
        if not self._is_heard():
            self._missed = True
            return next(self._opened[0])
        self._opened[0].check_reader()
        if self._missed:
            # Somebody listens since: the source shall know the last item, of which it tells at the end.
            self._missed = False
            self._opened[0].put_back(self._opened[0].last)
            next(self._source)
        return next(self._source)

    def send(self, value: None) -> Any:
        return next(self)

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        try:
            return self._source.throw(typ if val is None else val)
        finally:
            self.close()

    def close(self) -> None:
        try:
            if not self._opened[0].is_being_read:  # else its reader is told in a moment
                self._source.close()
        finally:
            for stream in self._opened:
                stream.close()

    def __del__(self) -> None:
        self.close()


class HeldAsyncStream(AsyncGenerator[Any, None]):
    """The same on an event loop. One that is dropped is closed by that generator and ours, each in its own way."""

    def __init__(
        self, source: AsyncGenerator[Any, None], opened: Sequence[AsyncReplyStream], is_heard: Callable[[], bool]
    ) -> None:
        self._source = source
        self._opened = opened
        self._is_heard = is_heard
        self._missed = False

    def __anext__(self) -> Coroutine[Any, Any, Any]:
        if not self._is_heard():
            self._missed = True
            return self._opened[0].asend(None)
        return self._heard()

    async def _heard(self) -> Any:
        self._opened[0].check_reader()
        if self._missed:
            self._missed = False
            self._opened[0].put_back(self._opened[0].last)
            await anext(self._source)
        return await anext(self._source)

    def asend(self, value: None) -> Coroutine[Any, Any, Any]:
        return self.__anext__()

    async def athrow(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        try:
            return await self._source.athrow(typ if val is None else val)
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        try:
            if not self._opened[0].is_being_read:
                await self._source.aclose()
        finally:
            for stream in self._opened:
                await stream.aclose()

    def __del__(self) -> None:
        for stream in self._opened:
            stream.__del__()


def with_held_streams(
    method: Any, is_heard: Callable[[Any], bool], rework: Callable[[Given], Callable[[], Given] | None] | None = None
) -> Any:
    """The wrapper outside another library's: hides a call's headers from it, and holds the stream that it gives.

    The other library's wrapper is called as a bound method: otherwise it inspects a partial's signature, 0.1 ms each
    time.

    Args:
        method: an endpoint as the other library has wrapped it.
        is_heard: of the object, whether anybody listens to what the other library's wrapper tells of a stream.
        rework: of what a call was given, the work that makes something else of it, done away from an event loop;
            `None` where nothing is to be done.
    """
    if inspect.iscoroutinefunction(method):
        return _on_loop(method, is_heard, rework)

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
        if not made or not isinstance(result, Generator):
            return result
        return OwnedStream(result, made, functools.partial(is_heard, self))

    return wrapper


def _on_loop(
    method: Any, is_heard: Callable[[Any], bool], rework: Callable[[Given], Callable[[], Given] | None] | None
) -> Any:
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
        if not made or not isinstance(result, AsyncGenerator):
            return result
        return HeldAsyncStream(result, made, functools.partial(is_heard, self))

    return wrapper
