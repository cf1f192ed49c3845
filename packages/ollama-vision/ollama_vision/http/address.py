"""Server addresses: `OLLAMA_HOST` or `base_url` as people write it -> one URL. No I/O."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import socket
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from urllib.parse import unquote, urlsplit

DEFAULT_PORT = 11434
_SCHEME_PORTS = {"http": 80, "https": 443}

IP = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Address:
    """An Ollama server's address, without its credentials."""

    url: str
    """Scheme, host, port and path, no slash at the end: what a path such as `/api/chat` is appended to."""
    host: str
    is_https: bool
    authorization: str | None = field(default=None, repr=False)
    """The header that stands for the credentials that were written into the address."""

    @property
    def port(self) -> int:
        """The one that is written, or the scheme's own."""
        scheme = "https" if self.is_https else "http"
        return urlsplit(self.url).port or _SCHEME_PORTS[scheme]

    @cached_property
    def is_loopback(self) -> bool:
        """This machine: no proxy is used, and a key may travel without TLS."""
        name, address = self.host.rstrip("."), ip_of(self.host)
        return name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback)


def ip_of(host: str) -> IP | None:
    """The address that a host is, in whatever form the system takes it: 127.1, 0x7f000001; ::ffff:127.0.0.1 is IPv4's.

    `None` for a name.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))  # reads, and asks nobody
        except (OSError, ValueError):  # ValueError: what cannot be written in UTF-8
            return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def default_base_url() -> str:
    """`OLLAMA_HOST` if it is set, as the official client does, else Ollama's usual address on this machine."""
    return os.environ.get("OLLAMA_HOST", "").strip().strip("'\"").strip() or "http://localhost:11434"


@lru_cache(maxsize=16)  # each object and each call of one reads its own; it is a third of what making an object takes
def parse_address(text: str) -> Address:
    """Read an address as `OLLAMA_HOST` or `base_url` hold it: `host`, `host:port`, `:port`, `::1`, or a URL.

    Without a scheme the port is Ollama's 11434; `http://` and `https://` mean their own ports, as for the official
    client. An address to listen on (`0.0.0.0`, `::`) becomes the one to connect to.

    Raises:
        ValueError: the text is not an address. The message never holds credentials.
    """
    cleaned = text.strip().strip("'\"").strip()
    if not cleaned:
        raise ValueError("base_url is empty; write for example http://localhost:11434")
    scheme, separator, rest = cleaned.partition("://")
    if not separator:
        scheme, rest = "", cleaned
    scheme = scheme.lower()
    if scheme not in ("", "http", "https"):
        raise ValueError(f"base_url starts with {scheme}://; Ollama speaks http:// and https:// only")
    authority, slash, path = rest.partition("/")
    if "@" in path and "@" not in authority:  # the host would be the name, and the path the password
        raise ValueError("base_url has an @ behind a /; in a password a / is written %2F, and in a path an @ is %40")
    userinfo, _, hostport = authority.rpartition("@")
    if _is_ipv6(hostport):
        hostport = f"[{hostport}]"
    shown = f"{scheme + '://' if scheme else ''}{hostport}{slash}{path}"
    if "?" in rest or "#" in rest:
        raise ValueError("base_url must end with the path: no ? and no #; in a password they are written %3F and %23")
    try:
        parts = urlsplit(f"http://{hostport}")
        host, port = parts.hostname or "localhost", parts.port
    except ValueError as error:
        raise ValueError(f"base_url {shown!r} is not an address: {error}") from error
    if not scheme and host == "ollama.com":  # the cloud answers on https only; `ollama` itself maps the name so
        scheme = "https"
        port = port or 443
    if port is None and not scheme:
        port = DEFAULT_PORT
    scheme = scheme or "http"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - replaced, never bound
    if host.isdigit():  # resolvers take 8080 for 0.0.31.144
        raise ValueError(f"base_url {shown!r} is a number; write :{host} for that port of this machine")
    if not re.fullmatch(r"[^\s/\\@]+", host):
        raise ValueError(f"base_url {shown!r} has no valid host name")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _SCHEME_PORTS[scheme]:
        netloc += f":{port}"
    return Address(
        url=f"{scheme}://{netloc}/{path}".rstrip("/"),
        host=host,
        is_https=scheme == "https",
        authorization=_basic(userinfo) if userinfo else None,
    )


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def _basic(userinfo: str) -> str:
    name, _, password = userinfo.partition(":")
    pair = f"{unquote(name)}:{unquote(password)}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")
