"""HTTP client, sync and async over one body: addresses, proxies, TLS, connection pools, deadlines, responses."""

from __future__ import annotations

from .address import default_base_url, parse_address
from .connections import Connections
from .deadline import Deadline
from .headers import checked_headers, request_headers
from .io import IO, AsyncIO, BlockingIO, run_blocking
from .limits import admit
from .proxies import login_hint
from .response import HttpResponse  # of functions and types only
from .target import Target

__all__ = [
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
    "login_hint",
    "parse_address",
    "request_headers",
    "run_blocking",
]
