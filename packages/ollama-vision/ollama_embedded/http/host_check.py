"""Host check against DNS rebinding: a server on the loopback answers only local names, as Ollama does."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

_LOCAL_ENDINGS = (".localhost", ".local", ".internal")


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_allowed(headers: Mapping[str, str], own_names: frozenset[str]) -> bool:
    """Whether the Host header is not foreign; which pages may ask is told by `cors`."""
    return _known(_host(headers.get("host", "")), own_names)


def _host(header: str) -> str:
    return urlsplit("//" + header).hostname or ""


def _known(host: str, own_names: frozenset[str]) -> bool:
    if not host or host == "localhost" or host in own_names or host.endswith(_LOCAL_ENDINGS):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
