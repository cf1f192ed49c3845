"""The embedded server as a program and as a neighbour: who may ask, how it starts and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from tests.support.scripted_server import SOON

CHAT = {"model": "scripted", "messages": [{"role": "user", "content": "x"}]}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedOllama]:
    with EmbeddedOllama(engine=ScriptedEngine(), aliases=["qwen2.5vl:7b"]) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: EmbeddedOllama) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=SOON) as client:
        yield client


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Host", "localhost:11434", 200),
        ("Host", "127.0.0.1", 200),
        ("Host", "192.168.1.7:80", 200),
        ("Host", "[::1]:11434", 200),
        ("Host", "box.local", 200),
        ("Host", "box.localhost", 200),
        ("Host", "ollama.internal:80", 200),
        ("Host", "evil.example", 403),
        ("Host", "localhost.evil.example", 403),
    ],
)
def test_only_local_names_may_ask(header: str, value: str, status: int, client: httpx2.Client) -> None:
    reply = client.get("/api/version", headers={header: value})
    assert reply.status_code == status
    assert status == 200 or reply.content == b""


def test_a_server_for_others_does_not_check_names() -> None:
    with EmbeddedOllama(engine=ScriptedEngine(), host="0.0.0.0") as server:
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert httpx2.get(f"{url}/api/version", headers={"Host": "box.example"}, trust_env=False).is_success


def test_an_alias_answers_and_is_listed(client: httpx2.Client) -> None:
    reply = client.post("/api/chat", json={**CHAT, "model": "qwen2.5vl:7b", "stream": False}).json()
    assert reply["model"] == "qwen2.5vl:7b"
    names = [model["name"] for model in client.get("/api/tags").json()["models"]]
    assert names == ["scripted:latest", "qwen2.5vl:7b"]


@pytest.mark.parametrize("name", ["scripted", "scripted:latest", "SCRIPTED", "library/scripted", "scripted:local"])
def test_a_name_may_be_written_in_several_ways(name: str, client: httpx2.Client) -> None:
    reply = client.post("/api/chat", json={**CHAT, "model": name, "stream": False})
    assert reply.json()["model"] == name


@pytest.mark.parametrize("name", ["a b", "x/", "x:", "-x", "x" * 100])
def test_a_name_that_no_model_can_have(name: str, client: httpx2.Client) -> None:
    reply = client.post("/api/chat", json={**CHAT, "model": name})
    assert (reply.status_code, reply.json()) == (400, {"error": "invalid model name"})


def test_loaded_models_and_their_expiry() -> None:
    with (
        EmbeddedOllama(engine=ScriptedEngine()) as server,
        httpx2.Client(base_url=server.url, trust_env=False) as client,
    ):
        check_expiry(client)


def check_expiry(client: httpx2.Client) -> None:
    def running() -> list[str]:
        return [model["name"] for model in client.get("/api/ps").json()["models"]]

    client.post("/api/generate", json={"model": "scripted", "keep_alive": "10m"})
    assert running() == ["scripted:latest"]
    assert client.get("/api/ps").json()["models"][0]["context_length"] == 4096
    client.post("/api/generate", json={"model": "scripted", "keep_alive": -1})
    assert client.get("/api/ps").json()["models"][0]["expires_at"] > "2200"
    client.post("/api/generate", json={"model": "scripted", "keep_alive": 0})
    assert running() == []
    client.post("/api/chat", json={**CHAT, "keep_alive": 0})
    assert running() == []


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"top_logprobs": 21}, 400, "top_logprobs must be between 0 and 20"),
        ({"keep_alive": True}, 400, "Unsupported type: 'bool'"),
        ({"keep_alive": ""}, 400, 'time: invalid duration ""'),
        ({"options": {"stop": "x"}}, 500, 'option "stop" must be of type array'),
        ({"options": {"temperature": "hot"}}, 500, 'option "temperature" must be of type float32'),
        ({"options": {"use_mmap": 1}}, 500, 'option "use_mmap" must be of type boolean'),
        ({"options": {"stop": [1]}}, 500, 'option "stop" must be of an array of strings'),
        ({"options": []}, 400, "cannot unmarshal array into Go struct field ChatRequest.options"),
        (
            {"messages": [{"content": []}]},
            400,
            "cannot unmarshal array into Go struct field ChatRequest.messages.content",
        ),
        ({"messages": [{"images": "AAAA"}]}, 400, "ChatRequest.messages.images of type []api.ImageData"),
        ({"messages": [{"images": ["AA=A"]}]}, 400, "illegal base64 data at input byte 2"),
        ({"messages": [{"images": ["AA A"]}]}, 400, "illegal base64 data at input byte 2"),
        ({"messages": [{"images": ["-_AA"]}]}, 400, "illegal base64 data at input byte 0"),
        ({"think": 1}, 400, "think must be a boolean or string"),
        ({"think": True, "tools": [{}]}, 400, '"scripted" does not support thinking'),
    ],
)
def test_what_is_refused(change: dict[str, object], status: int, error: str, client: httpx2.Client) -> None:
    reply = client.post("/api/chat", json={**CHAT, **change})
    assert reply.status_code == status
    assert error in reply.json()["error"]


def test_raw_takes_no_shape(client: httpx2.Client) -> None:
    reply = client.post("/api/generate", json={"model": "scripted", "prompt": "x", "raw": True, "system": "s"})
    assert (reply.status_code, reply.json()["error"]) == (
        400,
        "raw mode does not support template, system, or context",
    )


def test_field_names_in_any_case_and_lines_in_base64(client: httpx2.Client, server: EmbeddedOllama) -> None:
    body = {
        "Model": "scripted",
        "Messages": [{"Role": "USER", "Content": "x", "Images": ["QUJ\r\nD"]}],
        "Stream": False,
    }
    assert client.post("/api/chat", content=json.dumps(body) + " and more").is_success


def test_closing_ends_answers_and_frees_the_port(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    before = threading.active_count()
    server = EmbeddedOllama(engine=ScriptedEngine(Reply([gate, "never"]))).start()
    failures: list[Exception] = []

    def ask() -> None:
        try:
            httpx2.post(f"{server.url}/api/chat", json=CHAT, trust_env=False)
        except httpx2.HTTPError as fault:
            failures.append(fault)

    asking = threading.Thread(target=ask)
    asking.start()
    assert gate.reached.wait(SOON)
    port = int(server.url.rpartition(":")[2])
    server.close()
    server.close()
    asking.join(SOON)
    assert len(failures) == 1
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
    assert threading.active_count() == before
    assert caplog.messages == []
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.url


def test_arguments_that_do_not_fit() -> None:
    with pytest.raises(TypeError, match="not both"):
        EmbeddedOllama(model="x.gguf", engine=ScriptedEngine())
    with pytest.raises(TypeError, match="projector"):
        EmbeddedOllama(mmproj="x.gguf")
    with pytest.raises(FileNotFoundError):
        EmbeddedOllama(model="no-such-file.gguf")


def run(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "ollama_embedded", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=hear_signals,
    )


def hear_signals() -> None:
    """What a shell starts in the background, this suite perhaps, leaves Ctrl-C ignored to all that it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    program = run(*arguments)
    try:
        assert program.stdout is not None
        yield program, program.stdout.readline()
    finally:
        program.kill()
        program.communicate()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_the_program_serves_and_ends_cleanly(number: signal.Signals, code: int) -> None:
    with serving("--alias", "llava") as (program, line):
        url = line.split()[0]
        assert httpx2.post(f"{url}/api/generate", json={"model": "llava"}, trust_env=False).is_success
        program.send_signal(number)
        out, err = program.communicate(timeout=SOON)
        assert (program.returncode, out, err) == (code, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "no-such-file.gguf"], "there is no file no-such-file.gguf"),
        (["--model", __file__], "is not a GGUF file"),
        (["--mmproj", __file__], "give --model as well"),
    ],
)
def test_the_program_says_what_is_wrong(arguments: list[str], said: str) -> None:
    program = run(*arguments)
    _, err = program.communicate(timeout=SOON)
    assert program.returncode == 2
    assert said in err
    assert "Traceback" not in err


def test_a_taken_port_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        program = run("--port", str(taken.getsockname()[1]))
        _, err = program.communicate(timeout=SOON)
    assert program.returncode == 2
    assert "cannot listen" in err


def test_a_program_that_forgets_to_close_ends_all_the_same() -> None:
    code = "from ollama_embedded import EmbeddedOllama; print(EmbeddedOllama().start().model)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "shapes\n", "")


def test_the_package_imports_nothing_until_it_is_used() -> None:
    code = (
        "import sys, ollama_embedded; heavy = ('starlette', 'uvicorn', 'xllamacpp', 'httpx2', 'PIL', 'llama_index');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n"


def test_it_never_imports_llama_index() -> None:
    code = (
        "import sys, ollama_embedded as e, ollama_embedded.__main__;"
        "s = e.EmbeddedOllama().start(); e.draw_scene('red circle'); e.ScriptedEngine(); s.close();"
        "print([name for name in sys.modules if name.startswith('llama_index')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n"
    folder = Path(sys.modules["ollama_embedded"].__file__ or "").parent
    assert not [path for path in folder.rglob("*.py") if "import llama_index" in path.read_text()]
