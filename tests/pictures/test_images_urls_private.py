"""Addresses that no picture is fetched from (SSRF), and whose certificates count."""

from __future__ import annotations

import ssl

import pytest
import trustme

from ollama_vision.errors import ImageFetchError
from ollama_vision.pictures import prepare_image
from ollama_vision.pictures.inputs import fetch
from ollama_vision.pictures.inputs import ssrf as addresses
from tests.support.picture_web import ANY, JPEG, Web, serve, status

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
