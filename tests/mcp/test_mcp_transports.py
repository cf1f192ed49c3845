"""The command `ollama-vision mcp` in a process of its own: over standard input and output, and over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from tests.support.command_line import CommandLine
from tests.support.mcp_clients import PROGRAM, over_http, over_stdio, refusal, said

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    Image.new("RGB", (40, 40), "red").save(folder / "a.png")
    Image.new("RGB", (40, 40), "red").save(tmp_path / "outside.png")
    return folder


def request(number: int, method: str, **params: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def test_nothing_but_the_protocol_goes_to_standard_output(root: Path) -> None:
    """Byte for byte, with all warnings on, also where an answer has to be warned of."""
    client = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    spoken = [
        request(1, "initialize", **client),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        request(2, "tools/call", name="look", arguments={"picture": "a.png", "question": "What is this?"}),
        request(3, "tools/call", name="prove_sight", arguments={}),
        request(4, "tools/call", name="look", arguments={"picture": "../outside.png", "question": "What is this?"}),
    ]
    with EmbeddedOllama(engine=ScriptedEngine("größer")) as server:
        program = subprocess.Popen(
            [*PROGRAM, "--root", str(root), "--host", server.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONWARNINGS": "always", "PYTHONIOENCODING": "ascii"},
        )
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(("\n".join(spoken) + "\n").encode())
        program.stdin.flush()
        lines = [json.loads(program.stdout.readline()) for _ in range(4)]
        rest, _ = program.communicate(timeout=60)
    assert (program.returncode, rest) == (0, b"")
    told = {line["id"]: line["result"] for line in lines}
    assert told[1]["serverInfo"]["name"] == "ollama-vision"
    assert told[2]["structuredContent"]["text"] == "größer"
    assert told[3]["content"][0]["text"]
    assert told[4]["isError"] is True


async def test_it_works_over_stdio_with_the_demo_model(root: Path) -> None:
    async with over_stdio("--root", "examples/pictures", "--root", str(root), "--demo") as client:
        arguments = {"picture": "two-shapes.jpg", "question": "How many shapes are there?"}
        assert said(await client.call_tool("look", arguments)) == "There are 2 shapes."
        listed = (await client.list_resources()).resources
    assert {resource.name for resource in listed} >= {"two-shapes.jpg", "a.png"}


async def test_it_works_over_http_and_refuses_foreign_hosts_and_origins(root: Path) -> None:
    with (
        EmbeddedOllama(engine=ScriptedEngine("Red.")) as server,
        over_http("--root", str(root), "--host", server.url) as (_, url),
    ):
        port = url.removeprefix("http://127.0.0.1:").removesuffix("/mcp")
        assert port.isdecimal(), url
        async with Client(url) as client:
            arguments = {"picture": "a.png", "question": "What is this?"}
            assert said(await client.call_tool("look", arguments)) == "Red."
            arguments["picture"] = str(root.parent / "outside.png")
            assert "not below the folders" in refusal(await client.call_tool("look", arguments))
        ask = {
            "json": json.loads(request(1, "tools/list")),
            "headers": {"Accept": "application/json, text/event-stream"},
        }
        asked = {
            "own": {"Host": f"localhost:{port}"},
            "own page": {"Origin": f"http://127.0.0.1:{port}"},
            "foreign host": {"Host": f"evil.example:{port}"},
            "rebound host": {"Host": "evil.example"},
            "host that only begins so": {"Host": f"127.0.0.1:{port}.evil.example"},
            "other port": {"Host": "127.0.0.1:1"},
            "foreign page": {"Origin": "https://evil.example"},
            "page that only begins so": {"Origin": f"http://127.0.0.1:{port}.evil.example"},
            "page of another port": {"Origin": "http://127.0.0.1:1"},
            "sandboxed page": {"Origin": "null"},
        }
        async with httpx2.AsyncClient() as http:
            codes = {
                name: (await http.post(url, json=ask["json"], headers={**ask["headers"], **more})).status_code
                for name, more in asked.items()
            }
    refused = {name for name, code in codes.items() if code in (403, 421)}
    assert refused == set(asked) - {"own", "own page"}, codes


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "codes"), [(signal.SIGINT, {130}), (signal.SIGTERM, {0, -signal.SIGTERM})])
def test_it_serves_http_until_told_to_stop(root: Path, number: signal.Signals, codes: set[int]) -> None:
    with over_http("--root", str(root), "--host", NOBODY) as (program, url):
        assert url.startswith("http://127.0.0.1:")
        program.send_signal(number)
        out, err = program.communicate(timeout=60)
    assert program.returncode in codes
    assert (out, err) == ("", "")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_control_c_ends_it_though_standard_input_stays_open(root: Path) -> None:
    program = subprocess.Popen(
        [*PROGRAM, "--root", str(root), "--host", NOBODY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    with program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(request(1, "ping") + "\n")
        program.stdin.flush()
        assert program.stdout.readline()
        program.send_signal(signal.SIGINT)
        assert program.wait(60) == -signal.SIGINT


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--root", "none"], "--root none: there is no such folder"),
        (["--http", "8000"], "--http takes an address of this machine and a port"),
        (["--http", "127.0.0.1:70000"], "--http takes an address of this machine and a port"),
        (["--demo", "--host", NOBODY], "--demo starts a server of its own"),
        (["--http", "0.0.0.0:0"], "nobody is asked for a password"),
        (["--http", "192.0.2.1:0"], "nobody is asked for a password"),
        (["--http", "example.com:0"], "is no address of this machine"),
        (["--option", "tempratur=1"], "temperature"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value),
)
def test_a_wrong_command_line_ends_with_2(vision: CommandLine, root: Path, words: list[str], complaint: str) -> None:
    outcome = vision("mcp", "--root", str(root), *words)
    assert outcome.code == 2
    assert complaint in outcome.complaint


def test_without_a_root_it_says_so(vision: CommandLine) -> None:
    outcome = vision("mcp")
    assert outcome.code == 2
    assert "--root" in outcome.err


def test_an_address_that_is_taken_is_said(vision: CommandLine, root: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = vision("mcp", "--root", str(root), "--http", f"127.0.0.1:{taken.getsockname()[1]}")
    assert outcome.code == 1
    assert "in use" in outcome.complaint


def test_without_the_sdk_it_says_what_to_install(root: Path) -> None:
    program = "import sys; sys.modules['mcp'] = None; from importlib import util; find = util.find_spec\n"
    program += "util.find_spec = lambda name, *more: None if name == 'mcp' else find(name, *more)\n"
    program += f"from ollama_vision.cli.app import run; sys.exit(run(['mcp', '--root', {str(root)!r}]))"
    done = subprocess.run([PROGRAM[0], "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "ollama-vision[mcp]" in done.stderr
