"""The wrapper outside LlamaIndex core's: a stream that is left is closed on the server, read or unread.

Core wraps each endpoint, and its wrapper around a stream neither closes an unread stream nor, when an event handler
keeps the traceback, a read one. So each of the eight gets one more wrapper, outside of core's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ollama_vision.model import Given, with_held_streams, with_keywords

from .keywords import OtherSettings, signature_of, with_pictures
from .legacy_images import has_legacy_images, with_blocks_for_legacy_images

T = TypeVar("T")


def close_streams_outside_core(cls: type[T]) -> type[T]:
    """Put the outer wrapper around a class's eight endpoints, and show their keywords."""
    for name in [each for each in cls.__dict__ if each.endswith(("complete", "chat"))]:
        rework = _without_legacy_images if name.endswith("chat") else None
        wrapper = with_held_streams(cls.__dict__[name], rework)
        wrapper.__signature__ = signature_of(name)
        setattr(cls, name, wrapper)
    cls.__signature__ = with_keywords(inspect.signature(cls), OtherSettings)  # type: ignore[attr-defined]
    for name in [each for each in cls.__dict__ if each.endswith("structured_predict")]:
        method: Any = cls.__dict__[name]
        method.__signature__ = with_pictures(inspect.signature(method))
    for name in ("from_server", "afrom_server"):
        maker: Any = cls.__dict__[name].__func__
        maker.__signature__ = with_keywords(inspect.signature(maker), OtherSettings)
    return cls


def _without_legacy_images(given: Given) -> Callable[[], Given] | None:
    """The work that makes blocks of pictures in the first class's way; `None` where there are none."""
    args, kwargs = given
    messages = args[0] if args else kwargs.get("messages")
    if not isinstance(messages, Sequence) or not any(has_legacy_images(message) for message in messages):
        return None

    def rework() -> Given:
        reworked = with_blocks_for_legacy_images(messages)
        return ((reworked, *args[1:]), kwargs) if args else (args, {**kwargs, "messages": reworked})

    return rework
