"""Target: one server as a call talks to it (address, headers, proxy, TLS); the key of its connection pool."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .address import Address
from .proxies import Proxy, proxy_for
from .tls import Certificate


@dataclass(frozen=True)
class Target:
    """Equal targets share connections."""

    address: Address
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    verify: bool | str = True
    cert: Certificate | None = None
    proxy: Proxy | None = None

    @classmethod
    def of(
        cls, address: Address, headers: dict[str, str], verify: bool | str, cert: Certificate | None = None
    ) -> Target:
        """By the way that the environment names now. Raises ConnectionFailedError when it names none that is one."""
        return cls(address, tuple(sorted(headers.items())), verify, cert).by_proxy()

    def by_proxy(self) -> Target:
        """The same by the proxy that the environment names now. Raises as `of` does."""
        return replace(self, proxy=proxy_for(self.address))

    @property
    def place(self) -> str:
        """As errors name it: the address, and the proxy where there is one on the way."""
        return self.address.url + (f" (through {self.proxy.words})" if self.proxy else "")
