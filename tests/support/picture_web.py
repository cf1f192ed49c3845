"""A web server of pictures, each path of which does what a test says."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ollama_vision.pictures import ImageOptions
from tests.support.picture_corpus import card, encoded

JPEG = encoded(card(), "JPEG")
ANY = ImageOptions(allow_private_urls=True)
Handler = http.server.BaseHTTPRequestHandler


@dataclass
class Web:
    """A web server on loopback, whose pages are functions, and who asked it for what."""

    port: int
    pages: dict[str, Callable[[Handler], None]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Path, Host header, and the address that the connection came to."""
    headers: list[dict[str, str]] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


def picture(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(JPEG)))
    handler.end_headers()
    handler.wfile.write(JPEG)


def status(code: int, body: bytes = b"", **headers: str) -> Callable[[Handler], None]:
    def page(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return page


@contextlib.contextmanager
def serve(context: ssl.SSLContext | None = None) -> Iterator[Web]:
    class Page(Handler):
        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers["Host"], self.connection.getsockname()[0]))
            site.headers.append(dict(self.headers))
            site.pages.get(self.path.partition("?")[0], status(404))(self)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # clients that leave early are what some of these tests are about

    # All of 127.0.0.0/8 leads here, so that one server has many addresses.
    server = Quiet(("0.0.0.0", 0), Page)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    site = Web(server.server_address[1], {"/card.jpg": picture})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
