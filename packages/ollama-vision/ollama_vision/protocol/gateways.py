"""Error pages of gateways (reverse proxies such as nginx) and of forward proxies: replies that are not Ollama's own.

Such a page has no JSON with `error`. Who wrote it is told as far as it says so; what to do depends on the status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ollama_vision import errors

from .error_context import ErrorContext
from .ways_out import RIGHT_ADDRESS, SMALLER_PICTURES

_SHOWN = 300
_LET_MORE_THROUGH = "Raise its limit (nginx: client_max_body_size; Apache: LimitRequestBody)"


def foreign_failure(
    status: int, headers: Mapping[str, str], shown: str, asked: ErrorContext
) -> errors.OllamaMultiModalError:
    """The error for a reply without Ollama's JSON, other than 401, 413, 429 and 503."""
    known = {"status": status, "body": shown}
    said = describe_non_ollama(headers, shown)
    if status == 407:
        return errors.ConnectionFailedError(
            f"A proxy on the way to {asked.url} wants to know who asks (407: {said}). {asked.login_hint}"
        )
    if status == 403:
        return errors.ForbiddenError(_forbidden(headers, shown, asked), **known)
    if status == 502:
        words = f"{_gateway(asked)} is out of reach for it (502: {said}). Is Ollama running there? Look at its log."
        return errors.ServerError(words, transient=True, **known)
    if status == 504:
        return errors.ServerError(
            f"{_gateway(asked)} took longer than it waits (504: {said}). Raise its read timeout (nginx: "
            "proxy_read_timeout; HAProxy: timeout server), or load the model first with preload().",
            **known,
        )
    if status == 500 and not shown:  # Ollama itself, when its own code fails
        return errors.ServerError(
            f"{asked.url} answered with an error (500), without a word. Look at the server's log.", status=status
        )
    return errors.BadReplyError(
        f"{asked.url} answered {status}, but not as Ollama does: {said}. {RIGHT_ADDRESS}",
        **known,
    )


def busy_words(status: int, headers: Mapping[str, str], shown: str, asked: ErrorContext) -> str:
    """Of a 429 or 503 without Ollama's JSON."""
    said = describe_non_ollama(headers, shown)
    if status == 429:
        return f"A gateway before {asked.url} lets no more requests through now (429: {said}). Send fewer at once."
    return f"{_gateway(asked)} takes no requests now (503: {said}). Is Ollama running there? Try again later."


def too_large_words(headers: Mapping[str, str], shown: str, asked: ErrorContext) -> str:
    """Of a 413 without Ollama's JSON."""
    said = describe_non_ollama(headers, shown)
    return (
        f"A gateway before {asked.url} lets no request of this size through (413: {said}); "
        f"{asked.media_bytes:,} bytes of pictures were sent. {_LET_MORE_THROUGH}, or {SMALLER_PICTURES}."
    )


def wants_password(headers: Mapping[str, str]) -> bool:
    """Whether a 401 asks for HTTP's basic authentication, which no Ollama does."""
    return headers.get("www-authenticate", "").lower().lstrip().startswith("basic")


def _gateway(asked: ErrorContext) -> str:
    return f"A gateway answers for {asked.url}: the server behind it"


def _forbidden(headers: Mapping[str, str], shown: str, asked: ErrorContext) -> str:
    said = describe_non_ollama(headers, shown)
    if asked.through_proxy:
        return (
            f"{asked.url} refuses the request (403: {said}). It may be the proxy that "
            f"refuses: to go around it, add the server's name to NO_PROXY."
        )
    if shown or headers.get("server"):
        return f"A gateway before {asked.url} refuses the request (403: {said}). Look at its rules for who may come in."
    return (
        f"{asked.url} refuses the request (403, without a word). An Ollama that listens on its own machine only does "
        "so when the Host header names another: let the proxy in front of it send Host: localhost, or start Ollama "
        "with OLLAMA_HOST=0.0.0.0."
    )


def not_ollama(place: str, headers: Mapping[str, str], shown: str, status: int) -> errors.BadReplyError:
    """The error for a reply with a good status that is nothing of Ollama's."""
    return errors.BadReplyError(
        f"{place} does not answer as Ollama does: {describe_non_ollama(headers, shown)}. {RIGHT_ADDRESS}",
        status=status,
        body=shown[:_SHOWN],
    )


def describe_non_ollama(headers: Mapping[str, str], shown: str) -> str:
    """What answered instead of Ollama, as far as it says so."""
    kind = headers.get("content-type", "no content type").partition(";")[0]
    who = f" from {headers['server']}" if headers.get("server") else ""
    to = f", which points to {headers['location'].partition('?')[0]}" if headers.get("location") else ""
    title = re.search(r"<title[^>]*>(.*?)</title>", shown, re.IGNORECASE | re.DOTALL)
    start = " ".join((title[1] if title else re.sub("<[^>]*>", " ", shown)[:120]).split())
    return f"{kind}{who}{to}" + (f" saying {start!r}" if start else ", and empty")
