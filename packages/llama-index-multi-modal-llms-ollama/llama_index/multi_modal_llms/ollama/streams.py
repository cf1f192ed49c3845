"""The wrapper outside LlamaIndex core's: a stream that is left is closed on the server, read or unread.

Core wraps each endpoint, and its wrapper around a stream neither closes an unread stream nor, when an event handler
keeps the traceback, a read one. So each of the eight gets one more wrapper, outside of core's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from llama_index.core.instrumentation.event_handlers import NullEventHandler
from llama_index.core.llms.callbacks import dispatcher

from ollama_vision.model import ChatKeywords, CompleteKeywords, Given, show_keywords, with_held_streams

from .keywords import OtherSettings, TemplateKeywords, chat_like, complete_like
from .legacy_images import has_legacy_images, with_blocks_for_legacy_images

T = TypeVar("T")


def close_streams_outside_core(cls: type[T]) -> type[T]:
    """Put the outer wrapper around a class's eight endpoints, and show their keywords."""
    for name in [each for each in cls.__dict__ if each.endswith(("complete", "chat"))]:
        rework = _without_legacy_images if name.endswith("chat") else None
        wrapper = with_held_streams(cls.__dict__[name], _is_heard, rework)
        setattr(cls, name, wrapper)
        keywords, like = (ChatKeywords, chat_like) if name.endswith("chat") else (CompleteKeywords, complete_like)
        show_keywords(wrapper, keywords, like=like)
    for name in [each for each in cls.__dict__ if each.endswith("structured_predict")]:
        show_keywords(cls.__dict__[name], TemplateKeywords, and_others=True)
    for shown in (cls, cls.__dict__["from_server"], cls.__dict__["afrom_server"]):
        show_keywords(shown, OtherSettings)
    return cls


def _is_heard(llm: Any) -> bool:
    """Whether anybody listens to the events that core's wrapper makes of each piece: 7 us, twice what else it costs."""
    each = dispatcher
    while not llm.callback_manager.handlers and all(type(it) is NullEventHandler for it in each.event_handlers):
        if not each.propagate:
            return False
        each = each.parent
    return True


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
