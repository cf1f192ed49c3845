"""httpcore2, imported when the first request is made: making an object makes none.

What httpx2 adds to it (cookies, redirects, authentication, an address parsed anew for each request) is what no
question to Ollama needs, and 0.17 ms of each.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpcore2 import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        import httpcore2

        globals()[name] = value = getattr(httpcore2, name)
        return value


def faults() -> tuple[type[Exception], ...]:
    """What httpcore2 raises; they have no class in common. By a SOCKS proxy also what socksio does, as it comes."""
    import httpcore2

    return (
        *socks_faults(),
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.TimeoutException,
        httpcore2.UnsupportedProtocol,
    )


def socks_faults() -> tuple[type[Exception], ...]:
    """What the reader of SOCKS raises; nothing as long as no request went through such a proxy."""
    socksio = sys.modules.get("socksio")
    return (socksio.SOCKSError,) if socksio else ()
