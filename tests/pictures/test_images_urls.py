"""URLs are fetched from checked public addresses, within limits, and fail with what the server really said."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import trustme
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.schema import ImageNode

from ollama_vision.errors import ImageFetchError
from ollama_vision.pictures import ImageOptions, prepare_documents, prepare_image
from ollama_vision.pictures.inputs import fetch
from ollama_vision.pictures.inputs import ssrf as addresses
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


@pytest.fixture
def web() -> Iterator[Web]:
    with serve() as site:
        yield site


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A name server: for each name its answers, one after the other; the last one stays."""
    answers: dict[str, list[list[str]]] = {}
    asked: list[str] = []

    def resolve(host: str, port: int, seconds: float) -> list[str]:
        asked.append(host)
        if host not in answers:
            raise OSError("no such name")
        return answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]

    monkeypatch.setattr(fetch, "resolve_address", resolve)
    answers["asked"] = [asked]
    return answers


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.2 counts as a public address; all others are what they are."""
    real = addresses.why_not_public
    monkeypatch.setattr(fetch, "why_not_public", lambda one: None if one == "127.0.0.2" else real(one))


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


PRIVATE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001::1", "2001:db8::1", "192.0.2.1", "203.0.113.1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "192.169.0.1",
          "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::"]  # fmt: skip


class TestAddresses:
    @pytest.mark.parametrize("address", PRIVATE)
    def test_private_ones_are_refused(self, address: str) -> None:
        assert addresses.why_not_public(address)

    @pytest.mark.parametrize("address", PUBLIC)
    def test_public_ones_are_not(self, address: str) -> None:
        assert addresses.why_not_public(address) is None

    @pytest.mark.parametrize(
        "host",
        ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0", "[::1]", "[::ffff:127.0.0.1]", "017700000001"],
    )
    def test_no_spelling_of_loopback_gets_through(self, web: Web, host: str) -> None:
        with pytest.raises(ImageFetchError, match=r"allow_private_urls=True|cannot be found"):
            prepare_image(web.url("/card.jpg", host))
        assert web.asked == []

    def test_the_error_says_what_it_is_and_how_to_allow_it(self, web: Web) -> None:
        with pytest.raises(ImageFetchError) as caught:
            prepare_image("http://169.254.169.254/latest/meta-data/?token=secret")
        assert "where clouds keep their metadata" in str(caught.value)
        assert "ImageOptions(allow_private_urls=True)" in str(caught.value)

    @pytest.mark.usefixtures("public")
    def test_one_private_address_among_public_ones_is_enough(self, web: Web, names: dict[str, list[list[str]]]) -> None:
        names["mixed.example"] = [["127.0.0.2", "127.0.0.3"]]
        with pytest.raises(ImageFetchError, match=r"a loopback address \(127\.0\.0\.3\)"):
            prepare_image(web.url("/card.jpg", "mixed.example"))
        assert web.asked == []

    @pytest.mark.usefixtures("public")
    def test_a_name_is_resolved_once_and_the_connection_goes_where_it_was_checked(
        self, web: Web, names: dict[str, list[list[str]]]
    ) -> None:
        names["rebinding.example"] = [["127.0.0.2"], ["127.0.0.1"]]
        assert prepare_image(web.url("/card.jpg", "rebinding.example")).read() == JPEG
        assert names["asked"] == [["rebinding.example"]]
        assert web.asked == [("/card.jpg", f"rebinding.example:{web.port}", "127.0.0.2")]
        # The second answer is refused when it comes to it.
        with pytest.raises(ImageFetchError, match="loopback"):
            prepare_image(web.url("/card.jpg", "rebinding.example"))

    @pytest.mark.usefixtures("public")
    def test_checked_again_after_each_redirect(self, web: Web, names: dict[str, list[list[str]]]) -> None:
        names["public.example"] = [["127.0.0.2"]]
        names["private.example"] = [["127.0.0.1"]]
        for host in ("private.example", "127.0.0.1", "localhost", "[::1]"):
            names["localhost"] = names["127.0.0.1"] = names["::1"] = [["127.0.0.1"]]
            web.pages["/moved"] = status(302, Location=web.url("/card.jpg", host))
            web.asked.clear()
            with pytest.raises(ImageFetchError, match="a loopback address"):
                prepare_image(web.url("/moved", "public.example"))
            assert [path for path, _, _ in web.asked] == ["/moved"]
        for location in ("file:///etc/passwd", "ftp://public.example/a"):
            web.pages["/moved"] = status(302, Location=location)
            with pytest.raises(ImageFetchError, match="only http: and https:"):
                prepare_image(web.url("/moved", "public.example"))

    @pytest.mark.usefixtures("public")
    def test_rebinding_between_two_hops(self, web: Web, names: dict[str, list[list[str]]]) -> None:
        names["turning.example"] = [["127.0.0.2"], ["127.0.0.1"]]
        web.pages["/moved"] = status(302, Location=web.url("/card.jpg", "turning.example"))
        with pytest.raises(ImageFetchError, match="a loopback address"):
            prepare_image(web.url("/moved", "turning.example"))

    def test_the_next_address_when_the_first_is_down(self, names: dict[str, list[list[str]]], web: Web) -> None:
        names["two.example"] = [["::1", "127.0.0.2"]]
        assert prepare_image(web.url("/card.jpg", "two.example"), ANY).read() == JPEG


class TestTls:
    def test_certificate_and_sni_are_of_the_name(
        self, names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        authority = trustme.CA()
        asked: list[str | None] = []
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("pictures.example").configure_cert(server)
        server.sni_callback = lambda connection, name, context: asked.append(name)
        client = ssl.create_default_context()
        authority.configure_trust(client)
        monkeypatch.setattr(fetch, "tls_context", lambda: client)
        names["pictures.example"] = names["other.example"] = [["127.0.0.2"]]
        with serve(server) as web:
            assert prepare_image(web.url("/card.jpg", "pictures.example", "https"), ANY).read() == JPEG
            assert asked == ["pictures.example"]
            assert web.asked == [("/card.jpg", f"pictures.example:{web.port}", "127.0.0.2")]
            with pytest.raises(ImageFetchError, match="certificate"):
                prepare_image(web.url("/card.jpg", "other.example", "https"), ANY)
            assert len(web.asked) == 1

    def test_an_unknown_authority_is_refused(self, names: dict[str, list[list[str]]]) -> None:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("pictures.example").configure_cert(server)
        names["pictures.example"] = [["127.0.0.2"]]
        with serve(server) as web, pytest.raises(ImageFetchError, match="certificate"):
            prepare_image(web.url("/card.jpg", "pictures.example", "https"), ANY)
