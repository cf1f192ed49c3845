"""Forward proxies, SOCKS and NO_PROXY: who is asked by one, what it may see, and whose fault it is when it fails."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from llama_index.multi_modal_llms.ollama import OllamaServer
from ollama_vision import errors
from tests.support.endpoints import twelve
from tests.support.plain_http import answer_as_go_does
from tests.support.wire_attempts import attempt
from tests.support.wire_server import Script, Seen, Step, WireServer, answer, client, head, reply

SERVER = "http://gpu.example:11434"


def page(words: str, *headers: str, status: int | None = None, server: str = "nginx/1.22.1") -> list[Step]:
    body = (
        f"<html>\r\n<head><title>{words}</title></head>\r\n<body>\r\n<center><h1>{words}</h1></center>\r\n"
        f"<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
    ).encode()
    named = dict(header.split(": ") for header in headers)
    kind = {"Server": server, "Content-Type": "text/html", **named, "Content-Length": str(len(body))}
    return [head(status or int(words.split()[0]), kind), body]


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
        threading.Thread(target=answer_as_go_does, args=(listener,), daemon=True).start()
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


def test_what_a_proxy_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name and password of the variable go to the proxy, and to nobody else."""

    def judge(seen: Seen) -> Script:
        return answer("chat", seen.headers.get("proxy-authorization", "nobody"))

    with WireServer(answers=judge) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:s3cret@127.0.0.1:{proxy.port}")
        assert attempt(client(SERVER), "chat").text == "Basic bWU6czNjcmV0"


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[WireServer]:
    """A proxy for every address outside of this machine."""
    with WireServer(answer("chat", "by proxy"), prefix="http://vision.test:11434") as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
        yield server


@pytest.mark.parametrize("endpoint", ["chat", "achat", "stream_chat", "astream_chat"])
def test_other_hosts_are_reached_by_the_environments_proxy(endpoint: str, proxy: WireServer) -> None:
    assert attempt(client("http://vision.test:11434"), endpoint).text == "by proxy"
    assert proxy.asked[0].path == "http://vision.test:11434/api/chat"


def test_no_proxy_is_honoured(proxy: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "vision.test")
    outcome = attempt(client("http://vision.test:11434"), "chat")
    assert type(outcome.error) is errors.ConnectionFailedError
    assert proxy.accepted == 0


@pytest.mark.parametrize("endpoint", ["chat", "achat"])
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "127.1.2.3"])
def test_this_machine_is_never_asked_by_proxy(
    name: str, endpoint: str, proxy: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
    with WireServer(answer(endpoint, "A")) as server:
        if name == "127.1.2.3":
            outcome = attempt(client(f"http://{name}:{server.port}"), endpoint)
            assert type(outcome.error) is errors.ConnectionFailedError
        else:
            assert attempt(client(f"http://{name}:{server.port}"), endpoint).text == "A"
    assert proxy.accepted == 0


def test_the_key_does_not_travel_in_the_clear(proxy: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "s3cret")
    assert attempt(client("http://vision.test:11434"), "chat").text == "by proxy"
    assert attempt(client("http://vision.test:11434", headers={"Authorization": "Bearer mine"}), "chat").text
    assert [seen.headers.get("authorization") for seen in proxy.asked] == [None, "Bearer mine"]
