"""What stands between us and Ollama: gateways and their pages, forward proxies, SOCKS, TLS; whose fault it is, is said.

The pages are what nginx 1.22.1, HAProxy 2.6.12 and Caddy 2.6.2 answered before a server that was down (port 9), that
never answered, or that wanted a password. The table of NO_PROXY is what curl 7.88.1 and Go 1.26's net/http did.
"""

from __future__ import annotations

import pytest

from ollama_vision import errors
from tests.support.endpoints import twelve
from tests.support.wire_attempts import attempt
from tests.support.wire_server import Script, Step, WireServer, client, head, reply

SERVER = "http://gpu.example:11434"


def page(words: str, *headers: str, status: int | None = None, server: str = "nginx/1.22.1") -> list[Step]:
    body = (
        f"<html>\r\n<head><title>{words}</title></head>\r\n<body>\r\n<center><h1>{words}</h1></center>\r\n"
        f"<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
    ).encode()
    named = dict(header.split(": ") for header in headers)
    kind = {"Server": server, "Content-Type": "text/html", **named, "Content-Length": str(len(body))}
    return [head(status or int(words.split()[0]), kind), body]


def plain_page(status: int, words: str) -> list[Step]:
    """HAProxy's, which does not say who it is."""
    body = f"<html><body><h1>{status} {words}</h1>\n{words}.\n</body></html>\n".encode()
    return [head(status, {"content-length": str(len(body)), "content-type": "text/html"}), body]


def empty(status: int, server: str = "Caddy") -> list[Step]:
    return [head(status, {"Server": server, "Content-Length": "0"})]


GATEWAYS: dict[str, tuple[Script, type[Exception], str]] = {
    "nginx, Ollama down": (page("502 Bad Gateway"), errors.ServerError, "Is Ollama running there?"),
    "caddy, Ollama down": (empty(502), errors.ServerError, "Is Ollama running there?"),
    "haproxy, Ollama down": (
        plain_page(503, "Service Unavailable"),
        errors.ServerBusyError,
        "Is Ollama running there?",
    ),
    "nginx, slow": (page("504 Gateway Time-out"), errors.ServerError, "proxy_read_timeout"),
    "haproxy, slow": (plain_page(504, "Gateway Time-out"), errors.ServerError, "timeout server"),
    "caddy, slow": (empty(504), errors.ServerError, "preload()"),
    "nginx, too many": (page("429 Too Many Requests"), errors.ServerBusyError, "Send fewer at once"),
    "nginx, too large": (page("413 Request Entity Too Large"), errors.MediaTooLargeError, "client_max_body_size"),
    "nginx, password": (
        page("401 Authorization Required", 'WWW-Authenticate: Basic realm="Ollama"'),
        errors.AuthenticationError,
        "https://name:password@host",
    ),
    "nginx, denied": (page("403 Forbidden"), errors.ForbiddenError, "A gateway before"),
}


@twelve
@pytest.mark.parametrize("name", GATEWAYS)
def test_a_gateways_page_is_told_from_ollamas_answer(name: str, endpoint: str) -> None:
    script, error, words = GATEWAYS[name]
    with WireServer(script) as server:
        outcome = attempt(client(server), endpoint)
    assert type(outcome.error) is error
    said = str(outcome.error)
    assert words in said
    advice_for_ollama = ("about 75 MB", "Host header", "base_url right", "OLLAMA_API_KEY")
    assert not [part for part in advice_for_ollama if part in said]


def test_ollamas_own_413_and_403_keep_their_words() -> None:
    with WireServer(reply(413, {"error": ""})) as server:
        assert "about 75 MB" in str(attempt(client(server), "chat").error)
    with WireServer(reply(403)) as server:
        assert "Host header" in str(attempt(client(server), "chat").error)
