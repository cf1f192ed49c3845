"""What logs say of a call: model, server, path, status, bytes, tokens, seconds; no header, prompt or picture."""

from __future__ import annotations

import logging
import re

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from PIL import Image

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from tests.support.endpoints import method_of, twelve
from tests.support.wire_attempts import attempt
from tests.support.wire_server import HOLD, WireServer, answer, client, part, reply, stream

NAME = "ollama_vision"
ENDED = re.compile(r"m /api/(chat|generate) at (\S+): (200|503|no status), (.*), \d+\.\d\d s")


def records(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name.startswith(NAME) and r.levelno == level]


def test_the_class_s_own_name_sets_the_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "llama_index.multi_modal_llms.ollama")
    with WireServer(answer("complete", "Red")) as server:
        assert client(server).complete("Which?").text == "Red"
    assert len(records(caplog, logging.INFO)) == 1


@twelve
def test_a_call_that_went_well(endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, NAME)
    picture = Image.new("RGB", (64, 64), "red")
    with WireServer(answer(endpoint, "The secret answer")) as server:
        llm = client(server, headers={"Authorization": "Bearer s3cret"})
        if endpoint.endswith("chat"):
            block = ImageBlock(image=_png(picture))
            message = ChatMessage(role="user", blocks=[TextBlock(text="A secret prompt"), block])
            assert attempt(llm, endpoint, [message]).text
        else:
            assert attempt(llm, endpoint, "A secret prompt", [picture]).text
        (seen,) = server.asked
    (sent,) = records(caplog, logging.DEBUG)
    (ended,) = records(caplog, logging.INFO)
    assert sent.startswith(f"m {seen.path} to {server.url}: {len(seen.body)} bytes, ")
    assert sent.endswith(" in 1 pictures or sounds")
    found = ENDED.fullmatch(ended)
    assert found is not None, ended
    assert found[2] == server.url
    assert (found[3], found[4]) == ("200", "7 tokens read, 3 written, stop")
    assert not re.search("secret|s3cret|Bearer|iVBOR", " ".join(r.getMessage() for r in caplog.records))


def _png(picture: Image.Image) -> bytes:
    import io

    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@twelve
def test_a_call_that_failed(endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, NAME)
    with WireServer(reply(503, {"error": "the secret of the server"})) as server:
        attempt(client(server), endpoint)
    (ended,) = records(caplog, logging.INFO)
    found = ENDED.fullmatch(ended)
    assert found is not None, ended
    assert (found[3], found[4]) == ("503", "ServerBusyError")


@twelve
def test_a_call_that_broke_off(endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, NAME)
    with WireServer(stream(part(endpoint, "half"))) as server:
        attempt(client(server), endpoint)
    (ended,) = records(caplog, logging.INFO)
    assert "200, StreamInterruptedError, " in ended


@pytest.mark.parametrize("endpoint", ["stream_complete", "stream_chat"])
def test_a_stream_that_is_left(endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, NAME)
    with WireServer(stream(part(endpoint, "half"), HOLD)) as server:
        llm = client(server)
        asked = "hello" if endpoint.endswith("complete") else [ChatMessage(role="user", content="hello")]
        held = method_of(llm, endpoint)(asked)
        next(held)
        held.close()
    (ended,) = records(caplog, logging.INFO)
    assert "200, left before its end, " in ended


def test_nothing_is_told_unless_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with WireServer(answer("chat", "A")) as server:
        assert attempt(client(server), "chat").text == "A"
    assert records(caplog, logging.INFO) == records(caplog, logging.WARNING) == []


def test_a_retry_is_told_in_one_sentence(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ollama_vision.server.api._back_off", lambda attempt: 0.0)
    with WireServer(reply(503, {"error": "busy"}), answer("chat", "A")) as server:
        llm: OllamaMultiModal = client(server, max_retries=1)
        assert attempt(llm, "chat").text == "A"
    (warned,) = records(caplog, logging.WARNING)
    assert warned == f"Attempt 1 failed, next in 0.0 s: {server.url} is busy (503: busy)."
