"""Bytes over HTTP: bodies in pieces, TLS, proxies, sub-paths, addresses from the environment."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock

from llama_index.multi_modal_llms.ollama import OllamaServer
from ollama_vision.http.io import run_blocking
from ollama_vision.model.arguments import resolve_arguments
from ollama_vision.pictures import ImageOptions, prepare_image
from ollama_vision.protocol.request import Request, WireMessage, chat_request
from tests.support.endpoints import twelve
from tests.support.wire_attempts import attempt
from tests.support.wire_server import WireServer, answer, client

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
    return chat_request(llm.model, [message], resolve_arguments(llm, "chat", {}))


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


@twelve
def test_headers_of_the_object_and_of_the_call_arrive(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        llm = client(server, headers={"X-Team": "a", "X-Both": "object"})
        assert attempt(llm, endpoint, extra_headers={"X-Call": "b", "X-Both": "call"}).text == "A"
        headers = server.asked[0].headers
    assert (headers["x-team"], headers["x-call"], headers["x-both"]) == ("a", "b", "call")
    assert headers["content-type"] == "application/json"
