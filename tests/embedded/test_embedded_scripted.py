"""The embedded server with a scripted engine: what a test sets is what a client gets."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import httpx2
import pytest

from ollama_embedded import (
    EmbeddedOllama,
    Ending,
    Gate,
    ModelFacts,
    Pause,
    Piece,
    Reply,
    ScriptedEngine,
    ToolCall,
    draw_scene,
)
from tests.support.scripted_server import CHAT, SOON, lines, serve


def test_a_text_is_streamed_word_by_word(client: httpx2.Client) -> None:
    with serve() as server:
        reply = client.post(f"{server.url}/api/chat", json=CHAT)
    said = [line["message"]["content"] for line in lines(reply)]
    assert said == ["A ", "red ", "circle.", ""]
    assert [line["done"] for line in lines(reply)] == [False, False, False, True]


def test_whole_and_streamed_say_the_same(client: httpx2.Client) -> None:
    with serve(["one two", "one two"]) as server:
        streamed = client.post(f"{server.url}/api/generate", json={"model": "scripted", "prompt": "x"})
        whole = client.post(f"{server.url}/api/generate", json={"model": "scripted", "prompt": "x", "stream": False})
    assert "".join(line["response"] for line in lines(streamed)) == whole.json()["response"] == "one two"


def test_replies_follow_each_other_and_the_last_stays(client: httpx2.Client) -> None:
    with serve(["first", Reply("second")]) as server:
        said = [
            client.post(f"{server.url}/api/chat", json={**CHAT, "stream": False}).json()["message"]["content"]
            for _ in range(3)
        ]
    assert said == ["first", "second", "second"]


def test_a_reply_may_depend_on_the_request(client: httpx2.Client) -> None:
    picture = base64.b64encode(b"not checked here").decode()
    with serve(lambda request: f"{len(request.pictures)} pictures") as server:
        message = {"role": "user", "content": "?", "images": [picture, picture]}
        body = {"model": "scripted", "stream": False, "messages": [message]}
        assert client.post(f"{server.url}/api/chat", json=body).json()["message"]["content"] == "2 pictures"


def test_thinking_tool_calls_and_reason(client: httpx2.Client) -> None:
    said = Reply("", thinking="Let me see.", tool_calls=[ToolCall("look", {"at": 1})], done_reason="length")
    with serve(said) as server:
        reply = client.post(f"{server.url}/api/chat", json={**CHAT, "stream": False}).json()
    assert reply["message"]["thinking"] == "Let me see."
    assert reply["message"]["tool_calls"][0]["function"] == {"index": 0, "name": "look", "arguments": {"at": 1}}
    assert reply["done_reason"] == "length"


def test_the_last_line_can_be_set_as_a_whole(client: httpx2.Client) -> None:
    entry = {"token": "a", "logprob": -0.5, "bytes": [97]}
    ending = Ending(prompt_tokens=7, piece=Piece("last", logprobs=(entry,)))
    with serve(Reply(["first "], ending=ending)) as server:
        last = lines(client.post(f"{server.url}/api/chat", json=CHAT))[-1]
    assert last["message"]["content"] == "last"
    assert last["logprobs"] == [entry]
    assert last["prompt_eval_count"] == 7
    assert "eval_count" not in last, "zero metrics are left out"


def test_a_gate_holds_the_stream(client: httpx2.Client) -> None:
    gate = Gate()
    with (
        serve(Reply(["one ", gate, "two"])) as server,
        client.stream("POST", f"{server.url}/api/chat", json=CHAT) as reply,
    ):
        arriving = reply.iter_lines()
        assert json.loads(next(arriving))["message"]["content"] == "one "
        assert gate.reached.wait(SOON)
        assert not server.asked[0].ended.is_set()
        gate.open()
        assert json.loads(next(arriving))["message"]["content"] == "two"


def test_a_pause_passes(client: httpx2.Client) -> None:
    with serve(Reply(["one ", Pause(0.001), "two"])) as server:
        assert len(lines(client.post(f"{server.url}/api/chat", json=CHAT))) == 3


def test_what_arrived_can_be_read(client: httpx2.Client) -> None:
    png = draw_scene("red circle")
    data = base64.b64encode(_png(png)).decode()
    with serve() as server:
        client.get(f"{server.url}/api/version")
        message = {"role": "user", "content": "?", "images": [data]}
        client.post(f"{server.url}/api/chat", json={**CHAT, "messages": [message]}, headers={"X-Mine": "yes"})
        assert [request.path for request in server.requests] == ["/api/version", "/api/chat"]
        (asked,) = server.asked
    assert asked.method == "POST"
    assert asked.headers["x-mine"] == "yes"
    assert asked.body["messages"][0]["content"] == "?"
    assert asked.images[0].tobytes() == png.tobytes()
    assert asked.ended.is_set()
    assert not asked.left.is_set()


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_is_noticed(stream: bool, client: httpx2.Client) -> None:
    gate = Gate()
    with serve([Reply([gate, "never"]), "free again"]) as server:
        with pytest.raises(httpx2.ReadTimeout):
            client.post(f"{server.url}/api/chat", json={**CHAT, "stream": stream}, timeout=0.2)
        assert server.asked[0].left.wait(SOON)
        assert server.asked[0].ended.wait(SOON)
        assert client.post(f"{server.url}/api/chat", json={**CHAT, "stream": False}).is_success


def test_a_stream_that_is_dropped_is_closed(client: httpx2.Client) -> None:
    gate = Gate()
    with serve(Reply(["one ", gate, "two"])) as server:
        with client.stream("POST", f"{server.url}/api/chat", json=CHAT) as reply:
            next(reply.iter_lines())
        assert server.asked[0].left.wait(SOON)


def test_answers_wait_for_their_turn(client: httpx2.Client) -> None:
    gate = Gate()
    with serve([Reply([gate, "first"]), "second"]) as server:
        replies: list[str] = []
        url = f"{server.url}/api/chat"

        def ask() -> None:
            reply = httpx2.post(url, json={**CHAT, "stream": False}, trust_env=False)
            replies.append(reply.json()["message"]["content"])

        first = threading.Thread(target=ask)
        first.start()
        assert gate.reached.wait(SOON)
        second = threading.Thread(target=ask)
        second.start()
        client.get(f"{server.url}/api/version")
        assert replies == []
        gate.open()
        first.join(SOON)
        second.join(SOON)
    assert replies == ["first", "second"]


def test_two_slots_answer_at_once(client: httpx2.Client) -> None:
    gate = Gate()
    with serve([Reply([gate, "first"]), "second"], num_parallel=2) as server:
        held = threading.Thread(target=lambda: httpx2.post(f"{server.url}/api/chat", json=CHAT, trust_env=False))
        held.start()
        assert gate.reached.wait(SOON)
        second = client.post(f"{server.url}/api/chat", json={**CHAT, "stream": False})
        assert second.json()["message"]["content"] == "second"
        gate.open()
        held.join(SOON)


def test_a_model_can_lie_partly_on_a_gpu(client: httpx2.Client) -> None:
    facts = ModelFacts("split", size=1000, size_vram=400)
    with EmbeddedOllama(engine=ScriptedEngine(models=[facts])) as server:
        client.post(f"{server.url}/api/chat", json={**CHAT, "model": "split"})
        (loaded,) = client.get(f"{server.url}/api/ps").json()["models"]
    assert (loaded["size"], loaded["size_vram"]) == (1000, 400)


def test_a_client_may_close_on_the_last_line(client: httpx2.Client) -> None:
    with serve("one") as server:
        with client.stream("POST", f"{server.url}/api/chat", json=CHAT) as reply:
            for line in reply.iter_lines():
                if json.loads(line)["done"]:
                    break
        assert server.asked[0].ended.wait(SOON)
        assert not server.asked[0].left.is_set()


def test_a_server_can_be_started_again(client: httpx2.Client) -> None:
    server = serve()
    for _ in range(2):
        with server:
            assert client.post(f"{server.url}/api/chat", json=CHAT).is_success


def test_next_line_control_character_comes_raw(client: httpx2.Client) -> None:
    with serve(Reply(["one\x85two", "<&>\u2028"])) as server:
        data = client.post(f"{server.url}/api/chat", json=CHAT).content
    assert "one\x85two".encode() in data
    assert rb"\u003c\u0026\u003e\u2028" in data


def _png(picture: Any) -> bytes:
    import io

    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
