"""Recordings played back: byte for byte to the request that was recorded, with a clear word to any other."""

from __future__ import annotations

import base64
import io
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ollama_embedded import EmbeddedOllama, ScriptedEngine, draw_scene
from ollama_embedded.faults import busy
from ollama_embedded.recordings.transcripts import Exchange, read, write
from tests.support.recorded import FOLDER

QUESTION = {"model": "m", "messages": [{"role": "user", "content": "How many?"}], "stream": False}


def keep(folder: Path, name: str, body: Any, said: str, path: str = "/api/chat") -> None:
    response = {
        "status": 200,
        "headers": {"content-type": "application/json; charset=utf-8"},
        "chunks": [[1.0, said]],
    }
    write(folder, Exchange(name, "POST", path, json.dumps(body).encode(), response))


def question_about(picture: bytes) -> dict[str, Any]:
    image = base64.b64encode(picture).decode()
    return {"model": "m", "messages": [{"role": "user", "content": "What?", "images": [image]}]}


def png(compress_level: int) -> bytes:
    file = io.BytesIO()
    draw_scene("red circle").save(file, "PNG", compress_level=compress_level)
    return file.getvalue()


def test_every_recording_comes_back_byte_for_byte(client: httpx2.Client) -> None:
    recorded = read(FOLDER)
    assert len(recorded) > 300
    with EmbeddedOllama(replay=FOLDER) as server:
        for exchange in recorded:
            if {"origin", "host"} & set(exchange.headers):
                continue  # who may ask is decided before a recording is looked for: see the tests of CORS
            got = b""
            url = server.url + exchange.path
            with client.stream(exchange.method, url, content=exchange.body) as reply:
                cut = "error" in exchange.response
                with pytest.raises(httpx2.RemoteProtocolError) if cut else nullcontext():
                    for piece in reply.iter_raw():
                        got += piece
            assert (reply.status_code, got) == (exchange.response["status"], b"".join(exchange.pieces)), exchange.name
            for header in ("content-type", "allow"):
                assert reply.headers.get(header) == exchange.response["headers"].get(header)
        assert server.unmatched == []


def test_the_same_request_gets_its_recordings_in_turn(client: httpx2.Client, tmp_path: Path) -> None:
    keep(tmp_path, "0001-chat", QUESTION, "one")
    keep(tmp_path, "0002-chat", QUESTION, "two")
    with EmbeddedOllama(replay=tmp_path) as server:
        said = [client.post(f"{server.url}/api/chat", json=QUESTION).text for _ in range(3)]
        assert server.model == "m"
        assert len(server.asked) == 3
    assert said == ["one", "two", "two"]


def test_the_order_of_fields_does_not_count(client: httpx2.Client, tmp_path: Path) -> None:
    keep(tmp_path, "0001-chat", QUESTION, "one")
    with EmbeddedOllama(replay=tmp_path) as server:
        turned = dict(reversed(list(QUESTION.items())))
        assert client.post(f"{server.url}/api/chat", json=turned).text == "one"


def test_a_png_counts_by_its_pixels(client: httpx2.Client, tmp_path: Path) -> None:
    assert png(0) != png(9)
    keep(tmp_path, "0001-chat", question_about(png(9)), "a red circle")
    (file,) = (tmp_path / "pictures").iterdir()
    assert file.read_bytes() == png(9)
    with EmbeddedOllama(replay=tmp_path) as server:
        assert client.post(f"{server.url}/api/chat", json=question_about(png(0))).text == "a red circle"


def test_what_was_not_recorded_is_said(client: httpx2.Client, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep(tmp_path, "0001-chat", {**QUESTION, "model": "other", "options": {"seed": 1}}, "far")
    keep(tmp_path, "0002-chat", QUESTION, "near")
    asked = {**QUESTION, "messages": [{"role": "user", "content": "How big?"}]}
    with EmbeddedOllama(replay=tmp_path) as server:
        reply = client.post(f"{server.url}/api/chat", json=asked)
        (text,) = server.unmatched
    assert reply.status_code == 500
    assert reply.json() == {"error": text}
    assert "How big?" in text
    nearest = "the nearest recording is 0002-chat.json, which differs in "
    assert text.endswith(f'{nearest}messages[0].content: asked "How big?", recorded "How many?"')
    assert caplog.messages == [text]


def test_another_picture_is_told_without_its_bytes(client: httpx2.Client, tmp_path: Path) -> None:
    keep(tmp_path, "0001-chat", question_about(png(9)), "a red circle")
    jpeg = b"\xff\xd8\xff no picture, yet something else"
    broken = png(9)[:60]
    with EmbeddedOllama(replay=tmp_path) as server:
        for other in (jpeg, broken):
            client.post(f"{server.url}/api/chat", json=question_about(other))
        told, told_of_broken = server.unmatched
    assert 'images[0]: asked "<jpg of 34 bytes, sha256 ' in told
    assert 'recorded "<png of 224x224 RGB, pixels ' in told
    assert "<broken png of 60 bytes" in told_of_broken


def test_another_path_is_told_what_there_is(client: httpx2.Client, tmp_path: Path) -> None:
    keep(tmp_path, "0001-chat", QUESTION, "one")
    with EmbeddedOllama(replay=tmp_path) as server:
        text = client.get(f"{server.url}/api/tags").json()["error"]
    assert text.endswith("GET /api/tags; recorded are POST /api/chat (1)")


def test_faults_come_before_recordings(client: httpx2.Client, tmp_path: Path) -> None:
    keep(tmp_path, "0001-chat", QUESTION, "one")
    with EmbeddedOllama(replay=tmp_path, faults=[busy()]) as server:
        replies = [client.post(f"{server.url}/api/chat", json=QUESTION).status_code for _ in range(2)]
    assert replies == [503, 200]


def test_a_folder_that_holds_no_recordings(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder of recordings"):
        EmbeddedOllama(replay=tmp_path / "nowhere")
    with pytest.raises(ValueError, match="make some with: python -m ollama_embedded --record"):
        EmbeddedOllama(replay=tmp_path)
    (tmp_path / "0001.json").write_text("[]")
    with pytest.raises(ValueError, match=r"0001\.json is no recorded exchange"):
        EmbeddedOllama(replay=tmp_path)


def test_a_replay_is_no_model(tmp_path: Path) -> None:
    keep(tmp_path, "0001-chat", QUESTION, "one")
    with pytest.raises(TypeError, match="engine or replay, not both"):
        EmbeddedOllama(replay=tmp_path, engine=ScriptedEngine())
    with pytest.raises(TypeError, match="aliases have no place"):
        EmbeddedOllama(replay=tmp_path, aliases=["llava"])
