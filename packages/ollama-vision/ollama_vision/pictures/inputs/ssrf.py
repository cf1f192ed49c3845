"""SSRF protection: a URL may lead to public network addresses only, which are checked before a connection is made."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Python's own `is_global` differs between versions and knows nothing of clouds.
_NOT_PUBLIC = tuple(
    (ipaddress.ip_network(network), what)
    for network, what in (
        ("169.254.0.0/16", "a link-local address, where clouds keep their metadata"),
        ("168.63.129.16/32", "a cloud's own service address"),
        ("100.64.0.0/10", "a shared private address"),
        ("127.0.0.0/8", "a loopback address"),
        ("0.0.0.0/8", "an address of this machine"),
        ("10.0.0.0/8", "a private address"),
        ("172.16.0.0/12", "a private address"),
        ("192.168.0.0/16", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("198.18.0.0/15", "a private address"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::1/128", "a loopback address"),
        ("::/128", "an address of this machine"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("fc00::/7", "a private address"),
        ("ff00::/8", "a multicast address"),
        ("2001::/32", "a tunnelled address (Teredo)"),
        ("64:ff9b:1::/48", "a private address"),
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def why_not_public(address: str) -> str | None:
    """What kind of private address this is, with its article; `None` for a public one."""
    parsed: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is None and (parsed in _NAT64 or (int(parsed) >> 32 == 0 and int(parsed) > 1)):
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return why_not_public(str(inner))
    for network, what in _NOT_PUBLIC:
        if parsed.version == network.version and parsed in network:
            return what
    return None if parsed.is_global else "a reserved address"


def resolve_address(host: str, port: int, seconds: float) -> list[str]:
    """All addresses of a name, in the resolver's order.

    Raises OSError when there is none, TimeoutError after so many seconds: the system's resolver has no limit
    of its own that a caller could set, so it is asked in a thread that may be left behind.
    """
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except Exception as error:
            # Whatever it is (UnicodeError, OverflowError), it must reach the caller, who waits.
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:.0f} s") from None
    if isinstance(answer, OSError):
        raise answer
    return answer
