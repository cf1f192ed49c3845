"""Proxies: which one a request goes through, by HTTP_PROXY and NO_PROXY of the environment as curl and Go read them.

The two differ here and there. Where one of them goes straight to the server, so do we: pictures and credentials must
not reach a machine that was ruled out. No I/O.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ollama_vision import errors

from .address import Address, ip_of

GO_AROUND = "or go around it with NO_PROXY."
SCHEMES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True)
class Proxy:
    """A proxy, and who named it."""

    url: str = field(repr=False)
    """With its name and password, if it has them."""
    source: str
    """The variable, such as "HTTP_PROXY", or "the system's settings"."""

    @property
    def shown(self) -> str:
        """Scheme, host and port alone."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @property
    def words(self) -> str:
        """As an error names it: "the proxy http://proxy:3128 (HTTP_PROXY)"."""
        return f"the proxy {self.shown} ({self.source})"

    @property
    def first_words(self) -> str:
        """The same at the beginning of a sentence."""
        return f"T{self.words[1:]}"


def login_hint(source: str = "HTTP_PROXY") -> str:
    """What to do about a proxy that wants to know who asks; `source` is who named it."""
    return f"Write name and password into {source}: http://name:password@proxy:port."


def proxy_for(address: Address) -> Proxy | None:
    """What the environment, or else the system, says of the way to an address. Loopback never goes through a proxy.

    Raises:
        ConnectionFailedError: the variable holds no address of a proxy.
    """
    # Both spellings count: Go reads the capitals first, curl the small letters, and either may hold the server.
    excluded = ",".join(os.environ.get(name, "") for name in ("no_proxy", "NO_PROXY"))
    if address.is_loopback or is_excluded(address.host, address.port, excluded):
        return None
    scheme = "https" if address.is_https else "http"
    for name in (f"{scheme}_proxy", "all_proxy"):
        source, value = _variable(name)
        if value is not None:
            return _read(value, source) if value else None  # set and empty: none, as for Python
    from urllib.request import getproxies, proxy_bypass  # 12 ms, which a server on this machine does not pay

    # Of macOS and Windows; elsewhere these two read the environment once more, which says nothing.
    if proxy_bypass(address.host):
        return None
    value = getproxies().get(scheme)
    return _read(value, "the system's settings") if value else None


def _variable(name: str) -> tuple[str, str | None]:
    """A variable's spelling and value; the lower case wins, as for curl and Python."""
    for spelled in (name, name.upper()):
        # In a CGI program HTTP_PROXY is a header of the visitor's.
        if spelled in os.environ and not (spelled == "HTTP_PROXY" and "REQUEST_METHOD" in os.environ):
            return spelled, os.environ[spelled].strip()
    return name.upper(), None


def _read(value: str, source: str) -> Proxy:
    proxy = Proxy(value if "://" in value else f"http://{value}", source)
    try:
        parts = urlsplit(proxy.url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise errors.ConnectionFailedError(
            f"{source} holds no address of a proxy. Write it as http://proxy.example:3128, or unset it."
        )
    if parts.scheme not in SCHEMES:
        raise errors.ConnectionFailedError(
            f"{source} names a proxy of the kind {parts.scheme}:// ({proxy.shown}), which cannot be used here. "
            f"Taken are {', '.join(f'{scheme}://' for scheme in SCHEMES)}; {GO_AROUND}"
        )
    return proxy


def is_excluded(host: str, port: int, rules: str) -> bool:
    """Whether NO_PROXY rules a host out: names with their subdomains, addresses, ranges, each perhaps with a port."""
    name = _plain(host)
    return any(_fits(name, port, rule) for rule in re.split(r"[,\s]+", rules) if rule)


def _fits(name: str, port: int, rule: str) -> bool:
    if rule == "*":
        return True
    if with_port := _WITH_PORT.fullmatch(rule):
        return int(with_port["port"]) == port and _fits(name, port, with_port["host"])
    address, network = ip_of(name), _network(rule)
    if address is not None or network is not None:
        # Names are not looked up to be held against a range: neither curl nor Go does.
        return address is not None and network is not None and address in network
    if rule.startswith("*."):
        return name.endswith(f".{_plain(rule[2:])}")
    suffix = _plain(rule.removeprefix("."))
    return bool(suffix) and (name == suffix or name.endswith(f".{suffix}"))


_WITH_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:]+):(?P<port>\d{1,5})")


def _network(rule: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        network = ipaddress.ip_network(_strip_brackets(rule), strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS)) if mapped else network
    return network


_MAPPED_BITS = 96
"""Of ::ffff:0:0/96, in which IPv4 has its place (RFC 4291)."""


def _strip_brackets(text: str) -> str:
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def _plain(name: str) -> str:
    """A name in the one form in which two are compared."""
    lowered = _strip_brackets(name).rstrip(".").casefold()
    if lowered.isascii():
        return lowered
    try:
        return lowered.encode("idna").decode("ascii")
    except UnicodeError:
        return lowered
