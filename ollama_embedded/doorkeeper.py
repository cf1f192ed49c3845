"""Who may ask: a server on the loopback answers only requests that name a local host, as Ollama's does."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

_LOCAL_ENDINGS = (".localhost", ".local", ".internal")
_LOCAL_SCHEMES = ("app", "file", "tauri", "vscode-webview", "vscode-file")
_ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - a name to compare with, nothing is bound to it


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_enter(headers: Mapping[str, str], own_names: frozenset[str]) -> bool:
    """Whether neither the Host nor the Origin header is foreign."""
    origin = headers.get("origin")
    return _known(_host(headers.get("host", "")), own_names) and (origin is None or _origin_fits(origin))


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


def _origin_fits(origin: str) -> bool:
    """Ollama lets pages of this machine and the shells of desktop programs in."""
    parts = urlsplit(origin)
    if parts.scheme in _LOCAL_SCHEMES:
        return True
    host = parts.hostname or ""
    return parts.scheme in ("http", "https") and (host == "localhost" or host == _ANY_ADDRESS or is_loopback(host))
