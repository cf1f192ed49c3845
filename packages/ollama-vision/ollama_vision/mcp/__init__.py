"""MCP server (Model Context Protocol): pictures, folders and documents below some roots, as tools for agents.

Importing the server opens the SDK, which takes more than a second: who makes one opens it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

if TYPE_CHECKING:
    from .roots import Roots
    from .server import make_server
    from .service import Service
    from .transports import PATH, loopback_socket, serve_http, serve_stdio

__all__ = ["PATH", "Roots", "Service", "loopback_socket", "make_server", "serve_http", "serve_stdio"]

__getattr__ = lazy_names(
    __name__,
    {
        "PATH": ".transports",
        "Roots": ".roots",
        "Service": ".service",
        "loopback_socket": ".transports",
        "make_server": ".server",
        "serve_http": ".transports",
        "serve_stdio": ".transports",
    },
)
