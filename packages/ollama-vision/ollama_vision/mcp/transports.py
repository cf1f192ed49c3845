"""Transports: standard input and output, or streamable HTTP on a loopback address, guarded against DNS rebinding."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from mcp.server.lowlevel import Server

PATH = "/mcp"


def serve_stdio(server: Server[Any]) -> None:
    """Until standard input ends. Nothing but the protocol goes to standard output: what else is printed goes to
    standard error, to which the SDK leads it."""
    from mcp.server.stdio import stdio_server

    async def serve() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    # Ctrl-C ends it at once: the thread that reads standard input would be waited for otherwise.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(serve())


def loopback_socket(host: str, port: int) -> socket.socket:
    """Listens on this machine alone: whoever reaches it reads what is below the roots, and is not asked who he is.

    Raises ValueError for another address, and OSError.
    """
    try:
        address = "127.0.0.1" if host == "localhost" else str(ip_address(host))
    except ValueError:
        raise ValueError(f"{host!r} is no address of this machine: 127.0.0.1, ::1 or localhost") from None
    if not ip_address(address).is_loopback:
        raise ValueError(
            f"{host} is not this machine alone, and nobody is asked for a password: listen on 127.0.0.1, and lead "
            "others there by a tunnel (ssh -L) or a proxy that asks who they are"
        )
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def serve_http(server: Server[Any], listening: socket.socket, say: Callable[[str], None]) -> None:
    """Until SIGINT or SIGTERM. `say` is told the URL once it answers; foreign Host and Origin headers are refused."""
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings

    host, port = listening.getsockname()[:2]
    names = [f"{name}:{port}" for name in (f"[{host}]" if ":" in host else host, "localhost", "127.0.0.1", "[::1]")]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=names,
        allowed_origins=[f"http://{name}" for name in names],
    )
    app = server.streamable_http_app(streamable_http_path=PATH, transport_security=security, host=host)
    # Streams of clients that stay would be waited for for ever.
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, ws="none")

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                say(f"http://{names[0]}{PATH}")

    asyncio.run(Announced(config).serve(sockets=[listening]))
