"""libtiff's error handler: what it says while it decodes is kept for the error to raise, and not written to stderr.

Pillow turns libtiff's warnings off and has no door to its errors, some of which it takes for success: a fax whose code
words make no sense is white or striped from there on. libtiff has one handler for the whole process; what other threads
cause is passed on to the one that was there.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

from ...formats.header import DamagedFile
from .page import G3, Page

_Handler = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
_MOST = 10_000
"""Messages of one page that are kept: a fax may have one for each of its lines."""


class _Listener(threading.local):
    """What libtiff says in this thread; `None` when nobody here wants to know."""

    messages: list[str] | None = None


_here = _Listener()
_lock = threading.Lock()
_listening = 0
_before: Any = None


@contextmanager
def heard(page: Page) -> Iterator[list[str]]:
    """Decoding the page within it raises DamagedFile with what libtiff says, also where Pillow takes it for success.

    Of a fax in G3 each line that is damaged is one message in the list, and the next line is whole again: this is what
    a telephone line does to one, and what viewers show.
    """
    with complaints() as said:
        try:
            yield said
        except OSError as error:
            words = {"decoder error -2": "its picture data are broken"}.get(str(error), str(error))
            raise DamagedFile(f"cannot be decoded: {said[0] if said else words}") from error
    if said and page.compression != G3:
        raise DamagedFile(f"cannot be decoded whole: {said[0]}")


@contextmanager
def complaints() -> Iterator[list[str]]:
    """The errors that libtiff reports in this thread meanwhile, in a list that grows.

    It stays empty, and the messages go to the standard error, where Pillow carries libtiff within itself and cannot be
    asked for it, as on Windows.
    """
    _here.messages = []
    _attend(1)
    try:
        yield _here.messages
    finally:
        _attend(-1)
        _here.messages = None


def _attend(by: int) -> None:
    """Our handler stands while anybody listens."""
    global _listening, _before
    if (set_handler := _setter()) is None:
        return
    with _lock:
        if _listening == 0:
            _before = set_handler(_handler)
        _listening += by
        if _listening == 0:
            set_handler(_before)


@cache
def _setter() -> Callable[[Any], Any] | None:
    """libtiff's TIFFSetErrorHandler, found through the library of Pillow's that is linked with it."""
    pillow = import_module("PIL._imaging")
    try:
        set_handler = ctypes.CDLL(pillow.__file__).TIFFSetErrorHandler
    except (OSError, AttributeError):
        return None
    set_handler.restype, set_handler.argtypes = _Handler, [_Handler]
    return set_handler


def _hear(module: bytes | None, words: bytes, values: int) -> None:
    messages = _here.messages
    if messages is None:
        if _before:
            _before(module, words, values)
    elif len(messages) < _MOST:
        text = ctypes.create_string_buffer(500)
        ctypes.pythonapi.PyOS_vsnprintf(text, ctypes.c_size_t(500), words, ctypes.c_void_p(values))
        messages.append(text.value.decode("utf-8", "replace").strip().rstrip("."))


_handler = _Handler(_hear)
