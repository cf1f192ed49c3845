"""A port of plain HTTP that is spoken to in TLS."""

from __future__ import annotations

import socket


def answer_as_go_does(listener: socket.socket) -> None:
    """Go's net/http, and so Ollama, to a greeting of TLS."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
            b"400 Bad Request"
        )
