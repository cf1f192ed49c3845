"""An address as people write it -> one URL; who may be told the key."""

from __future__ import annotations

import base64

import pytest

from ollama_vision.http.address import DEFAULT_PORT, default_base_url, parse_address
from ollama_vision.http.headers import request_headers


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    monkeypatch.delenv("OLLAMA_API_KEY", raising=False)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("localhost", "http://localhost:11434"),
        ("localhost:8080", "http://localhost:8080"),
        (":8080", "http://localhost:8080"),
        ("http://vision.example", "http://vision.example"),
        ("http://vision.example:80", "http://vision.example"),
        ("https://vision.example", "https://vision.example"),
        ("https://vision.example:443", "https://vision.example"),
        ("https://vision.example:8443", "https://vision.example:8443"),
        ("HTTP://Vision.Example", "http://vision.example"),
        ("HTTPS://vision.example", "https://vision.example"),
        ("vision.example", "http://vision.example:11434"),
        ("ollama.com", "https://ollama.com"),
        ("http://ollama.com", "http://ollama.com"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("http://0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("::", "http://[::1]:11434"),
        ("http://[fe80::1]:8080", "http://[fe80::1]:8080"),
        ("  http://localhost:1/  ", "http://localhost:1"),
        ('"http://localhost:1"', "http://localhost:1"),
        ("' localhost '", "http://localhost:11434"),
        ("http://localhost:1/team/ollama", "http://localhost:1/team/ollama"),
        ("http://localhost:1/team/ollama/", "http://localhost:1/team/ollama"),
        ("vision.example/ollama", "http://vision.example:11434/ollama"),
        ("http://me:pass@localhost:1", "http://localhost:1"),
    ],
)
def test_an_address_is_read_as_it_is_meant(text: str, url: str) -> None:
    address = parse_address(text)
    assert address.url == url
    assert parse_address(address.url).url == url
    assert address.is_https == url.startswith("https")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "''",
        "ftp://host",
        "http://ho st",
        "http://host:port",
        "http://host:99999",
        "http://[::1",
        "http://h/?a=1",
        "http://h/#x",
        "11434",
        "http://8080",
        "8080:80",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://me:12/sesame@localhost:1",
        "me:sesame/sesame@localhost",
        "http://me:sesame/@localhost",
        "http://me:sesame#sesame@localhost",
        "http://me:se?same@localhost",
        "http://sesame:sesame@local host",
    ],
)
def test_what_may_be_a_password_is_in_no_error(text: str) -> None:
    with pytest.raises(ValueError, match="base_url") as caught:
        parse_address(text)
    assert "same" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "is_loopback"),
    [
        ("localhost.", True),
        ("127.1", True),
        ("0x7f000001", True),
        ("http://[::ffff:127.0.0.1]:11434", True),
        ("http://[::ffff:192.0.2.7]:11434", False),
        ("192.0.519", False),
        ("localhost", True),
        ("ollama.localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("0.0.0.0", True),
        ("192.168.1.5", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_this_machine_is_known(text: str, is_loopback: bool) -> None:
    assert parse_address(text).is_loopback is is_loopback


def test_the_default_is_this_machine_or_ollama_host(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_address(default_base_url()).url == f"http://localhost:{DEFAULT_PORT}"
    monkeypatch.setenv("OLLAMA_HOST", ' "192.168.1.5:8080" ')
    assert parse_address(default_base_url()).url == "http://192.168.1.5:8080"
    monkeypatch.setenv("OLLAMA_HOST", "  ")
    assert parse_address(default_base_url()).url == f"http://localhost:{DEFAULT_PORT}"


def test_credentials_become_a_header_and_are_not_shown() -> None:
    address = parse_address("http://me%40home:p%3Aw@localhost:1")
    assert request_headers(address, {}) == {"Authorization": "Basic " + base64.b64encode(b"me@home:p:w").decode()}
    assert "home" not in repr(address)


@pytest.mark.parametrize(
    ("url", "is_told"),
    [
        ("http://localhost:1", True),
        ("http://127.0.0.1", True),
        ("https://ollama.com", True),
        ("ollama.com", True),
        ("https://192.168.1.5", True),
        ("http://192.168.1.5:11434", False),
        ("vision.example", False),
    ],
)
def test_who_is_told_the_key(url: str, is_told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", " k3y ")
    headers = request_headers(parse_address(url), {})
    assert headers == ({"Authorization": "Bearer k3y"} if is_told else {})


def test_own_headers_win_over_credentials_and_these_over_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "k3y")
    with_credentials = parse_address("http://me:pw@localhost")
    assert request_headers(with_credentials, {"AUTHORIZATION": "mine"}) == {"AUTHORIZATION": "mine"}
    assert request_headers(with_credentials, {"X": "1"})["Authorization"].startswith("Basic ")
    monkeypatch.setenv("OLLAMA_API_KEY", "  ")
    assert request_headers(parse_address("localhost"), {}) == {}


@pytest.mark.parametrize(
    "headers", [{"X-Key": "a\nb"}, {"X-Key": "schlüssel"}, {"X Key": "v"}, {"": "v"}, {"X-Key": 1}, {"Bad\r\n": "v"}]
)
def test_headers_that_cannot_be_sent_are_refused_without_their_value(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header") as caught:
        request_headers(parse_address("localhost"), headers)
    assert "schlüssel" not in str(caught.value)
