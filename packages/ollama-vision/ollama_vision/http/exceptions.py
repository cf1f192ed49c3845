"""Exception mapping: httpcore2's exceptions -> the errors of this package."""

from __future__ import annotations

import re
import ssl
import sys
from collections.abc import Iterator

import httpcore2

from ollama_vision import errors

from .deadline import CONNECT_SECONDS, Deadline
from .proxies import Proxy, login_hint
from .target import Target
from .tls import refusal

_LEFT = re.compile("server disconnected|peer closed connection", re.IGNORECASE)
"""How httpcore2's protocol errors say that the other side left; all others mean that what it sent is no HTTP."""


_RAISED: tuple[type[Exception], ...] = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
)
"""By httpcore2; they have no class in common."""


def raised_by_httpcore() -> tuple[type[Exception], ...]:
    """What httpcore2 raises; by a SOCKS proxy also what socksio does, as it comes."""
    return (*_raised_by_socks(), *_RAISED)


def _raised_by_socks() -> tuple[type[Exception], ...]:
    """What the reader of SOCKS raises; nothing as long as no request went through such a proxy."""
    socksio = sys.modules.get("socksio")
    return (socksio.SOCKSError,) if socksio else ()


def map_exception(cause: Exception, target: Target, deadline: Deadline, *, began: bool) -> errors.OllamaMultiModalError:
    """Our error for one of httpcore2's; `began` says whether the response had."""
    place = target.place
    if isinstance(cause, httpcore2.ConnectTimeout):
        deadline.check()
        return errors.ConnectionFailedError(
            f"No connection to {place} within {CONNECT_SECONDS:g} seconds. {_right_machine(target)}"
        )
    if isinstance(cause, httpcore2.TimeoutException):
        deadline.check()
        return errors.SilenceTimeoutError(_silence_words(place, deadline, began))
    if isinstance(cause, httpcore2.ProxyError) and target.proxy is not None:
        return _no_tunnel(target, target.proxy, cause)
    if isinstance(cause, _raised_by_socks()) and target.proxy is not None:
        return errors.ConnectionFailedError(
            f"{target.proxy.first_words} does not answer as SOCKS5 does ({_words(cause)}). Correct "
            f"{target.proxy.source}, or go around it: {_around(target)}."
        )
    broken = _tls_error(cause)
    if broken is not None and not began:
        return errors.ConnectionFailedError(refusal(_speaks_tls(target), broken, target.cert))
    if isinstance(cause, httpcore2.ConnectError) and not _ended_early(cause):
        return _no_connection(target, cause)
    deadline.check()
    if isinstance(cause, httpcore2.RemoteProtocolError) and not _LEFT.search(str(cause)):
        return errors.BadReplyError(f"What answers at {place} does not speak HTTP: {cause}{_maybe_tls(target)}")
    if began:
        return errors.StreamInterruptedError(
            f"The connection to {place} was cut in the middle of the answer ({_words(cause)}). "
            "The text so far is in partial_text; the server, or a proxy before it, may have been restarted."
        )
    return errors.ConnectionFailedError(
        f"The connection to {place} was lost before an answer came ({_words(cause)}).{_maybe_tls(target)}",
        transient=True,
    )


def _tls_error(cause: BaseException) -> ssl.SSLError | None:
    """TLS's own error behind one of httpcore2's."""
    for each in _chain(cause):
        # That the other side left without TLS's farewell is a lost connection like any other.
        if isinstance(each, ssl.SSLError) and not isinstance(each, _LEFT_IN_TLS):
            return each
    return None


_LEFT_IN_TLS = (ssl.SSLEOFError, ssl.SSLZeroReturnError)


def _ended_early(cause: BaseException) -> bool:
    """Whether there was a connection, which ended in TLS's greeting: httpcore2 calls that a ConnectError too."""
    return any(isinstance(each, (*_LEFT_IN_TLS, ConnectionResetError, BrokenPipeError)) for each in _chain(cause))


def _chain(cause: BaseException) -> Iterator[BaseException]:
    deepest: BaseException | None = cause
    while deepest is not None:
        yield deepest
        deepest = deepest.__cause__ or deepest.__context__


def _speaks_tls(target: Target) -> str:
    """Whose TLS it is on the way to a server: of one with plain http only the proxy's can be."""
    return target.proxy.words if target.proxy is not None and not target.address.is_https else target.place


def _no_connection(target: Target, cause: httpcore2.ConnectError) -> errors.ConnectionFailedError:
    if target.proxy is not None:
        return errors.ConnectionFailedError(
            f"Nothing answers at {target.proxy.words} ({_words(cause)}), through which requests to "
            f"{target.address.url} go. Correct {target.proxy.source}, or go around it: {_around(target)}.",
            transient=True,
        )
    return errors.ConnectionFailedError(
        f"Nothing answers at {target.place} ({_words(cause)}). Start Ollama with: ollama serve. If it runs elsewhere, "
        "pass base_url or set OLLAMA_HOST.",
        transient=True,
    )


def _no_tunnel(target: Target, proxy: Proxy, cause: httpcore2.ProxyError) -> errors.ConnectionFailedError:
    """What a proxy says instead of letting us through: to CONNECT, or in SOCKS."""
    said = _words(cause)
    if said.startswith("407"):
        why = f"wants to know who asks ({said}). {login_hint(proxy.source)}"
    else:
        why = f"does not let a request to {target.address.url} through ({said})."
    # What it refuses, it refuses again; 502 to 504 say that it could not reach the server just now.
    may_pass = said.startswith(("502", "503", "504"))
    return errors.ConnectionFailedError(
        f"{proxy.first_words} {why} To go around it: {_around(target)}.", transient=may_pass
    )


def _around(target: Target) -> str:
    return f"NO_PROXY={target.address.host}"


def _right_machine(target: Target) -> str:
    if target.proxy is None:
        return "Is that the right machine and port?"
    return f"Is {target.proxy.source} right? To go around the proxy: {_around(target)}."


def _maybe_tls(target: Target) -> str:
    """What of TLS may be behind a connection that ends before an answer: its own words are often lost with it."""
    if not target.address.is_https:
        return "" if target.proxy else " If that port speaks TLS, write https://."
    if target.cert:
        return " Perhaps it does not take the client certificate: ask whose certificates it takes."
    return " If the server wants a client certificate, pass cert=."


def _silence_words(place: str, deadline: Deadline, began: bool) -> str:
    if began:
        return f"Nothing more came from {place} for {deadline.read_timeout:g} seconds (request_timeout), in mid-answer."
    return (
        f"Nothing came from {place} for {deadline.read_timeout:g} seconds (request_timeout). The model may still be "
        "loading, waiting for a free slot, or reading the pictures: raise request_timeout, load it first with "
        "preload(), or send smaller pictures."
    )


def _words(cause: Exception) -> str:
    return str(cause) or type(cause).__name__
