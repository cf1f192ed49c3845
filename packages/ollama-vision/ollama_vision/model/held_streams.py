"""Streams in another library's wrapper: closing what the caller holds closes the request within, read or unread.

A generator around a `ReplyStream` does not close it when it was never read, nor when something keeps its traceback.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
from typing import Any

from .streams import AsyncReplyStream, ReplyStream


class HeldStream(Generator[Any, None, None]):
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
