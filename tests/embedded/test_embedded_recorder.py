"""The recorder, with the embedded server as the real one: every byte goes through, and comes back in a replay."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import ollama
import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Gate, Recorder, Reply, ScriptedEngine
from ollama_embedded.faults import CutStream, RawReply, Status
from ollama_embedded.recordings.transcripts import read
from ollama_vision.errors import BadRequestError
from tests.support.scripted_server import CHAT, SOON


def with_our_client(url: str, picture: Path) -> list[str]:
    """A whole answer, a streamed one and an error."""
    llm = OllamaMultiModal(model="shapes", base_url=url, temperature=0.0, context_window=2048)
    said = [llm.complete("Describe the image.", [str(picture)], seed=1).text]
    blocks = [ImageBlock(path=picture), TextBlock(text="How many shapes are there?")]
    said += [item.delta or "" for item in llm.stream_chat([ChatMessage(role="user", blocks=blocks)])]
    with pytest.raises(BadRequestError) as fault:
        llm.chat([ChatMessage(content="x")], format={"type": "banana"})
    return [*said, str(fault.value).replace(url, "")]


def with_the_official_client(url: str, picture: Path) -> list[str]:
    client = ollama.Client(url, trust_env=False)
    message = {"role": "user", "content": "Describe the image.", "images": [picture]}
    said = [client.chat("shapes", [message], options={"temperature": 0}).message.content or ""]
    said += [
        part.response or "" for part in client.generate("shapes", "Hello", stream=True, options={"temperature": 0})
    ]
    with pytest.raises(ollama.ResponseError) as fault:
        client.show("nobody")
    return [*said, str(fault.value)]


@pytest.mark.parametrize("use", [with_our_client, with_the_official_client])
def test_what_is_recorded_is_what_is_played_back(
    use: Callable[[str, Path], list[str]], demo_server: EmbeddedOllama, picture: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "recordings"
    with Recorder(demo_server.url, folder) as recorder:
        said = use(recorder.url, picture)
    assert any("blue square" in text for text in said)
    assert [file.read_bytes() for file in (folder / "pictures").iterdir()] == [picture.read_bytes()]
    with EmbeddedOllama(replay=folder) as server:
        assert use(server.url, picture) == said
        assert server.unmatched == []


@pytest.mark.parametrize("stream", [True, False])
def test_every_byte_goes_through(stream: bool, client: httpx2.Client, tmp_path: Path) -> None:
    """Texts of every kind, in a reply that does not change from call to call."""
    raw = '{"message":{"content":"café \\u003c"},"done":false}\n{"done":true,"x":"\x85"}\n'.encode()
    pieces = [raw[:27], raw[27:40], b"\xff\xfe", raw[40:]] if stream else [raw]
    assert not stream or raw[26] == 0xC3, "one piece ends in the middle of a character"
    reply = RawReply(pieces, headers={"content-type": "text/odd"})
    with EmbeddedOllama(engine=ScriptedEngine(reply)) as real, Recorder(real.url, tmp_path) as recorder:
        direct = client.post(f"{real.url}/api/chat", json=CHAT)
        through = client.post(f"{recorder.url}/api/chat", json=CHAT)
    with EmbeddedOllama(replay=tmp_path) as server:
        replayed = client.post(f"{server.url}/api/chat", json=CHAT)
    assert through.content == replayed.content == direct.content == b"".join(pieces)
    assert through.headers["content-type"] == replayed.headers["content-type"] == "text/odd"


def test_other_methods_and_paths(client: httpx2.Client, tmp_path: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine()) as real, Recorder(real.url, tmp_path) as recorder:
        urls = [("HEAD", "/"), ("GET", "/"), ("GET", "/api/tags?a=1&b=%20"), ("DELETE", "/api/nothing")]
        through = [client.request(method, recorder.url + path) for method, path in urls]
        assert real.requests[2].query == "a=1&b=%20"
        assert real.requests[1].headers["host"] == real.url.removeprefix("http://")
    assert [file.name for file in sorted(tmp_path.glob("*.json"))] == [
        "0001.json",
        "0002.json",
        "0003-api-tags.json",
        "0004-api-nothing.json",
    ]
    with EmbeddedOllama(replay=tmp_path) as server:
        again = [client.request(method, server.url + path) for method, path in urls]
    for one, other in zip(through, again, strict=True):
        assert (one.status_code, one.content) == (other.status_code, other.content)
        for header in ("content-type", "content-length"):
            assert one.headers.get(header) == other.headers.get(header)


def test_secrets_go_through_and_are_not_kept(client: httpx2.Client, tmp_path: Path) -> None:
    secrets = {"Authorization": "Bearer s3cret-key", "Cookie": "id=s3cret-cookie", "X-Api-Key": "s3cret-other"}
    answer = Status(200, {"done": True}, {"Set-Cookie": "id=s3cret-answer"})
    with EmbeddedOllama(engine=ScriptedEngine(answer)) as real, Recorder(real.url, tmp_path) as recorder:
        reply = client.post(f"{recorder.url}/api/chat", json=CHAT, headers=secrets)
    assert reply.headers["set-cookie"] == "id=s3cret-answer"
    assert {name: real.asked[0].headers[name.lower()] for name in secrets} == secrets
    assert "s3cret" not in "".join(file.read_text() for file in tmp_path.glob("*"))


def test_a_password_in_the_address_is_used_and_not_told(client: httpx2.Client, tmp_path: Path) -> None:
    told: list[str] = []
    with EmbeddedOllama(engine=ScriptedEngine()) as real:
        address = real.url.replace("http://", "http://user:s3cret@")
        with Recorder(address, tmp_path, told=told.append) as recorder:
            client.post(f"{recorder.url}/api/chat", json=CHAT)
        assert base64.b64decode(real.asked[0].headers["authorization"].removeprefix("Basic ")) == b"user:s3cret"
    with Recorder(address, tmp_path, told=told.append) as recorder:
        client.post(f"{recorder.url}/api/chat", json=CHAT)
    assert (recorder.server, len(told)) == (real_address(address), 2)
    assert "s3cret" not in "".join([*told, *(file.read_text() for file in tmp_path.glob("*"))])


def real_address(address: str) -> str:
    return address.replace("user:s3cret@", "")


def test_a_stream_goes_through_piece_by_piece(client: httpx2.Client, tmp_path: Path) -> None:
    gate = Gate()
    with (
        EmbeddedOllama(engine=ScriptedEngine(Reply(["one ", gate, "two"]))) as real,
        Recorder(real.url, tmp_path) as recorder,
        client.stream("POST", f"{recorder.url}/api/chat", json=CHAT) as reply,
    ):
        lines = reply.iter_lines()
        assert json.loads(next(lines))["message"]["content"] == "one "
        assert gate.reached.wait(SOON)
        gate.open()
        assert json.loads(next(lines))["message"]["content"] == "two"
        assert json.loads(next(lines))["done"] is True
    (exchange,) = read(tmp_path)
    assert len(exchange.pieces) == 3
    assert "error" not in exchange.response


def test_a_client_that_leaves_on_the_last_line_has_it_all(client: httpx2.Client, tmp_path: Path) -> None:
    gate = Gate()
    line = json.dumps({"done": True}).encode() + b"\n"
    held = RawReply([line, gate])
    with EmbeddedOllama(engine=ScriptedEngine(held)) as real, Recorder(real.url, tmp_path) as recorder:
        with client.stream("POST", f"{recorder.url}/api/chat", json=CHAT) as reply:
            assert json.loads(next(reply.iter_lines()))["done"]
        assert real.asked[0].left.wait(SOON)
    assert "error" not in read(tmp_path)[0].response


def test_a_stream_that_the_server_cuts(client: httpx2.Client, tmp_path: Path) -> None:
    cut = Reply("one two three", fault=CutStream(after=2))
    with EmbeddedOllama(engine=ScriptedEngine(cut)) as real, Recorder(real.url, tmp_path) as recorder:
        got = list(lines_until_cut(client, recorder.url))
    assert "RemoteProtocolError" in read(tmp_path)[0].response["error"]
    with EmbeddedOllama(replay=tmp_path) as server:
        assert list(lines_until_cut(client, server.url)) == got
    assert len(got) == 2


def lines_until_cut(client: httpx2.Client, url: str) -> Iterator[str]:
    with client.stream("POST", f"{url}/api/chat", json=CHAT) as reply, pytest.raises(httpx2.RemoteProtocolError):
        yield from reply.iter_lines()


def test_a_client_that_leaves_stops_the_real_server(client: httpx2.Client, tmp_path: Path) -> None:
    with (
        EmbeddedOllama(engine=ScriptedEngine(Reply(["one ", Gate(), "two"]))) as real,
        Recorder(real.url, tmp_path) as recorder,
    ):
        with client.stream("POST", f"{recorder.url}/api/chat", json=CHAT) as reply:
            next(reply.iter_lines())
        assert real.asked[0].left.wait(SOON)
    (exchange,) = read(tmp_path)
    assert exchange.response["error"] == "the client left before the end"
    assert len(exchange.pieces) == 1


def test_a_server_that_is_not_there(client: httpx2.Client, tmp_path: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine()) as gone:
        url = gone.url
    told: list[str] = []
    with Recorder(url, tmp_path, told=told.append) as recorder:
        reply = client.post(f"{recorder.url}/api/chat", json=CHAT)
    assert reply.status_code == 502
    assert f"the recorder gets no answer from {url}" in reply.json()["error"]
    assert told == [reply.json()["error"]]
    assert list(tmp_path.iterdir()) == []


def test_numbers_go_on_where_they_were(client: httpx2.Client, tmp_path: Path) -> None:
    told: list[str] = []
    with EmbeddedOllama(engine=ScriptedEngine(["one", "two"])) as real:
        for _ in range(2):
            with Recorder(real.url, tmp_path, told=told.append) as recorder:
                client.post(f"{recorder.url}/api/chat", json=CHAT)
    assert [exchange.name for exchange in read(tmp_path)] == ["0001-api-chat", "0002-api-chat"]
    assert told[1] == f"POST /api/chat: 200, kept as {tmp_path / '0002-api-chat.json'}"


@pytest.mark.parametrize("address", ["ftp://host", "http://", "http://host:port"])
def test_an_address_that_is_none(address: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not the address of a server"):
        Recorder(address, tmp_path)


def program(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-u", "-m", "ollama_embedded", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_program_records_and_plays_back(client: httpx2.Client, tmp_path: Path) -> None:
    said = []
    with EmbeddedOllama(engine=ScriptedEngine("A circle.")) as real:
        said.append(through(client, "--record", real.url.removeprefix("http://"), "--to", str(tmp_path)))
    said.append(through(client, "--replay", str(tmp_path)))
    assert said[0] == said[1]
    assert "circle" in said[0]


def through(client: httpx2.Client, *arguments: str) -> str:
    running = program(*arguments)
    try:
        assert running.stdout is not None
        url = running.stdout.readline().split()[0]
        return client.post(f"{url}/api/chat", json=CHAT).text
    finally:
        running.terminate()
        assert running.communicate(timeout=SOON)[1] == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--record", "http://x"], "--record URL and --to FOLDER go together"),
        (["--to", "x"], "--record URL and --to FOLDER go together"),
        (["--record", "http://x", "--to", "x", "--replay", "x"], "--replay and --record do not go together"),
        (["--replay", "x", "--alias", "y"], "--alias names a model"),
        (["--replay", "no-such-folder"], "there is no"),
        (["--record", "ftp://x", "--to", "x"], "is not the address of a server"),
    ],
)
def test_what_the_program_refuses(arguments: list[str], said: str) -> None:
    refused = program(*arguments)
    assert said in refused.communicate(timeout=SOON)[1]
    assert refused.returncode == 2


def test_any_of_it_needs_no_model(tmp_path: Path) -> None:
    """Recording and replaying work where llama.cpp cannot be installed."""
    code = (
        "import sys; sys.modules['xllamacpp'] = None\n"
        "from ollama_embedded import EmbeddedOllama, Recorder, ScriptedEngine\n"
        "with EmbeddedOllama(engine=ScriptedEngine()) as real, Recorder(real.url, sys.argv[1]): print('fine')\n"
        "EmbeddedOllama()"
    )
    command: list[Any] = [sys.executable, "-c", code, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "fine\n"
    assert "EmbeddedOllama needs xllamacpp: pip install" in done.stderr
