"""httpcore, imported when the first request is made: making an object makes none.

httpx stands on it and brings it. Its own part (cookies, redirects, authentication, an address parsed anew for each
request) is what no question to Ollama needs, and 0.17 ms of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpcore import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        import httpcore

        globals()[name] = value = getattr(httpcore, name)
        return value


def faults() -> tuple[type[Exception], ...]:
    """What httpcore raises; they have no class in common."""
    import httpcore

    return (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.TimeoutException,
        httpcore.UnsupportedProtocol,
    )
