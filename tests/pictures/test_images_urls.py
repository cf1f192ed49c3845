"""URLs are fetched from checked public addresses, within limits, and fail with what the server really said."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from typing import Any

import pytest
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.schema import ImageNode

from ollama_vision.errors import ImageFetchError
from ollama_vision.pictures import ImageOptions, prepare_documents, prepare_image
from ollama_vision.pictures.inputs import ssrf as addresses
from tests.support.picture_web import ANY, JPEG, Handler, Web, status


class TestFetching:
    def test_a_picture(self, web: Web) -> None:
        assert prepare_image(web.url("/card.jpg"), ANY).read() == JPEG
        assert prepare_documents([ImageBlock(url=web.url("/card.jpg"))], ANY)[0].read() == JPEG
        assert prepare_documents([ImageNode(image_url=web.url("/card.jpg"))], ANY)[0].read() == JPEG

    def test_what_it_sends_of_us(self, web: Web) -> None:
        prepare_image(web.url("/card.jpg"), ANY)
        (headers,) = web.headers
        assert headers["Accept-Encoding"] == "identity"
        assert "llama-index-multi-modal-llms-ollama" in headers["User-Agent"]
        assert not {"Cookie", "Authorization", "Referer"} & set(headers)

    def test_no_proxy_of_the_environment(self, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert prepare_image(web.url("/card.jpg"), ANY).read() == JPEG

    def test_credentials_are_used_once_and_never_shown(self, web: Web) -> None:
        web.pages["/moved"] = status(302, Location=web.url("/card.jpg", "127.0.0.3"))
        picture = prepare_image(f"http://me:secret@127.0.0.1:{web.port}/moved?token=secret#secret", ANY)
        assert web.headers[0]["Authorization"].startswith("Basic ")
        assert "Authorization" not in web.headers[1]
        assert "secret" not in repr(picture) + str(picture.describe())
        assert picture.source == f"http://127.0.0.1:{web.port}/moved?..."
        with pytest.raises(ImageFetchError) as caught:
            prepare_image(f"http://me:secret@127.0.0.1:{web.port}/gone?token=secret", ANY)
        assert "secret" not in str(caught.value) + caught.value.source

    @pytest.mark.parametrize("code", [201, 204, 301, 400, 401, 403, 404, 410, 429, 500, 503])
    def test_any_other_status_is_an_error(self, web: Web, code: int) -> None:
        web.pages["/x"] = status(code, b"" if code == 204 else JPEG)
        with pytest.raises(ImageFetchError, match=f"gave status {code}, not the picture") as caught:
            prepare_documents([JPEG, web.url("/x")], ANY)
        assert caught.value.status == code
        assert caught.value.where == "image_documents[1]"

    def test_an_html_page_is_no_picture(self, web: Web) -> None:
        web.pages["/x.jpg"] = status(200, b"<!DOCTYPE html><html>", Content_Type="image/jpeg")
        with pytest.raises(ValueError, match="is an HTML page, not a picture"):
            prepare_image(web.url("/x.jpg"), ANY)

    def test_half_a_body(self, web: Web) -> None:
        def half(handler: Handler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(JPEG)))
            handler.end_headers()
            handler.wfile.write(JPEG[:500])

        web.pages["/half"] = half
        with pytest.raises(ImageFetchError, match="broke off while it was fetched"):
            prepare_image(web.url("/half"), ANY)

    def test_a_server_that_speaks_something_else(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def answer() -> None:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"220 mail.example ESMTP\r\n")

            thread = threading.Thread(target=answer)
            thread.start()
            with pytest.raises(ImageFetchError, match="broke off"):
                prepare_image(f"http://127.0.0.1:{listener.getsockname()[1]}/", ANY)
            thread.join()

    def test_nobody_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(ImageFetchError, match="cannot be reached"):
            prepare_image(f"http://127.0.0.1:{port}/", ANY)

    def test_compressed_unasked(self, web: Web) -> None:
        web.pages["/x"] = status(200, gzip.compress(bytes(10_000_000)), Content_Encoding="gzip")
        with pytest.raises(ImageFetchError, match="came compressed"):
            prepare_image(web.url("/x"), ANY)

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("file:///etc/passwd", "leads to file:, and only http: and https: are fetched"),
            ("ftp://example.com/a.jpg", "leads to ftp:"),
            ("gopher://example.com/", "leads to gopher:"),
            ("http://", "names no host"),
            ("http:///a.jpg", "names no host"),
            ("http://[::1/a", "not a URL"),
            ("http://exa mple.com:port/", "not a URL"),
        ],
    )
    def test_other_schemes_and_broken_urls(self, url: str, said: str) -> None:
        with pytest.raises(ImageFetchError, match=said):
            prepare_image(url)


class TestLimits:
    def test_more_bytes_than_allowed_by_its_own_word(self, web: Web) -> None:
        with pytest.raises(ImageFetchError, match=r"is larger than 1,000 bytes.*url_max_bytes"):
            prepare_image(web.url("/card.jpg"), ANY.model_copy(update={"url_max_bytes": 1000}))

    def test_more_bytes_than_allowed_without_a_word(self, web: Web) -> None:
        sent = []

        def endless(handler: Handler) -> None:
            handler.send_response(200)
            handler.end_headers()
            while True:
                handler.wfile.write(bytes(65_536))
                sent.append(65_536)

        web.pages["/endless"] = endless
        with pytest.raises(ImageFetchError, match="is larger than 500,000 bytes"):
            prepare_image(web.url("/endless"), ANY.model_copy(update={"url_max_bytes": 500_000}))

    @pytest.mark.parametrize("part", ["header", "body", "nothing"])
    def test_a_server_that_drips_is_cut_off(self, part: str) -> None:
        stop = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            start = {"body": b"HTTP/1.1 200 OK\r\n\r\n", "header": b"HTTP/1.1 200 OK\r\n", "nothing": b""}[part]
            drop = {"body": b"x", "header": b"X-A: b\r\n", "nothing": b""}[part]

            def drip() -> None:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.sendall(start)
                    while not stop.wait(0.05):
                        connection.sendall(drop)

            thread = threading.Thread(target=drip)
            thread.start()
            try:
                with pytest.raises(ImageFetchError, match=r"did not come within 0\.4 s.*url_timeout"):
                    prepare_image(
                        f"http://127.0.0.1:{listener.getsockname()[1]}/", ANY.model_copy(update={"url_timeout": 0.4})
                    )
            finally:
                stop.set()
                thread.join()

    def test_a_name_server_that_never_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stop = threading.Event()

        def never(*arguments: Any, **keywords: Any) -> Any:
            stop.wait()
            raise OSError("stopped")

        monkeypatch.setattr(addresses.socket, "getaddrinfo", never)  # type: ignore[attr-defined]
        try:
            with pytest.raises(ImageFetchError, match=r"did not come within 0\.2 s"):
                prepare_image("http://slow.example/a.jpg", ImageOptions(url_timeout=0.2))
        finally:
            stop.set()

    def test_redirects(self, web: Web) -> None:
        for count in range(6):
            web.pages[f"/{count}"] = status(302, Location=f"/{count - 1}" if count else "/card.jpg")
        assert prepare_image(web.url("/4"), ANY).read() == JPEG
        with pytest.raises(ImageFetchError, match="redirects more than 5 times"):
            prepare_image(web.url("/5"), ANY)
        with pytest.raises(ImageFetchError, match="redirects more than 0 times"):
            prepare_image(web.url("/0"), ANY.model_copy(update={"url_max_redirects": 0}))
