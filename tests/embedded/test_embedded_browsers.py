"""What a page in a browser may do with the embedded server, and where its paths lead: beyond what is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from ollama_embedded import EmbeddedOllama, Recorder, ScriptedEngine
from ollama_embedded.faults import busy

CHAT: dict[str, Any] = {"model": "scripted", "messages": [{"role": "user", "content": "x"}], "stream": False}
PAGE = "https://my.app"
PREFLIGHT = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}


def serve(**settings: Any) -> EmbeddedOllama:
    return EmbeddedOllama(engine=ScriptedEngine("Yes."), **settings)


def ask(server: EmbeddedOllama | Recorder, method: str = "GET", path: str = "/api/version", **more: Any) -> Any:
    url = server.url.replace("0.0.0.0", "127.0.0.1")
    with httpx2.Client(trust_env=False, timeout=20) as client:
        return client.request(method, url + path, **more)


def allowed(server: EmbeddedOllama | Recorder, origin: str) -> tuple[int, str | None]:
    reply = ask(server, headers={"Origin": origin})
    return reply.status_code, reply.headers.get("access-control-allow-origin")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://0.0.0.0:80", 200),
        ("vscode-file://x", 200),
        ("http://127.0.0.2:3000", 403),
        ("http://[::1]:3000", 403),
        ("http://localhost.evil.example", 403),
        ("chrome-extension://abc", 403),
        (PAGE, 403),
    ],
)
def test_pages_of_this_machine_are_let_in(origin: str, status: int) -> None:
    with serve(origins=()) as server:
        assert allowed(server, origin) == (status, origin if status == 200 else None)


def test_a_server_for_others_looks_at_pages_all_the_same() -> None:
    """The check of the Host is dropped when it listens for others, that of the page is not."""
    with serve(host="0.0.0.0") as server:
        assert allowed(server, PAGE) == (403, None)
        assert allowed(server, "http://localhost:3000")[0] == 200


def test_more_pages_are_let_in_when_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_ORIGINS", "https://other.app, https://*.example.com")
    with serve(origins=[PAGE]) as server:
        assert allowed(server, PAGE) == (200, PAGE)
        assert allowed(server, "https://other.app") == (403, None)
    with serve() as server:
        assert allowed(server, "https://other.app") == (200, "https://other.app")
        assert allowed(server, "https://a.example.com")[0] == 200
        assert allowed(server, "https://a.example.org")[0] == 403
        assert allowed(server, PAGE) == (403, None)


def test_a_star_lets_every_page_in() -> None:
    with serve(origins=["*"]) as server:
        reply = ask(server, "OPTIONS", "/api/chat", headers={**PREFLIGHT, "Origin": PAGE})
    assert reply.status_code == 204
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "vary" not in reply.headers


def test_what_is_no_origin_is_refused() -> None:
    with pytest.raises(ValueError, match=r'write it as "https://my\.app"'):
        serve(origins=["my.app"])
    with pytest.raises(TypeError, match="as a list"):
        serve(origins=PAGE)


def test_a_preflight_uses_up_no_fault_and_is_no_question() -> None:
    with serve(faults=[busy()]) as server:
        assert ask(server, "OPTIONS", "/api/chat", headers=PREFLIGHT).status_code == 204
        assert server.asked == []
        reply = ask(server, "POST", "/api/chat", json=CHAT, headers={"Origin": "http://localhost:3000"})
    assert reply.status_code == 503, "the fault was still there"
    assert reply.headers["access-control-allow-origin"] == "http://localhost:3000", "a page can read the error"


def test_recordings_are_played_to_pages_too(tmp_path: Path) -> None:
    with serve() as server, Recorder(server.url, tmp_path) as recorder:
        assert allowed(recorder, "http://localhost:3000") == (200, "http://localhost:3000")
        assert allowed(recorder, PAGE) == (403, None)
        assert ask(recorder, "OPTIONS", "/api/chat", headers=PREFLIGHT).status_code == 204
    with EmbeddedOllama(replay=tmp_path) as server:
        assert allowed(server, "http://localhost:3000") == (200, "http://localhost:3000")
        assert allowed(server, "http://localhost:3000") == (200, "http://localhost:3000"), "the reply to another page"
        assert ask(server, "OPTIONS", "/api/chat", headers=PREFLIGHT).status_code == 204
        assert server.unmatched == []


def test_a_page_s_own_reply_is_kept_beside_another_s(tmp_path: Path) -> None:
    pages = ["http://localhost:3000", "http://localhost:4000"]
    with serve(faults=[busy(), None]) as server, Recorder(server.url, tmp_path) as recorder:
        for page, status in zip(pages, (503, 200), strict=True):
            assert ask(recorder, "POST", "/api/chat", json=CHAT, headers={"Origin": page}).status_code == status
    with EmbeddedOllama(replay=tmp_path) as server:
        for page, status in zip(reversed(pages), (200, 503), strict=True):
            assert ask(server, "POST", "/api/chat", json=CHAT, headers={"Origin": page}).status_code == status


def test_what_was_recorded_without_a_page_is_for_pages_too(tmp_path: Path) -> None:
    with serve() as server, Recorder(server.url, tmp_path) as recorder:
        assert ask(recorder).status_code == 200
    with EmbeddedOllama(replay=tmp_path) as server:
        assert allowed(server, "http://localhost:3000") == (200, "http://localhost:3000")


@pytest.mark.parametrize(
    ("method", "path", "status", "location"),
    [
        ("GET", "/api/tags/?a=1", 301, "/api/tags?a=1"),
        ("GET", "/v1/models/", 301, "/v1/models"),
        ("GET", "/v1/models/nobody", 404, None),
        ("POST", "/v1/models", 405, None),
        ("HEAD", "/api/tags/", 307, "/api/tags"),
        ("GET", "//api/tags", 307, "/api/tags"),
        ("POST", "/api//chat", 307, "/api/chat"),
        ("GET", "/api/chat/", 404, None),
        ("GET", "/api/Tags", 404, None),
        ("GET", "/api/nope/", 404, None),
    ],
)
def test_where_a_path_leads(method: str, path: str, status: int, location: str | None) -> None:
    with serve() as server:
        # As it is written: the client would clean it.
        url = httpx2.URL(server.url).copy_with(raw_path=path.encode())
        reply = httpx2.request(method, url, trust_env=False)
    assert (reply.status_code, reply.headers.get("location")) == (status, location)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/responses"),
        ("POST", "/v1/messages"),
        ("POST", "/api/push"),
        ("DELETE", "/api/delete"),
        ("POST", "/api/blobs/sha256:0"),
    ],
)
def test_what_a_real_server_has_and_this_one_has_not(method: str, path: str) -> None:
    with serve() as server:
        reply = ask(server, method, path)
        other = ask(server, "PATCH", path)
    error = reply.json()["error"]
    assert reply.status_code == 404
    assert f"the embedded server has no {path}" in (error["message"] if path.startswith("/v1/") else error)
    assert (other.status_code, method in other.headers["allow"]) == (405, True)
