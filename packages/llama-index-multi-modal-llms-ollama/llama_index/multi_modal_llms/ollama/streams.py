"""The wrapper outside core's: a stream that is left is closed on the server, read or unread.

Core wraps each endpoint, and its wrapper around a stream neither closes an unread stream nor, when an event handler
keeps the traceback, a read one. So each of the eight gets one more wrapper, outside of core's.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import Any, TypeVar

from ollama_vision.http import admit
from ollama_vision.model import HeldAsyncStream, HeldStream, opened

from .keywords import signature_of, with_options, with_pictures
from .legacy_images import has_legacy_images, with_blocks_for_legacy_images
from .redaction import with_hidden_headers

ENDPOINTS = (
    "complete",
    "acomplete",
    "stream_complete",
    "astream_complete",
    "chat",
    "achat",
    "stream_chat",
    "astream_chat",
)

T = TypeVar("T")


def outermost(cls: type[T]) -> type[T]:
    """Put the outer wrapper around a class's eight endpoints, and show their keywords."""
    for name in ENDPOINTS:
        wrapper: Any = _wrapped(cls.__dict__[name], takes_messages=name.endswith("chat"))
        wrapper.__signature__ = signature_of(name)
        setattr(cls, name, wrapper)
    cls.__signature__ = with_options(inspect.signature(cls))  # type: ignore[attr-defined]
    for name in [each for each in cls.__dict__ if each.endswith("structured_predict")]:
        method: Any = cls.__dict__[name]
        method.__signature__ = with_pictures(inspect.signature(method))
    for name in ("from_server", "afrom_server"):
        maker: Any = cls.__dict__[name].__func__
        maker.__signature__ = with_options(inspect.signature(maker))
    return cls


def _wrapped(method: Any, takes_messages: bool) -> Callable[..., Any]:
    """Core's wrapper is called as a bound method: otherwise it inspects a partial's signature, 0.1 ms each time."""
    if inspect.iscoroutinefunction(method):
        return _wrapped_async(method, takes_messages)

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if takes_messages and _legacy(args, kwargs):
            args, kwargs = _cleaned(args, kwargs)
        kwargs = with_hidden_headers(kwargs)
        made: list[Any] = []
        token = opened.set(made)
        try:
            result = method.__get__(self)(*args, **kwargs)
        finally:
            opened.reset(token)
        return HeldStream(result, made) if isinstance(result, Generator) else result

    return wrapper


def _wrapped_async(method: Any, takes_messages: bool) -> Callable[..., Any]:
    @functools.wraps(method)
    async def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        await admit()
        if takes_messages and _legacy(args, kwargs):
            args, kwargs = await asyncio.to_thread(_cleaned, args, kwargs)
        kwargs = with_hidden_headers(kwargs)
        made: list[Any] = []
        token = opened.set(made)
        try:
            result = await method.__get__(self)(*args, **kwargs)
        finally:
            opened.reset(token)
        return HeldAsyncStream(result, made) if isinstance(result, AsyncGenerator) else result

    return wrapper


def _legacy(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    messages = args[0] if args else kwargs.get("messages")
    return isinstance(messages, Sequence) and any(has_legacy_images(message) for message in messages)


def _cleaned(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if args:
        return (with_blocks_for_legacy_images(args[0]), *args[1:]), kwargs
    return args, {**kwargs, "messages": with_blocks_for_legacy_images(kwargs["messages"])}
