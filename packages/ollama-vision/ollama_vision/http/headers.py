"""Request headers: checked before they are sent; those with credentials are shown to nobody."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from .address import Address

API_KEY = "OLLAMA_API_KEY"
"""The environment's variable."""


def request_headers(address: Address, own: Mapping[str, str]) -> dict[str, str]:
    """The headers that say who asks: the caller's own, else those of the address, else `OLLAMA_API_KEY`.

    The key goes over TLS or stays on this machine; to send it elsewhere in the clear, pass it in `headers`.
    """
    headers = checked_headers(own)
    if any(name.lower() == "authorization" for name in headers):
        return headers
    if address.authorization:
        headers["Authorization"] = address.authorization
    elif (key := os.environ.get(API_KEY, "").strip()) and (address.is_https or address.is_loopback):
        headers["Authorization"] = f"Bearer {key}"
    return headers


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A copy of headers that can be sent.

    Raises:
        ValueError: one that cannot. The message names it and never shows its value.
    """
    if not isinstance(headers, Mapping):
        raise ValueError("headers must be a dict of names and values")
    for name, value in headers.items():
        if not isinstance(name, str) or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise ValueError(f"{name!r} is no name of a header: letters, digits and hyphens")
        if not isinstance(value, str) or not re.fullmatch(r"[\t\x20-\x7e]*", value):
            raise ValueError(f"the header {name!r} must be text of printable ASCII characters, in one line")
    return dict(headers)
