"""Nine everyday cases that other clients fail in silence: each ends in the right answer or the right error."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from PIL import Image, ImageOps

from ollama_vision import errors
from tests.support.endpoints import twelve
from tests.support.recorded import FOLDER
from tests.support.wire_attempts import attempt
from tests.support.wire_server import Script, Seen, WireServer, answer, client, last, part, reply, stream

PICTURES = FOLDER / "pictures"
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
chats = pytest.mark.parametrize("endpoint", ["chat", "stream_chat", "achat", "astream_chat"])


def about(endpoint: str, *names: str) -> tuple[Any, ...]:
    paths = [PICTURES / name for name in names]
    if endpoint.endswith("chat"):
        blocks = [TextBlock(text="What shapes are there?"), *(ImageBlock(path=path) for path in paths)]
        return ([ChatMessage(role="user", blocks=blocks)],)
    return ("What shapes are there?", paths)


def sent(seen: Seen) -> list[bytes]:
    body = seen.json
    images = body["images"] if "images" in body else body["messages"][-1]["images"]
    return [base64.b64decode(each, validate=True) for each in images]


@twelve
def test_half_of_a_jpeg_is_refused_before_it_is_sent(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A medium blue square at the top left.")) as server:
        outcome = attempt(client(server), endpoint, *about(endpoint, "truncated.jpg"))
        assert server.asked == []
    assert type(outcome.error) is errors.ImageError
    assert outcome.raised_by_call
    assert "truncated.jpg" in str(outcome.error)


@twelve
def test_a_photo_is_sent_the_way_it_is_looked_at(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        assert attempt(client(server), endpoint, *about(endpoint, "exif6.jpg")).text == "A"
        picture = Image.open(io.BytesIO(sent(server.asked[0])[0]))
    with Image.open(PICTURES / "exif6.jpg") as original:
        assert original.getexif()[0x0112] == 6
        upright = ImageOps.exif_transpose(original)
    assert picture.getexif().get(0x0112, 1) == 1
    assert picture.size == upright.size
    top_right = (upright.width * 3 // 4, upright.height // 4)
    seen, meant = (image.convert("RGB").getpixel(top_right) for image in (picture, upright))
    assert max(abs(a - b) for a, b in zip(seen, meant, strict=True)) < 40  # type: ignore[arg-type]


@twelve
def test_a_picture_that_was_passed_is_a_picture_that_was_sent(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        assert attempt(client(server), endpoint, *about(endpoint, "red-circle.png")).text == "A"
        assert sent(server.asked[0]) == [(PICTURES / "red-circle.png").read_bytes()]


def too_long(seen: Seen) -> Script:
    """A server that drops what does not fit, unless told not to."""
    if seen.json.get("truncate") is not False:
        return answer("chat" if seen.path.endswith("chat") else "generate", "nonsense")
    inner = {"code": 400, "message": "too long", "type": "exceed_context_size_error"}
    return reply(400, {"error": json.dumps({"error": {**inner, "n_prompt_tokens": 3992, "n_ctx": 2048}})})


@twelve
def test_a_history_longer_than_the_context_is_an_error(endpoint: str) -> None:
    with WireServer(answers=too_long) as server:
        outcome = attempt(client(server), endpoint, *about(endpoint, "red-circle.png"))
        assert type(outcome.error) is errors.ContextOverflowError
        assert outcome.raised_by_call
        assert (outcome.error.n_prompt_tokens, outcome.error.n_ctx) == (3992, 2048)
        assert "1 picture" in str(outcome.error)
        assert attempt(client(server), endpoint, *about(endpoint, "red-circle.png"), truncate=True).text == "nonsense"


@twelve
@pytest.mark.parametrize("ending", ["no done line", "done is false"])
def test_an_answer_that_the_server_stopped_is_an_error_with_what_came(endpoint: str, ending: str) -> None:
    lines = [part(endpoint, " ha") for _ in range(31)]
    script = stream(*lines) if ending == "no done line" else reply(200, part(endpoint, " ha" * 31))
    with WireServer(script) as server:
        outcome = attempt(client(server), endpoint)
    assert type(outcome.error) is errors.StreamInterruptedError
    assert outcome.error.partial_text == " ha" * 31


@twelve
def test_thinking_that_used_up_the_budget_is_an_error_with_the_thoughts(endpoint: str) -> None:
    with WireServer(stream(part(endpoint, thinking="The user asks"), last(endpoint, done_reason="length"))) as server:
        outcome = attempt(client(server), endpoint)
    assert type(outcome.error) is errors.EmptyResponseError
    assert (outcome.error.thinking, outcome.error.finish_reason) == ("The user asks", "length")
    assert "think=False" in str(outcome.error)


@chats
def test_a_tool_call_that_was_cut_short_is_an_error(endpoint: str) -> None:
    with WireServer(stream(part(endpoint, " "), last(endpoint, done_reason="length"))) as server:
        outcome = attempt(client(server), endpoint, tools=[TOOL])
    assert type(outcome.error) is errors.EmptyResponseError
    assert "perhaps a tool call that Ollama dropped" in str(outcome.error)
    assert "num_predict" in str(outcome.error)


@twelve
@pytest.mark.parametrize("name", ["red-circle.tiff", "red-circle.avif", "red-circle.ico", "animated.webp"])
def test_what_the_server_cannot_read_is_sent_as_what_it_can(name: str, endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        assert attempt(client(server), endpoint, *about(endpoint, name)).text == "A"
        pictures = sent(server.asked[0])
    for data in pictures:
        picture = Image.open(io.BytesIO(data))
        assert picture.format in ("PNG", "JPEG")
        picture.load()


@twelve
def test_a_picture_for_a_model_that_cannot_see_is_refused_before_it_is_sent(endpoint: str) -> None:
    listed = {"models": [{"name": "gemma3:4b", "capabilities": ["completion", "vision"]}]}
    routes = {"/api/show": reply(200, {"capabilities": ["completion"]}), "/api/tags": reply(200, listed)}
    with WireServer(answer(endpoint, "A lovely picture."), routes=routes) as server:
        outcome = attempt(client(server, check_capabilities=True), endpoint, *about(endpoint, "red-circle.png"))
        assert server.asked == []
    assert type(outcome.error) is errors.CapabilityError
    assert (outcome.error.missing, outcome.error.candidates) == (("vision",), ("gemma3:4b",))
