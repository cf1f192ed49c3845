"""Bytes over HTTP: bodies in pieces, TLS, proxies, sub-paths, addresses from the environment."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock

from llama_index.multi_modal_llms.ollama import OllamaServer
from ollama_vision import errors
from ollama_vision.http.io import run_blocking
from ollama_vision.model.arguments import resolve
from ollama_vision.pictures import ImageOptions, prepare_image
from ollama_vision.protocol.messages import WireMessage
from ollama_vision.protocol.request import Request, chat_request
from tests.support.endpoints import twelve
from tests.support.wire_server import HOLD, SOON, WireServer, answer, attempt, client, part, stream

MEGABYTE = 1_000_000
PROXY_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def png(size_in_bytes: int = 0) -> bytes:
    """A small picture that is a large file: its bulk is in a chunk that decoders pass over."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress(b"".join(b"\0" + b"\xff\0\0" * 40 for _ in range(40)))
    parts = [
        chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 40, 8, 2, 0, 0, 0)),
        *([chunk(b"prVt", bytes(range(256)) * (size_in_bytes // 256))] if size_in_bytes else []),
        chunk(b"IDAT", pixels),
        chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def asked_about(endpoint: str, *paths: Path) -> tuple[Any, ...]:
    if endpoint.endswith("chat"):
        blocks = [TextBlock(text="What is it?"), *(ImageBlock(path=path) for path in paths)]
        return ([ChatMessage(role="user", blocks=blocks)],)
    return ("What is it?", list(paths))


def pictures_in(body: dict[str, Any]) -> list[bytes]:
    found = body["images"] if "images" in body else body["messages"][0]["images"]
    return [base64.b64decode(each, validate=True) for each in found]


@twelve
def test_pictures_arrive_byte_for_byte_in_a_body_of_the_length_that_was_said(endpoint: str, tmp_path: Path) -> None:
    sizes = (0, 1000, 192 * 1024 * 2, 500_001)
    paths = [tmp_path / f"{size}.png" for size in sizes]
    for path, size in zip(paths, sizes, strict=True):
        path.write_bytes(png(size))
    with WireServer(answer(endpoint, "A")) as server:
        assert attempt(client(server), endpoint, *asked_about(endpoint, *paths)).text == "A"
        seen = server.asked[0]
    assert pictures_in(seen.json) == [path.read_bytes() for path in paths]
    assert int(seen.headers["content-length"]) == len(seen.body)
    assert "transfer-encoding" not in seen.headers


def request_with(path: Path) -> Request:
    llm = client("http://localhost:1")
    message = WireMessage({"role": "user", "content": "x"}, (prepare_image(path, ImageOptions()),))
    return chat_request(llm.model, [message], resolve(llm, "chat", {}))


def test_a_body_leaves_in_pieces_each_time_anew(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png(5 * MEGABYTE))
    request = request_with(path)
    sizes = [len(piece) for piece in request.pieces()]
    assert max(sizes) <= 257 * 1024, "a piece, and the text beside it"
    assert sum(sizes) == request.content_length
    first, second = (hashlib.sha256(b"".join(request.pieces())).digest() for _ in range(2))
    assert first == second


@twelve
def test_the_whole_base64_of_a_picture_never_exists(endpoint: str, tmp_path: Path, record_property: Any) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png(20 * MEGABYTE))
    with WireServer(answer(endpoint, "A"), keep_bodies=False) as server:
        llm = client(server)
        assert attempt(llm, endpoint, *asked_about(endpoint, path)).text == "A"
        tracemalloc.start()
        try:
            assert attempt(llm, endpoint, *asked_about(endpoint, path)).text == "A"
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert server.asked[-1].length > 26 * MEGABYTE
    record_property("peak", peak)
    assert peak < 4 * MEGABYTE


def test_code_over_a_blocking_io_must_not_suspend() -> None:
    async def suspends() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="must not suspend"):
        run_blocking(suspends())


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def secure(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@twelve
@pytest.mark.parametrize("how", ["file", "off"])
def test_tls_with_an_authority_of_ones_own(how: str, endpoint: str, secure: ssl.SSLContext, ca_file: str) -> None:
    with WireServer(answer(endpoint, "A"), tls=secure) as server:
        assert server.url.startswith("https://")
        assert attempt(client(server, verify=ca_file if how == "file" else False), endpoint).text == "A"


@twelve
def test_tls_without_trust_says_what_to_pass(endpoint: str, secure: ssl.SSLContext) -> None:
    with WireServer(answer(endpoint, "A"), tls=secure) as server:
        outcome = attempt(client(server, max_retries=2), endpoint)
    assert type(outcome.error) is errors.ConnectionFailedError
    assert "verify='/path/to/ca.pem'" in str(outcome.error)
    assert not outcome.error.transient
    assert server.accepted == 1


@pytest.mark.parametrize("content", [None, b"no certificate"])
@pytest.mark.parametrize("endpoint", ["chat", "achat"])
def test_a_ca_file_that_is_none_is_an_error_of_the_tree(endpoint: str, content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    if content:
        path.write_bytes(content)
    outcome = attempt(client("https://localhost:1", verify=str(path)), endpoint)
    assert type(outcome.error) is errors.ConnectionFailedError
    assert str(path) in str(outcome.error)


@pytest.mark.parametrize("endpoint", ["chat", "achat", "stream_chat", "astream_chat"])
def test_a_deadline_ends_a_silent_answer_over_tls(endpoint: str, secure: ssl.SSLContext, ca_file: str) -> None:
    with WireServer(stream(part(endpoint, "A"), end=[HOLD]), tls=secure) as server:
        outcome = attempt(client(server, verify=ca_file, deadline=0.5), endpoint)
        assert type(outcome.error) is errors.DeadlineError
        assert outcome.error.partial_text == "A"
        assert server.asked[0].left.wait(SOON)


@pytest.mark.parametrize("endpoint", ["chat", "achat"])
def test_plain_http_loads_no_certificates(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    for name in ("load_verify_locations", "load_default_certs", "set_default_verify_paths"):
        monkeypatch.setattr(ssl.SSLContext, name, lambda *args, **kwargs: loaded.append(args))
    with WireServer(answer(endpoint, "A")) as server:
        assert attempt(client(server), endpoint).text == "A"
    assert loaded == []
    attempt(client("https://127.0.0.1:1"), endpoint)
    assert loaded


# proxies


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


# addresses


@twelve
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_base_url_with_a_path(endpoint: str, slash: str) -> None:
    with WireServer(answer(endpoint, "A"), prefix="/team/ollama") as server:
        assert attempt(client(server.url + slash), endpoint).text == "A"
        assert server.asked[0].path.startswith("/team/ollama/api/")


def test_ollama_host_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    with WireServer() as wire:
        monkeypatch.setenv("OLLAMA_HOST", f" '127.0.0.1:{wire.port}' ")
        assert OllamaServer().version() == "0.13.0"
        assert OllamaServer().base_url == wire.url


def test_the_key_is_sent_to_this_machine_and_own_headers_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "s3cret")
    with WireServer() as wire:
        OllamaServer(wire.url).version()
        OllamaServer(wire.url, headers={"authorization": "Bearer mine"}).version()
        OllamaServer(wire.url.replace("://", "://me:pass%20word@")).version()
        sent = [seen.headers["authorization"] for seen in wire.requests]
    assert sent == ["Bearer s3cret", "Bearer mine", "Basic " + base64.b64encode(b"me:pass word").decode()]


def test_the_key_does_not_travel_in_the_clear(proxy: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "s3cret")
    assert attempt(client("http://vision.test:11434"), "chat").text == "by proxy"
    assert attempt(client("http://vision.test:11434", headers={"Authorization": "Bearer mine"}), "chat").text
    assert [seen.headers.get("authorization") for seen in proxy.asked] == [None, "Bearer mine"]


@twelve
def test_headers_of_the_object_and_of_the_call_arrive(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        llm = client(server, headers={"X-Team": "a", "X-Both": "object"})
        assert attempt(llm, endpoint, extra_headers={"X-Call": "b", "X-Both": "call"}).text == "A"
        headers = server.asked[0].headers
    assert (headers["x-team"], headers["x-call"], headers["x-both"]) == ("a", "b", "call")
    assert headers["content-type"] == "application/json"
