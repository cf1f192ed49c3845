"""HTTP client, sync and async over one body: addresses, proxies, TLS, connection pools, deadlines, responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

from .io import IO, AsyncIO, BlockingIO, Connections, run_blocking

if TYPE_CHECKING:
    from .address import default_base_url, ip_of, parse_address
    from .deadline import Deadline
    from .headers import API_KEY, checked_headers, request_headers
    from .limits import admit
    from .proxies import login_hint
    from .response import HttpResponse
    from .target import Target

__all__ = [
    "API_KEY",
    "IO",
    "AsyncIO",
    "BlockingIO",
    "Connections",
    "Deadline",
    "HttpResponse",
    "Target",
    "admit",
    "checked_headers",
    "default_base_url",
    "ip_of",
    "login_hint",
    "parse_address",
    "request_headers",
    "run_blocking",
]

__getattr__ = lazy_names(
    __name__,
    {
        "API_KEY": ".headers",
        "Deadline": ".deadline",
        "HttpResponse": ".response",
        "Target": ".target",
        "admit": ".limits",
        "checked_headers": ".headers",
        "default_base_url": ".address",
        "ip_of": ".address",
        "login_hint": ".proxies",
        "parse_address": ".address",
        "request_headers": ".headers",
    },
)
"""httpcore2 stands behind it, which the first request opens, and the other parts are opened when they are needed."""
