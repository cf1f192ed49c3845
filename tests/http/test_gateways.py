"""What stands between us and Ollama: gateways and their pages, forward proxies, SOCKS, TLS; whose fault it is, is said.

The pages are what nginx 1.22.1, HAProxy 2.6.12 and Caddy 2.6.2 answered before a server that was down (port 9), that
never answered, or that wanted a password. The table of NO_PROXY is what curl 7.88.1 and Go 1.26's net/http did.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from llama_index.multi_modal_llms.ollama import OllamaServer
from ollama_vision import errors
from ollama_vision.http.proxies import is_excluded
from tests.support.endpoints import twelve
from tests.support.wire_server import Script, Seen, Step, WireServer, answer, attempt, client, head, reply

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


# forward proxies


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextmanager
def proxied(monkeypatch: pytest.MonkeyPatch, *script: Script, variable: str = "HTTP_PROXY") -> Iterator[WireServer]:
    with WireServer(*script) as proxy:
        monkeypatch.setenv(variable, f"http://me:s3cret@127.0.0.1:{proxy.port}")
        yield proxy


THROUGH: dict[str, tuple[Script, type[Exception], str]] = {
    "password": (reply(407, "<html>"), errors.ConnectionFailedError, "HTTP_PROXY: http://name:password@proxy:port"),
    "denied": (page("403 Forbidden", server="squid/5.7"), errors.ForbiddenError, "It may be the proxy that refuses"),
    "server out of reach": (page("503 Service Unavailable"), errors.ServerBusyError, "takes no requests now"),
    "an answer of Ollama's": (reply(404, {"error": "model 'm' not found"}), errors.ModelNotFoundError, "ollama pull"),
    "half an answer": ([head(200, {"content-length": "9"}), b"{"], errors.StreamInterruptedError, "was cut"),
    "nothing": ([], errors.ConnectionFailedError, "lost before"),
}


@twelve
@pytest.mark.parametrize("name", THROUGH)
def test_every_error_by_a_proxy_names_the_proxy(name: str, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script, error, words = THROUGH[name]
    closing = [*script, _close] if name in ("half an answer", "nothing") else script
    with proxied(monkeypatch, closing) as proxy:
        outcome = attempt(client(SERVER), endpoint)
    assert type(outcome.error) is error, repr(outcome.error)
    said = str(outcome.error)
    assert f"http://127.0.0.1:{proxy.port} (HTTP_PROXY)" in said
    assert words in said
    assert "s3cret" not in said + repr(outcome.error)


def _close() -> None:
    raise OSError  # the server of the tests closes the connection then


@twelve
def test_a_dead_proxy_is_named_and_not_ollama(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "127.0.0.1:9")
    said = str(attempt(client(SERVER), endpoint).error)
    assert "Nothing answers at the proxy http://127.0.0.1:9 (http_proxy)" in said
    assert "NO_PROXY=gpu.example" in said
    assert "ollama serve" not in said


@pytest.mark.parametrize("endpoint", ["complete", "achat"])
@pytest.mark.parametrize(
    ("status", "tries", "words"),
    [(407, 1, "name:password@proxy:port"), (403, 1, "does not let"), (503, 3, "does not let")],
)
def test_what_a_proxy_says_to_connect(
    status: int, tries: int, words: str, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ollama_vision.server.api._back_off", lambda attempt: 0.0)
    with proxied(monkeypatch, reply(status), variable="HTTPS_PROXY") as proxy:
        outcome = attempt(client("https://gpu.example", max_retries=2), endpoint)
        asked = [(seen.method, seen.path) for seen in proxy.requests]
    assert type(outcome.error) is errors.ConnectionFailedError
    assert asked == [("CONNECT", "gpu.example:443")] * tries
    assert "(HTTPS_PROXY)" in str(outcome.error)
    assert words in str(outcome.error)


@pytest.mark.parametrize("value", ["socks4://p:1", "ftp://p:1", "http://", "http://p:port", "http://[::1"])
@twelve
def test_what_is_no_proxy_is_an_error_of_ours(endpoint: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", value)
    outcome = attempt(client(SERVER), endpoint)
    assert type(outcome.error) is errors.ConnectionFailedError
    assert "ALL_PROXY" in str(outcome.error)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@twelve
def test_socks_without_its_package_says_what_to_install(
    endpoint: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ollama_vision.http.pool.find_spec", lambda name: None)
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:9")
    outcome = attempt(client(SERVER), endpoint)
    assert type(outcome.error) is errors.ConnectionFailedError
    assert "ollama-vision[socks]" in str(outcome.error)
    assert "(ALL_PROXY)" in str(outcome.error)


NO_SOCKS: dict[str, bytes] = {
    "closes": b"",
    "speaks HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "speaks SOCKS4": b"\x00\x5a" + bytes(6),
    "breaks off": b"\x05",
    "breaks off later": b"\x05\x00\x05",
}


@pytest.mark.parametrize("says", NO_SOCKS)
@twelve
def test_what_speaks_no_socks_is_named(endpoint: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_say, args=(listener, NO_SOCKS[says]), daemon=True).start()
        monkeypatch.setenv("ALL_PROXY", f"socks5://me:s3cret@127.0.0.1:{listener.getsockname()[1]}")
        outcome = attempt(client(SERVER, max_retries=2), endpoint)
    assert type(outcome.error) is errors.ConnectionFailedError, repr(outcome.error)
    assert "does not answer as SOCKS5 does" in str(outcome.error)
    assert "Correct ALL_PROXY" in str(outcome.error)
    assert "s3cret" not in str(outcome.error)


def _say(listener: socket.socket, reply: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(reply)


@pytest.mark.parametrize("endpoint", ["complete", "achat"])
def test_a_tunnel_that_ends_at_once_is_no_dead_proxy(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxied(monkeypatch, [*reply(200), _close], variable="HTTPS_PROXY"):
        said = str(attempt(client("https://gpu.example"), endpoint).error)
    assert "was lost before an answer came" in said
    assert "(HTTPS_PROXY)" in said
    assert "Nothing answers" not in said


@pytest.mark.parametrize("endpoint", ["complete", "achat"])
def test_a_proxy_without_tls_is_told_from_the_server(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_as_go_does, args=(listener,), daemon=True).start()
        monkeypatch.setenv("HTTP_PROXY", f"https://127.0.0.1:{listener.getsockname()[1]}")
        said = str(attempt(client(SERVER), endpoint).error)
    assert said.startswith("No trusted connection to the proxy https://127.0.0.1:")
    assert "(HTTP_PROXY)" in said


class Socks:
    """A SOCKS5 proxy (RFC 1928) that leads every name to one server of this machine, once."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.names: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        near, _ = self._listener.accept()
        with near, socket.create_connection(("127.0.0.1", self._to)) as far:
            near.recv(64)
            near.sendall(b"\x05\x00")
            asked = near.recv(512)
            self.names.append(asked[5 : 5 + asked[4]])
            near.sendall(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join()

    def close(self) -> None:
        self._listener.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # the other side left
        return


@twelve
def test_a_socks_proxy_leads_to_the_server(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with WireServer(answer(endpoint, "by socks")) as server:
        socks = Socks(server.port)
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{socks.port}")
        llm = client(SERVER)
        assert attempt(llm, endpoint).text == "by socks"
        llm.close()
        socks.close()
    assert socks.names == [b"gpu.example"]


# NO_PROXY: (host, port, rules, whether curl 7.88.1 goes straight, whether Go 1.26 does)
_NO_PROXY: list[tuple[str, int, str, bool, bool]] = [
    ("192.0.2.7", 11434, "192.0.2.0/24", True, True),
    ("192.0.2.7", 11434, "192.0.2.7", True, True),
    ("192.0.2.7", 11434, "192.0.2.7:11434", False, True),
    ("192.0.2.7", 11434, "192.0.2.7:80", False, False),
    ("192.0.2.7", 11434, "192.0.2.0/33", False, False),
    ("192.0.2.7", 11434, "192.0.2.0/24:11434", True, False),
    ("192.0.2.7", 11434, "::ffff:192.0.2.0/120", False, True),
    ("192.0.2.7", 11434, "::ffff:192.0.2.7", False, True),
    ("192.0.2.7", 11434, "::/0", False, False),
    ("::ffff:192.0.2.7", 11434, "::ffff:192.0.2.7", True, True),
    ("::ffff:192.0.2.7", 11434, "192.0.2.0/24", False, True),
    ("0xC0000207", 11434, "192.0.2.0/24", True, False),
    ("3221225991", 11434, "192.0.2.7", True, False),
    ("192.0.519", 11434, "192.0.2.7", True, False),
    ("192.0.2.7", 11434, "*", True, True),
    ("192.0.2.7", 11434, "localhost,*", False, True),
    ("192.0.2.7", 11434, "192.0.2", False, False),
    ("192.0.2.7", 11434, "2.7", False, False),
    ("2001:db8::7", 11434, "2001:db8::/32", False, True),
    ("2001:db8::7", 11434, "2001:db8::7", True, True),
    ("2001:db8::7", 11434, "::/0", False, True),
    ("fe80::1%eth0", 11434, "fe80::/10", False, True),
    ("2001:db8::7", 11434, "2001:db8:0::7", False, True),
    ("2001:db8::7", 11434, "[2001:db8::7]:11434", False, True),
    ("gpu.lan.example", 11434, "lan.example", True, True),
    ("gpu.lan.example", 11434, ".lan.example", True, True),
    ("gpu.lan.example", 11434, "*.lan.example", False, True),
    ("gpu.lan.example", 11434, "GPU.LAN.example", True, True),
    ("gpu.lan.example", 11434, "gpu.lan.example.", True, False),
    ("gpu.lan.example", 11434, "gpu.lan.example:11434", False, True),
    ("gpu.lan.example", 11434, "gpu.lan.example:80", False, False),
    ("gpu.lan.example", 11434, "an.example", False, False),
    ("gpu.lan.example", 11434, "a lan.example", True, False),
    ("gpu.lan.example", 11434, "a, lan.example", True, True),
    ("gpu.lan.example", 11434, ".example:11434", False, True),
    ("gpu.lan.example", 11434, "*.example:11434", False, True),
    ("gpu.lan.example", 11434, "*example", False, False),
    ("gpu.lan.example", 11434, "lan.example/8", False, False),
    ("gpu.lan.example", 11434, "", False, False),
    ("lan.example", 11434, ".lan.example", True, False),
    ("lan.example", 11434, "*.lan.example", False, False),
    ("gpu.lan.example.", 11434, "lan.example", True, False),
    ("lan.example", 80, "lan.example:80", False, True),
    ("x.lan.example", 80, "lan.example:443", False, False),
]


@pytest.mark.parametrize(("host", "port", "rules", "curl", "go"), _NO_PROXY)
def test_no_proxy_is_heeded_where_curl_or_go_heeds_it(host: str, port: int, rules: str, curl: bool, go: bool) -> None:
    assert is_excluded(host, port, rules) is (curl or go)


@pytest.mark.parametrize(("host", "rules"), [("2001:db8::7", "[2001:db8::7]"), ("gpu.example", "*:11434")])
def test_what_can_mean_nothing_else_is_heeded_too(host: str, rules: str) -> None:
    """Neither curl nor Go takes these."""
    assert is_excluded(host, 11434, rules)
    assert not is_excluded("other.example", 80, rules)


@pytest.mark.parametrize(
    "variables",
    [
        {"no_proxy": "gpu.example"},
        {"NO_PROXY": "gpu.example"},
        {"no_proxy": "", "NO_PROXY": "gpu.example"},
        {"no_proxy": "other.example", "NO_PROXY": "gpu.example"},
        {"no_proxy": "gpu.example", "NO_PROXY": "other.example"},
    ],
)
def test_both_spellings_of_no_proxy_count(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the third curl and Go go straight, of the fourth Go alone, of the last curl alone."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert OllamaServer(SERVER).proxy is not None
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert OllamaServer(SERVER).proxy is None


@pytest.mark.parametrize("endpoint", ["chat", "acomplete"])
@pytest.mark.parametrize("rules", ["192.0.2.0/24", "192.0.2.7:11434", "localhost,*"])
def test_nothing_reaches_a_proxy_that_was_ruled_out(rules: str, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """192.0.2.0/24 leads nowhere (RFC 5737): a connection of its own is refused by the fake network."""

    def refuse(address: tuple[str, int], *rest: object, **more: object) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError(111, "refused")

    async def arefuse(*, remote_host: str, **more: object) -> None:
        tried.append(remote_host)
        raise OSError(111, "refused")

    tried: list[str] = []
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr("anyio.connect_tcp", arefuse)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", rules)
    assert type(attempt(client("http://192.0.2.7:11434"), endpoint).error) is errors.ConnectionFailedError
    assert tried == ["192.0.2.7"]


def test_the_environment_counts_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    server = OllamaServer("http://vision.test:11434")
    assert server.proxy is None
    with proxied(monkeypatch) as proxy:
        assert server.proxy == f"http://127.0.0.1:{proxy.port} (HTTP_PROXY)"
        monkeypatch.setenv("REQUEST_METHOD", "GET")  # a CGI program: HTTP_PROXY is the visitor's header "Proxy"
        assert server.proxy is None
    monkeypatch.delenv("REQUEST_METHOD")
    monkeypatch.setenv("http_proxy", "")
    assert server.proxy is None


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _server_context(authority: trustme.CA, *names: str, days: int = 30, wants_client: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ends = datetime.now(UTC) + timedelta(days=days)
    authority.issue_cert(*(names or ("127.0.0.1",)), not_after=ends).configure_cert(context)
    if wants_client:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
    return context


@pytest.mark.parametrize("endpoint", ["complete", "astream_chat"])
@pytest.mark.parametrize(
    ("names", "days", "trusted", "words", "never"),
    [
        (("127.0.0.1",), -1, True, "Renew the server's certificate", "verify="),
        (("gpu.example",), 30, True, "Use the name that the certificate is for", "verify="),
        (("127.0.0.1",), 30, False, "verify='/path/to/ca.pem'", "Renew"),
    ],
    ids=["expired", "another name", "own authority"],
)
def test_each_tls_fault_has_its_own_way_out(
    names: tuple[str, ...],
    days: int,
    trusted: bool,
    words: str,
    never: str,
    endpoint: str,
    authority: trustme.CA,
    tmp_path: Path,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with WireServer(answer(endpoint, "A"), tls=_server_context(authority, *names, days=days)) as server:
        outcome = attempt(client(server, verify=str(tmp_path / "ca.pem") if trusted else True), endpoint)
    assert type(outcome.error) is errors.ConnectionFailedError
    assert words in str(outcome.error)
    assert never not in str(outcome.error)
    assert ".." not in str(outcome.error).replace("127.0.0.1", "")


@pytest.mark.parametrize("endpoint", ["complete", "achat"])
def test_https_to_a_port_of_plain_http(endpoint: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_as_go_does, args=(listener,), daemon=True).start()
        said = str(attempt(client(f"https://127.0.0.1:{listener.getsockname()[1]}"), endpoint).error)
    assert "Write http:// instead of https://" in said
    assert "verify=" not in said


def _answer_as_go_does(listener: socket.socket) -> None:
    """Go's net/http, and so Ollama, to a greeting of TLS."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
            b"400 Bad Request"
        )


@pytest.mark.parametrize("endpoint", ["complete", "achat"])
def test_plain_http_to_a_port_of_tls(endpoint: str, authority: trustme.CA) -> None:
    with WireServer(answer(endpoint, "A"), tls=_server_context(authority)) as server:
        said = str(attempt(client(server.url.replace("https:", "http:")), endpoint).error)
    assert "If that port speaks TLS, write https://." in said


class TestAClientCertificate:
    @pytest.mark.parametrize("endpoint", ["complete", "astream_chat"])
    def test_one_that_the_server_does_not_take_is_told_from_none(
        self, endpoint: str, authority: trustme.CA, tmp_path: Path
    ) -> None:
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        foreign = str(tmp_path / "foreign.pem")
        trustme.CA().issue_cert("me@example.com").private_key_and_cert_chain_pem.write_to_path(foreign)
        with WireServer(answer(endpoint, "A"), tls=_server_context(authority, wants_client=True)) as server:
            said = str(attempt(client(server, verify=str(tmp_path / "ca.pem"), cert=foreign), endpoint).error)
        assert "does not take the client certificate" in said
        assert "Pass a client certificate" not in said

    def test_it_opens_the_door(self, authority: trustme.CA, tmp_path: Path) -> None:
        ca, both, cert, key = (str(tmp_path / name) for name in ("ca.pem", "both.pem", "cert.pem", "key.pem"))
        authority.cert_pem.write_to_path(ca)
        mine = authority.issue_cert("me@example.com")
        mine.private_key_and_cert_chain_pem.write_to_path(both)
        mine.cert_chain_pems[0].write_to_path(cert)
        mine.private_key_pem.write_to_path(key)
        with WireServer(answer("chat", "A"), tls=_server_context(authority, wants_client=True)) as server:
            for given in (both, (cert, key)):
                assert attempt(client(server, verify=ca, cert=given), "chat").text == "A"
                assert attempt(client(server, verify=ca, cert=given), "achat").text == "A"
                assert OllamaServer(server.url, verify=ca, cert=given).version() == "0.13.0"

    @twelve
    def test_without_it_the_error_says_so(self, endpoint: str, authority: trustme.CA, tmp_path: Path) -> None:
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        with WireServer(answer(endpoint, "A"), tls=_server_context(authority, wants_client=True)) as server:
            outcome = attempt(client(server, verify=str(tmp_path / "ca.pem")), endpoint)
        assert type(outcome.error) is errors.ConnectionFailedError
        assert "cert=" in str(outcome.error)

    @pytest.mark.parametrize("content", [None, b"", b"no certificate"])
    def test_a_file_that_is_none(self, content: bytes | None, tmp_path: Path) -> None:
        path = tmp_path / "me.pem"
        if content is not None:
            path.write_bytes(content)
        outcome = attempt(client("https://127.0.0.1:1", cert=str(path)), "chat")
        assert type(outcome.error) is errors.ConnectionFailedError
        assert f"cert is '{path}', which cannot be used" in str(outcome.error)

    def test_a_locked_key_does_not_wait_at_a_prompt(self, authority: trustme.CA, tmp_path: Path) -> None:
        from cryptography.hazmat.primitives.serialization import (
            BestAvailableEncryption,
            Encoding,
            PrivateFormat,
            load_pem_private_key,
        )

        mine = authority.issue_cert("me@example.com")
        key = load_pem_private_key(mine.private_key_pem.bytes(), None)
        locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"s3cret"))
        (tmp_path / "cert.pem").write_bytes(mine.cert_chain_pems[0].bytes())
        (tmp_path / "key.pem").write_bytes(locked)
        cert = (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
        assert "openssl pkey" in str(attempt(client("https://127.0.0.1:1", cert=cert), "chat").error)


def test_what_a_proxy_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name and password of the variable go to the proxy, and to nobody else."""

    def judge(seen: Seen) -> Script:
        return answer("chat", seen.headers.get("proxy-authorization", "nobody"))

    with WireServer(answers=judge) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:s3cret@127.0.0.1:{proxy.port}")
        assert attempt(client(SERVER), "chat").text == "Basic bWU6czNjcmV0"
