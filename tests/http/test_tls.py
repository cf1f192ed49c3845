"""TLS: authorities of one's own, certificates of clients, and each fault with its own way out."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from llama_index.multi_modal_llms.ollama import OllamaServer
from ollama_vision import errors
from tests.support.endpoints import twelve
from tests.support.plain_http import answer_as_go_does
from tests.support.wire_attempts import attempt
from tests.support.wire_server import HOLD, SOON, WireServer, answer, client, part, stream


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
        threading.Thread(target=answer_as_go_does, args=(listener,), daemon=True).start()
        said = str(attempt(client(f"https://127.0.0.1:{listener.getsockname()[1]}"), endpoint).error)
    assert "Write http:// instead of https://" in said
    assert "verify=" not in said


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
