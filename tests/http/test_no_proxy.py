"""Who is asked without a proxy: NO_PROXY as curl and Go read it."""

from __future__ import annotations

import socket

import pytest

from llama_index.multi_modal_llms.ollama import OllamaServer
from ollama_vision import errors
from ollama_vision.http.proxies import is_excluded
from tests.support.wire_attempts import attempt
from tests.support.wire_server import client

SERVER = "http://gpu.example:11434"
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
