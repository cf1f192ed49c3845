"""What keeps a reply from coming, in httpcore's words -> the errors of the tree."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from . import _http as httpcore
from . import errors
from ._clock import CONNECT_SECONDS, Clock

_LEFT = re.compile("server disconnected|peer closed connection", re.IGNORECASE)
"""How httpcore's protocol errors say that the other side left; all others mean that what it sent is no HTTP."""


@contextmanager
def translated(url: str, clock: Clock, *, began: bool) -> Iterator[None]:
    """httpcore's exceptions -> ours; `began` says whether the reply had."""
    try:
        yield
    except httpcore.faults() as cause:
        raise translation(cause, url, clock, began=began) from cause


def translation(cause: Exception, url: str, clock: Clock, *, began: bool) -> errors.OllamaMultiModalError:
    """Our error for one of httpcore's."""
    if isinstance(cause, httpcore.ConnectTimeout):
        clock.check()
        return errors.ConnectionFailedError(
            f"No connection to {url} within {CONNECT_SECONDS:g} seconds. Is that the right machine and port?"
        )
    if isinstance(cause, httpcore.TimeoutException):
        clock.check()
        return errors.SilenceTimeoutError(_silence_words(url, clock, began))
    if isinstance(cause, httpcore.ConnectError):
        return _no_connection(url, cause)
    clock.check()
    if isinstance(cause, httpcore.RemoteProtocolError) and not _LEFT.search(str(cause)):
        return errors.BadReplyError(f"What answers at {url} does not speak HTTP: {cause}")
    if began:
        return errors.StreamInterruptedError(
            f"The connection to {url} was cut in the middle of the answer ({_words(cause)}). "
            "The text so far is in partial_text; the server, or a proxy before it, may have been restarted."
        )
    return errors.ConnectionFailedError(
        f"The connection to {url} was lost before an answer came ({_words(cause)}).", transient=True
    )


def _no_connection(url: str, cause: httpcore.ConnectError) -> errors.ConnectionFailedError:
    deepest: BaseException = cause
    while deepest.__cause__ or deepest.__context__:
        deepest = deepest.__cause__ or deepest.__context__ or deepest
    if isinstance(deepest, ssl.SSLError):
        return errors.ConnectionFailedError(
            f"No trusted connection to {url}: {deepest}. For a certificate of your own pass verify='/path/to/ca.pem'."
        )
    return errors.ConnectionFailedError(
        f"Nothing answers at {url} ({_words(cause)}). Start Ollama with: ollama serve. If it runs elsewhere, pass "
        "base_url or set OLLAMA_HOST.",
        transient=True,
    )


def _silence_words(url: str, clock: Clock, began: bool) -> str:
    if began:
        return f"Nothing more came from {url} for {clock.silence:g} seconds (request_timeout), in mid-answer."
    return (
        f"Nothing came from {url} for {clock.silence:g} seconds (request_timeout). The model may still be loading, "
        "waiting for a free slot, or reading the pictures: raise request_timeout, load it first with preload(), or "
        "send smaller pictures."
    )


def _words(cause: Exception) -> str:
    return str(cause) or type(cause).__name__
